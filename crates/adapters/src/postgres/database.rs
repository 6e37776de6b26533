//! Transactions on PostgreSQL.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use amo_connect_domain::client::ClientFingerprint;
use amo_connect_domain::host_look_up::LookUpSubject;
use amo_connect_domain::ids::{AccountId, UserId};
use amo_connect_domain::ports::StoreError;
use amo_connect_domain::token::CodeHash;
use async_trait::async_trait;
use diesel::data_types::PgTimestamp;
use diesel::{ExpressionMethods as _, OptionalExtension as _, QueryDsl as _, SelectableHelper as _};
use diesel_async::pooled_connection::AsyncDieselConnectionManager;
use diesel_async::pooled_connection::deadpool::Object;
use diesel_async::{AnsiTransactionManager, AsyncPgConnection, RunQueryDsl as _, TransactionManager as _};
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use tokio::runtime::Handle;

use super::clock::{ClockShift, clock_timestamp};
use super::connect::local_settings;
use super::locks::{self, account_key, client_key, code_key, line_key, look_up_key, places_key, user_key};
use crate::backend::PoolStatus;
use crate::cipher::TokenKeys;
use crate::rows::connection::{ConnectionRow, LeasedRow};
use crate::rows::lease::LeaseColumns;
use crate::rows::schema::connections;
use crate::rows::summary::SummaryRow;
use crate::rows::{
    Database, DatabaseError, Dialect, Durability, Failure, Found, Pool, Session, Work, Write, checkout, run_on,
};

/// Each statement sees what was committed before it, also after it has waited for a lock.
pub(super) const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";

/// How transactions begin.
pub(super) struct Begin {
    durable: String,
    /// For what may be lost if the server stops at the wrong moment.
    relaxed: String,
}

impl Begin {
    /// Behind a pooler each transaction is told what a session of ours would have been told.
    pub(super) fn new(is_pooled: bool, transaction_timeout: Duration) -> Self {
        let durable =
            if is_pooled { format!("{BEGIN}; {}", local_settings(transaction_timeout)) } else { BEGIN.to_owned() };
        let relaxed = format!("{durable}; SET LOCAL synchronous_commit = off");
        Self { durable, relaxed }
    }

    /// All in one round trip, with the lock that the work would take first. What comes later sees what was committed
    /// before the lock was there.
    fn statements(&self, durability: Durability, lock: Option<i64>) -> Cow<'_, str> {
        let begin = match durability {
            Durability::Durable | Durability::Erased => self.durable.as_str(),
            Durability::Relaxed => &self.relaxed,
        };
        match lock {
            Some(key) => format!("{begin}; SELECT pg_advisory_xact_lock({key})").into(),
            None => begin.into(),
        }
    }
}

/// A PostgreSQL database.
#[derive(Clone)]
pub struct Postgres {
    pub(super) pool: Pool<AsyncDieselConnectionManager<AsyncPgConnection>>,
    pub(super) keys: Arc<TokenKeys>,
    pub(super) clock_shift: ClockShift,
    pub(super) transaction_timeout: Duration,
    pub(super) begin: Arc<Begin>,
    /// Where the work runs, and the connections with it.
    pub(super) runtime: Handle,
}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Postgres").field("keys", &self.keys).finish_non_exhaustive()
    }
}

impl Postgres {
    /// Runs `work`, within a transaction if it is told of which kind.
    async fn run<T, W>(&self, write: Option<Write>, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: Work<T>,
    {
        let this = self.clone();
        run_on(&self.runtime, async move { this.run_here(write, work).await }).await
    }

    /// As [`Self::run`], for a task that nobody drops.
    async fn run_here<T, W>(&self, write: Option<Write>, work: W) -> Result<T, Failure>
    where
        T: Send + 'static,
        W: Work<T>,
    {
        let mut connection = checkout(&self.pool).await?;
        let running = self.run_on(&mut connection, write, work);
        let outcome = tokio::time::timeout(self.transaction_timeout, running).await;
        let outcome = outcome.unwrap_or_else(|_| {
            // The network may have lost them all without a word, and each would take as long to find out.
            self.pool.close_idle();
            Err(Failure::unavailable(DatabaseError::new("it took too long")))
        });
        if matches!(outcome, Err(Failure::Unavailable(_))) {
            // Who knows what it is good for: a server that became a standby refuses every
            // write. To close the connection undoes what was not committed.
            drop(Object::take(connection));
        }
        outcome
    }

    async fn run_on<T, W: Work<T>>(
        &self,
        connection: &mut AsyncPgConnection,
        write: Option<Write>,
        work: W,
    ) -> Result<T, Failure> {
        let Some(Write { durability, user, .. }) = write else {
            let mut rows = PgRows { connection, clock_shift: &self.clock_shift, held: None };
            return work(Session::new(&mut rows, &self.keys)).await;
        };
        let held = user.as_ref().map(user_key);
        AnsiTransactionManager::begin_transaction_sql(connection, &self.begin.statements(durability, held)).await?;
        let mut rows = PgRows { connection, clock_shift: &self.clock_shift, held };
        let outcome = work(Session::new(&mut rows, &self.keys)).await;
        if outcome.is_ok() {
            AnsiTransactionManager::commit_transaction(connection).await?;
        } else {
            AnsiTransactionManager::rollback_transaction(connection).await?;
        }
        outcome
    }
}

#[async_trait]
impl Database for Postgres {
    /// Without a transaction: what a read has of several statements need not be of one moment.
    async fn read<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: Work<T>,
    {
        self.run(None, work).await
    }

