//! The ports, over any database that can run a transaction: a file a port.

mod audit_log;
mod health;
mod host_look_up_store;
mod idempotency_store;
mod import_store;
mod key_registry;
mod maintenance;
mod rate_limit_store;
mod reseal;
mod revocation_queue;
mod token_store;

use std::sync::Arc;

use amo_connect_domain::ids::UserId;
use futures_util::future::BoxFuture;
use tokio::runtime::Handle;

use crate::backend::{PoolStatus, Pools};
use crate::migrate::KnownSchema;
use crate::rows::connection::ConnectionRow;
use crate::rows::database::Database;
use crate::rows::failure::{DatabaseError, Failure};
use crate::rows::grouped::{Found, GroupedReads};
use crate::rows::session::Session;
use crate::rows::summary::SummaryRow;

/// A [`TokenStore`](amo_connect_domain::ports::TokenStore) in a database.
#[derive(Clone, Debug)]
pub struct Store<D> {
    database: Arc<D>,
    known: Arc<KnownSchema>,
    schema: Arc<str>,
    /// What most requests need first.
    connections: GroupedReads<UserId, Option<ConnectionRow>>,
    /// What `/status` needs.
    summaries: GroupedReads<UserId, Option<SummaryRow>>,
}

impl<D> Store<D> {
    /// A store on `database`, for the runtime that this is called on.
    pub(crate) fn new(database: D, known: KnownSchema, schema: String) -> Self
    where
        D: Database,
    {
        let database = Arc::new(database);
        let connections = grouped(&database, |session, users| Box::pin(session.connections(users)));
        let summaries = grouped(&database, |session, users| Box::pin(session.summaries(users)));
        Self { database, known: Arc::new(known), schema: schema.into(), connections, summaries }
    }

    /// The newest migration that the database had when it was opened.
    pub fn schema(&self) -> &str {
        &self.schema
    }
}

/// Reads by user in groups, each group as `read` says.
fn grouped<D: Database, R: Send + 'static>(
    database: &Arc<D>,
    read: impl for<'t> Fn(Session<'t>, Vec<UserId>) -> BoxFuture<'t, Result<Found<R>, Failure>>
    + Copy
    + Send
    + Sync
    + 'static,
) -> GroupedReads<UserId, R> {
    // Weak: who drops the last clone of a store closes its connections.
    let weak = Arc::downgrade(database);
    let read = move |users: Vec<UserId>| -> BoxFuture<'static, _> {
        let database = weak.upgrade().ok_or(Failure::unavailable(DatabaseError::new("the store is closed")));
        Box::pin(async move { database?.read_here(move |session| read(session, users)).await })
    };
    GroupedReads::new(&Handle::current(), |reader| database.spawn_reader(reader), read)
}

impl<D: Database> Pools for Store<D> {
    /// Who waits for a read in a group waits for a connection of the first.
    fn pools(&self) -> Vec<PoolStatus> {
        let mut pools = self.database.pools();
        if let Some(reading) = pools.first_mut() {
            reading.waiting += self.connections.waiting() + self.summaries.waiting();
            reading.timeouts += self.connections.timeouts() + self.summaries.timeouts();
        }
        pools
    }
}
