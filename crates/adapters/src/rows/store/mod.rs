//! The ports, over any database that can run a transaction: a file a port.

mod audit_log;
mod health;
mod host_look_up_store;
mod maintenance;
mod rate_limit_store;
mod reseal;
mod revocation_queue;
mod token_store;

use std::sync::Arc;

/// A [`TokenStore`](amo_connect_domain::ports::TokenStore) in a database.
#[derive(Clone, Debug)]
pub struct Store<D> {
    database: D,
    /// The migrations that this build knows, in order.
    versions: Arc<[String]>,
}

impl<D> Store<D> {
    pub(crate) fn new(database: D, versions: Vec<String>) -> Self {
        Self { database, versions: versions.into() }
    }
}