    fn spawn_reader(&self, reader: BoxFuture<'static, ()>) {
        self.runtime.spawn(reader);
    }

    async fn read_here<T, W>(&self, work: W) -> Result<T, Failure>
    where
        T: Send + 'static,
        W: Work<T>,
    {
        self.run_here(None, work).await
    }

    fn keys(&self) -> &TokenKeys {
        &self.keys
    }

    /// What a wiped row was is gone from the table for everybody, and from its file at the next
    /// vacuum, which is the server's business.
    async fn transact<T, W>(&self, write: impl Into<Write> + Send, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: Work<T>,
    {
        self.run(Some(write.into()), work).await
    }

    fn pools(&self) -> Vec<PoolStatus> {
        vec![self.pool.status("all")]
    }
}

pub(super) struct PgRows<'c> {
    pub(super) connection: &'c mut AsyncPgConnection,
    clock_shift: &'c ClockShift,
    /// The lock that was taken when the transaction began.
    held: Option<i64>,
}

#[async_trait]
impl Dialect for PgRows<'_> {
    async fn clock(&mut self) -> Result<Timestamp, Failure> {
        self.clock_shift.now(self.connection).await
    }

    /// By one statement.
    async fn connection_now(&mut self, user_id: &[u8]) -> Result<(Option<LeasedRow>, Timestamp), Failure> {
        let columns = (ConnectionRow::as_select(), LeaseColumns::as_select(), clock_timestamp());
        let found = connections::table.find(user_id).select(columns);
        let found: Option<(_, _, PgTimestamp)> = found.get_result(self.connection).await.optional()?;
        match found {
            Some((row, lease, now)) => Ok((Some((row, lease)), self.clock_shift.shifted(now)?)),
            None => Ok((None, self.clock().await?)),
        }
    }

    /// All by one statement: the way to the server and back costs more than the rows.
    async fn connections(&mut self, user_ids: Vec<Vec<u8>>) -> Result<Found<Option<ConnectionRow>>, Failure> {
        let found = connections::table.filter(connections::user_id.eq_any(&user_ids));
        let found: Vec<ConnectionRow> = found.select(ConnectionRow::as_select()).load(self.connection).await?;
        Ok(in_order(&user_ids, &found, ConnectionRow::user_id))
    }

    async fn summaries(&mut self, user_ids: Vec<Vec<u8>>) -> Result<Found<Option<SummaryRow>>, Failure> {
        let found = connections::table.filter(connections::user_id.eq_any(&user_ids));
        let found: Vec<SummaryRow> = found.select(SummaryRow::as_select()).load(self.connection).await?;
        Ok(in_order(&user_ids, &found, SummaryRow::user_id))
    }

    async fn lock_code(&mut self, code: CodeHash) -> Result<(), Failure> {
        locks::lock(self.connection, code_key(code)).await
    }

    async fn lock_user(&mut self, user: &UserId) -> Result<(), Failure> {
        let key = user_key(user);
        if self.held == Some(key) { Ok(()) } else { locks::lock(self.connection, key).await }
    }

    async fn lock_account(&mut self, account: AccountId) -> Result<(), Failure> {
        locks::lock(self.connection, account_key(account)).await
    }

    async fn lock_line(&mut self, name: &str) -> Result<(), Failure> {
        locks::lock(self.connection, line_key(name)).await
    }

    async fn lock_places(&mut self) -> Result<(), Failure> {
        locks::lock(self.connection, places_key()).await
    }

    async fn lock_client(&mut self, client: ClientFingerprint) -> Result<(), Failure> {
        locks::lock(self.connection, client_key(client)).await
    }

    async fn lock_look_up(&mut self, subject: &LookUpSubject) -> Result<(), Failure> {
        locks::lock(self.connection, look_up_key(subject)).await
    }
}

/// The rows that were found of these users, in their order.
fn in_order<R: Clone>(user_ids: &[Vec<u8>], found: &[R], user_id: impl Fn(&R) -> &[u8]) -> Found<Option<R>> {
    let rows: HashMap<_, _> = found.iter().map(|row| (user_id(row), row)).collect();
    user_ids.iter().map(|user_id| Ok(rows.get(user_id.as_slice()).copied().cloned())).collect()
}
