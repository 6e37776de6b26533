//! Transactions on SQLite: one writer at a time, over all processes.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use amo_connect_domain::client::ClientFingerprint;
use amo_connect_domain::host_look_up::LookUpSubject;
use amo_connect_domain::ids::{AccountId, UserId};
use amo_connect_domain::ports::StoreError;
use amo_connect_domain::token::CodeHash;
use async_trait::async_trait;
use diesel::connection::{AnsiTransactionManager, TransactionManager as _};
use diesel_async::pooled_connection::AsyncDieselConnectionManager;
use diesel_async::pooled_connection::deadpool::Object;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use tokio::runtime::Handle;

use super::clock::StoreClock;
use super::file::Identity;
use super::pool::Connection;
use super::wal;
use crate::backend::PoolStatus;
use crate::cipher::TokenKeys;
use crate::rows::{Database, Dialect, Durability, Failure, Pool, Session, Work, checkout, outcome_of, run_on};

/// Begins a transaction that is on disk when it is committed, and with it all before it. The
/// one before may have been begun [`BEGIN_RELAXED`].
const BEGIN_DURABLE: &str = "PRAGMA synchronous = FULL; BEGIN IMMEDIATE";

/// Begins a transaction that a power cut may take back.
const BEGIN_RELAXED: &str = "PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE";

/// A SQLite file.
#[derive(Clone)]
pub struct Sqlite {
    pub(super) readers: Pool<AsyncDieselConnectionManager<Connection>>,
    /// Holds one connection: writers wait for each other here, in their order, and not in
    /// SQLite, which knows no order.
    pub(super) writer: Pool<AsyncDieselConnectionManager<Connection>>,
    pub(super) file: Identity,
    pub(super) keys: Arc<TokenKeys>,
    pub(super) clock: StoreClock,
    pub(super) busy_timeout: Duration,
    /// Where the work runs: a query that is dropped in flight would block a thread.
    pub(super) runtime: Handle,
}

impl fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sqlite").field("keys", &self.keys).finish_non_exhaustive()
    }
}

impl Sqlite {
    async fn checkout(
        &self,
        pool: &Pool<AsyncDieselConnectionManager<Connection>>,
    ) -> Result<Object<Connection>, Failure> {
        self.file.check().map_err(Failure::unavailable)?;
        checkout(pool).await
    }

    /// Runs `job` on a connection of `pool`, all of it on one thread that may block.
    async fn run<T, J>(&self, pool: &Pool<AsyncDieselConnectionManager<Connection>>, job: J) -> Result<T, StoreError>
    where
        T: Send + 'static,
        J: FnOnce(Self, Object<Connection>) -> BoxFuture<'static, Result<T, Failure>> + Send + 'static,
    {
        let (this, pool) = (self.clone(), pool.clone());
        run_on(&self.runtime, async move {
            let connection = this.checkout(&pool).await?;
            let runtime = this.runtime.clone();
            outcome_of(tokio::task::spawn_blocking(move || runtime.block_on(job(this, connection)))).await
        })
        .await
    }
}

#[async_trait]
impl Database for Sqlite {
    async fn read<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: Work<T>,
    {
        self.run(&self.readers, |this, mut connection| {
            Box::pin(async move {
                let mut rows = SqliteRows { connection: &mut connection, clock: &this.clock };
                work(Session::new(&mut rows, &this.keys)).await
            })
        })
        .await
    }

    async fn transact<T, W>(&self, durability: Durability, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: Work<T>,
    {
        let begin = match durability {
            Durability::Durable | Durability::Erased => BEGIN_DURABLE,
            Durability::Relaxed => BEGIN_RELAXED,
        };
        self.run(&self.writer, move |this, mut connection| {
            Box::pin(async move {
                connection.spawn_blocking(move |raw| AnsiTransactionManager::begin_transaction_sql(raw, begin)).await?;
                let mut rows = SqliteRows { connection: &mut connection, clock: &this.clock };
                let outcome = work(Session::new(&mut rows, &this.keys)).await;
                if outcome.is_ok() {
                    connection.spawn_blocking(AnsiTransactionManager::commit_transaction).await?;
                    if durability == Durability::Erased {
                        wal::empty(&mut connection, this.busy_timeout).await;
                    }
                } else if connection.spawn_blocking(AnsiTransactionManager::rollback_transaction).await.is_err() {
                    // To close the connection undoes all the same.
                    drop(Object::take(connection));
                }
                outcome
            })
        })
        .await
    }

    fn pools(&self) -> Vec<PoolStatus> {
        vec![self.readers.status("readers"), self.writer.status("writer")]
    }
}

pub(super) struct SqliteRows<'c> {
    pub(super) connection: &'c mut Connection,
    clock: &'c StoreClock,
}

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

    async fn lock_account(&mut self, _: AccountId) -> Result<(), Failure> {
        Ok(())
    }

    async fn lock_line(&mut self, _: &str) -> Result<(), Failure> {
        Ok(())
    }

    async fn lock_client(&mut self, _: ClientFingerprint) -> Result<(), Failure> {
        Ok(())
    }

    async fn lock_look_up(&mut self, _: &LookUpSubject) -> Result<(), Failure> {
        Ok(())
    }
}
