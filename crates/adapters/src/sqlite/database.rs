//! Transactions on SQLite: one writer at a time, over all processes.

use std::fmt;
use std::sync::{Arc, Mutex};

use amo_connect_domain::client::ClientFingerprint;
use amo_connect_domain::host_look_up::LookUpSubject;
use amo_connect_domain::ids::{AccountId, UserId};
use amo_connect_domain::ports::StoreError;
use amo_connect_domain::token::CodeHash;
use async_trait::async_trait;
use diesel::{
    Connection as _, OptionalExtension as _, QueryDsl as _, QueryResult, RunQueryDsl as _, SelectableHelper as _,
    SqliteConnection,
};
use diesel_async::pooled_connection::AsyncDieselConnectionManager;
use diesel_async::pooled_connection::deadpool::Object;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use tokio::runtime::Handle;

use super::SqliteOptions;
use super::clock::StoreClock;
use super::file::Identity;
use super::pool::{Connection, Use, pool};
use super::writer::{GroupEnd, Writer};
use crate::backend::PoolStatus;
use crate::cipher::TokenKeys;
use crate::rows::connection::{ConnectionRow, ConnectionRows as _, LeasedRow};
use crate::rows::schema::connections;
use crate::rows::summary::SummaryRow;
use crate::rows::{
    Database, DatabaseError, Dialect, Failure, Found, Pool, Session, Work, Write, checkout, outcome_of, run_on,
};

/// A SQLite file.
#[derive(Clone)]
pub struct Sqlite {
    pub(super) readers: Pool<AsyncDieselConnectionManager<Connection>>,
    /// Has one connection: writers wait for each other there, by precedence and then in their order, and not in
    /// SQLite, which knows no order.
    pub(super) writer: Arc<Writer>,
    pub(super) file: Identity,
    pub(super) keys: Arc<TokenKeys>,
    pub(super) clock: StoreClock,
    /// Where the work runs: a query that is dropped in flight would block a thread.
    pub(super) runtime: Handle,
}

impl fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sqlite").field("keys", &self.keys).finish_non_exhaustive()
    }
}

impl Sqlite {
    /// The file at `path`, for the runtime that this is called on.
    pub(super) fn new(
        path: String,
        file: Identity,
        keys: TokenKeys,
        options: SqliteOptions,
        group_end: GroupEnd,
    ) -> Result<Self, DatabaseError> {
        let SqliteOptions { readers, busy_timeout, clock, .. } = options;
        let readers = pool(&path, Use::Reading, readers, busy_timeout)?;
        let (keys, runtime) = (Arc::new(keys), Handle::current());
        let writer = Writer {
            path,
            file: file.clone(),
            keys: Arc::clone(&keys),
            clock: clock.clone(),
            busy_timeout,
            runtime: runtime.clone(),
            group_end,
            state: Mutex::default(),
        };
        Ok(Self { readers, writer: Arc::new(writer), file, keys, clock, runtime })
    }

    async fn reader(&self) -> Result<Object<Connection>, Failure> {
        self.file.check().map_err(Failure::unavailable)?;
        checkout(&self.readers).await
    }

    /// Runs `work`, which changes nothing.
    async fn read_on<T, W: Work<T>>(&self, mut connection: Object<Connection>, work: W) -> Result<T, Failure> {
        let mut rows = SqliteRows { connection: &mut connection, clock: &self.clock };
        work(Session::new(&mut rows, &self.keys)).await
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
        let reading = async move {
            let connection = this.reader().await?;
            let runtime = this.runtime.clone();
            // All of it on one thread that may block.
            outcome_of(tokio::task::spawn_blocking(move || runtime.block_on(this.read_on(connection, work)))).await
        };
        run_on(&self.runtime, reading).await
    }

    /// On a thread of its own: what it reads is read there, and nothing else waits for that.
    fn spawn_reader(&self, reader: BoxFuture<'static, ()>) {
        let runtime = self.runtime.clone();
        std::thread::spawn(move || runtime.block_on(reader));
    }

    async fn read_here<T, W>(&self, work: W) -> Result<T, Failure>
    where
        T: Send + 'static,
        W: Work<T>,
    {
        let connection = self.reader().await?;
        self.read_on(connection, work).await
    }

    async fn transact<T, W>(&self, write: impl Into<Write> + Send, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: Work<T>,
    {
        Ok(self.writer.write(write.into(), work).await?)
    }

    fn keys(&self) -> &TokenKeys {
        &self.keys
    }

    fn pools(&self) -> Vec<PoolStatus> {
        vec![self.readers.status("readers"), self.writer.status()]
    }
}

pub(super) struct SqliteRows<'c> {
    pub(super) connection: &'c mut Connection,
    pub(super) clock: &'c StoreClock,
}

impl SqliteRows<'_> {
    /// One after the other by a statement that stays prepared: nothing goes over a network. All see one snapshot, for
    /// which the file is locked once.
    async fn find_each<R: Send + 'static>(
        &mut self,
        user_ids: Vec<Vec<u8>>,
        find: impl Fn(&mut SqliteConnection, &Vec<u8>) -> QueryResult<R> + Send + 'static,
    ) -> Result<Found<Option<R>>, Failure> {
        let find = move |reader: &mut SqliteConnection, user_id: &Vec<u8>| {
            find(reader, user_id).optional().map_err(Failure::from)
        };
        let found = self.connection.spawn_blocking(move |reader| match user_ids.as_slice() {
            [user_id] => Ok(vec![find(reader, user_id)]),
            _ => reader.transaction(|reader| Ok(user_ids.iter().map(|user_id| find(reader, user_id)).collect())),
        });
        Ok(found.await?)
    }
}

/// `BEGIN IMMEDIATE` has locked the whole file already.
#[async_trait]
impl Dialect for SqliteRows<'_> {
    async fn clock(&mut self) -> Result<Timestamp, Failure> {
        Ok(self.clock.now())
    }

    async fn connection_now(&mut self, user_id: &[u8]) -> Result<(Option<LeasedRow>, Timestamp), Failure> {
        Ok((self.connection(user_id).await?, self.clock.now()))
    }

    async fn connections(&mut self, user_ids: Vec<Vec<u8>>) -> Result<Found<Option<ConnectionRow>>, Failure> {
        // `first` would add a limit, and its statement would not be kept.
        let find = |reader: &mut SqliteConnection, user_id: &Vec<u8>| {
            connections::table.find(user_id).select(ConnectionRow::as_select()).get_result(reader)
        };
        self.find_each(user_ids, find).await
    }

    async fn summaries(&mut self, user_ids: Vec<Vec<u8>>) -> Result<Found<Option<SummaryRow>>, Failure> {
        let find = |reader: &mut SqliteConnection, user_id: &Vec<u8>| {
            connections::table.find(user_id).select(SummaryRow::as_select()).get_result(reader)
        };
        self.find_each(user_ids, find).await
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

    async fn lock_places(&mut self) -> Result<(), Failure> {
        Ok(())
    }

    async fn lock_client(&mut self, _: ClientFingerprint) -> Result<(), Failure> {
        Ok(())
    }

    async fn lock_look_up(&mut self, _: &LookUpSubject) -> Result<(), Failure> {
        Ok(())
    }
}
