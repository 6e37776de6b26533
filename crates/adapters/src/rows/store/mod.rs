//! The ports, over any database that can run a transaction: a file a port.

mod audit_log;
mod health;
mod host_look_up_store;
mod import_store;
mod key_registry;
mod maintenance;
mod rate_limit_store;
mod reseal;
mod revocation_queue;
mod token_store;

use std::sync::Arc;

use crate::backend::{PoolStatus, Pools};
use crate::migrate::KnownSchema;
use crate::rows::database::Database;

/// A [`TokenStore`](amo_connect_domain::ports::TokenStore) in a database.
#[derive(Clone, Debug)]
pub struct Store<D> {
    database: D,
    known: Arc<KnownSchema>,
    schema: Arc<str>,
}

impl<D> Store<D> {
    pub(crate) fn new(database: D, known: KnownSchema, schema: String) -> Self {
        Self { database, known: Arc::new(known), schema: schema.into() }
    }

    /// The newest migration that the database had when it was opened.
    pub fn schema(&self) -> &str {
        &self.schema
    }
}

impl<D: Database> Pools for Store<D> {
    fn pools(&self) -> Vec<PoolStatus> {
        self.database.pools()
    }
}
