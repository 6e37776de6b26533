//! Transactions on SQLite: one writer at a time, over all processes.

use std::fmt;
use std::sync::Arc;

use amo_connect_domain::ids::UserId;
use amo_connect_domain::ports::StoreError;
use amo_connect_domain::token::CodeHash;
use async_trait::async_trait;
use diesel::connection::{AnsiTransactionManager, TransactionManager as _};
use diesel_async::pooled_connection::deadpool::{Object, Pool};
use jiff::Timestamp;
use tokio::runtime::Handle;

use super::clock::StoreClock;
use super::pool::{Connection, checkout};
use crate::cipher::TokenKeys;
use crate::rows::{Database, DatabaseError, Dialect, Failure, Session, Work, rows_in_diesel};

/// A SQLite file.
#[derive(Clone)]
pub struct Sqlite {
    pub(super) readers: Pool<Connection>,
    /// Holds one connection: writers wait for each other here, in their order, and not in
    /// SQLite, which knows no order.
    pub(super) writer: Pool<Connection>,
    pub(super) keys: Arc<TokenKeys>,
    pub(super) clock: StoreClock,
    /// Where the work runs, whatever becomes of its caller and of the runtime that it is on:
    /// a query that is dropped in flight would block a thread, and a transaction that is
    /// dropped would go on excluding the other processes.
    pub(super) runtime: Handle,
}

impl fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sqlite").field("keys", &self.keys).finish_non_exhaustive()
    }
}

impl Sqlite {
    async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Failure>> + Send + 'static,
    ) -> Result<T, StoreError> {
        match self.runtime.spawn(work).await {
            Ok(outcome) => outcome.map_err(StoreError::from),
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(_) => Err(Failure::unavailable(DatabaseError::new("the program is stopping")).into()),
        }
    }
}

#[async_trait]
impl Database for Sqlite {
    async fn read<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: Work<T>,
    {
        let this = self.clone();
        self.run(async move {
            let mut connection = checkout(&this.readers).await?;
            let mut rows = SqliteRows { connection: &mut connection, clock: &this.clock };
            work(Session::new(&mut rows, &this.keys)).await
        })
        .await
    }

    async fn write<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: Work<T>,
    {
        let this = self.clone();
        self.run(async move {
            let mut connection = checkout(&this.writer).await?;
            connection
                .spawn_blocking(|raw| AnsiTransactionManager::begin_transaction_sql(raw, "BEGIN IMMEDIATE"))
                .await?;
            let mut rows = SqliteRows { connection: &mut connection, clock: &this.clock };
            let outcome = work(Session::new(&mut rows, &this.keys)).await;
            if outcome.is_ok() {
                connection.spawn_blocking(AnsiTransactionManager::commit_transaction).await?;
            } else if connection.spawn_blocking(AnsiTransactionManager::rollback_transaction).await.is_err() {
                // To close the connection undoes all the same.
                drop(Object::take(connection));
            }
            outcome
        })
        .await
    }
}

struct SqliteRows<'c> {
    connection: &'c mut Connection,
    clock: &'c StoreClock,
}

rows_in_diesel!(SqliteRows<'_>);

/// `BEGIN IMMEDIATE` has locked the whole file already.
#[async_trait]
impl Dialect for SqliteRows<'_> {
    async fn clock(&mut self) -> Result<Timestamp, Failure> {
        Ok(self.clock.now())
    }

    async fn lock_code(&mut self, _: CodeHash) -> Result<(), Failure> {
        Ok(())
    }

    async fn lock_user(&mut self, _: &UserId) -> Result<(), Failure> {
        Ok(())
    }
}
