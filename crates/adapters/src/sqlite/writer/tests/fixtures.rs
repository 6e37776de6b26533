//! A store whose groups are made on purpose.

use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use amo_connect_domain::ports::{StoreError, TokenStore as _};
use diesel::RunQueryDsl as _;
use futures_util::future::{BoxFuture, join_all};
use futures_util::{FutureExt as _, poll};
use tokio::task::yield_now;

use crate::backend::{PoolStatus, Pools as _};
use crate::rows::{Database as _, Durability, Write};
use crate::sqlite::tests::fixtures::*;
use crate::sqlite::writer::{Activity, GroupEnd};
use crate::sqlite::{Sqlite, SqliteOptions, SqliteTokenStore};

/// Holds a thread up until it is opened, or dropped.
#[derive(Default)]
pub(super) struct Gate(Arc<(Mutex<Passage>, Condvar)>);

#[derive(Default)]
struct Passage {
    reached: bool,
    open: bool,
}

impl Gate {
    /// What passes through it.
    pub(super) fn passage(&self) -> impl Fn() + Clone + Send + Sync + 'static {
        let gate = Arc::clone(&self.0);
        move || {
            let (passage, opened) = &*gate;
            let mut passage = passage.lock().unwrap();
            passage.reached = true;
            drop(opened.wait_while(passage, |passage| !passage.open).unwrap());
        }
    }

    pub(super) fn is_reached(&self) -> bool {
        self.0.0.lock().unwrap().reached
    }

    pub(super) async fn reached(&self) {
        while !self.is_reached() {
            yield_now().await;
        }
    }

    pub(super) fn open(&self) {
        self.0.0.lock().unwrap().open = true;
        self.0.1.notify_all();
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.open();
    }
}

/// However slow the machine is.
pub(super) const NO_LIMIT: Duration = Duration::MAX;

/// A store whose commits are counted.
pub(super) struct Counted {
    pub(super) scratch: Scratch,
    pub(super) store: SqliteTokenStore,
    pub(super) database: Sqlite,
    pub(super) commits: Arc<AtomicUsize>,
}

impl Counted {
    pub(super) async fn new() -> Self {
        Self::whose_second_commit("COMMIT").await
    }

    /// The second group is the one that [`Self::together`] makes.
    pub(super) async fn whose_second_commit(statement: &'static str) -> Self {
        Self::made(statement, NO_LIMIT, options()).await
    }

    pub(super) async fn made(statement: &'static str, longest_work: Duration, options: SqliteOptions) -> Self {
        let (scratch, commits) = (Scratch::new(), Arc::new(AtomicUsize::new(0)));
        let counted = Arc::clone(&commits);
        let commit = Arc::new(move || match counted.fetch_add(1, Ordering::Relaxed) {
            1 => statement,
            _ => "COMMIT",
        });
        let (store, database) = scratch.store_that(GroupEnd { longest_work, commit }, options).await;
        Self { scratch, store, database, commits }
    }

    /// Has all calls wait for the writer at the same time. Returns what they are told.
    pub(super) async fn together<T>(&self, calls: impl IntoIterator<Item = BoxFuture<'_, T>>) -> Vec<T> {
        let gate = Gate::default();
        let mut before = pin!(self.write(Durability::Relaxed, gate.passage()));
        assert!(poll!(&mut before).is_pending());
        gate.reached().await;
        let mut calls = join_all(calls);
        assert!(poll!(&mut calls).is_pending());
        gate.open();
        before.await.unwrap();
        calls.await
    }

    pub(super) fn write(
        &self,
        write: impl Into<Write> + Send,
        work: impl Fn() + Clone + Send + 'static,
    ) -> impl Future<Output = Result<(), StoreError>> + Send {
        let (database, write) = (self.database.clone(), write.into());
        async move {
            database
                .transact(write, move |_| {
                    Box::pin(async move {
                        work();
                        Ok(())
                    })
                })
                .await
        }
    }

    pub(super) fn open_attempt<'c>(&'c self, name: &'c str) -> BoxFuture<'c, Result<(), StoreError>> {
        async move { self.store.open_attempt(&attempt(name, user(name), 0)).await }.boxed()
    }

    pub(super) async fn has_attempt(&self, name: &str) -> bool {
        self.store.attempt(attempt(name, user(name), 0).id).await.unwrap().is_some()
    }

    pub(super) fn commits(&self) -> usize {
        self.commits.load(Ordering::Relaxed)
    }

    pub(super) fn status(&self) -> PoolStatus {
        self.store.pools()[1]
    }

    /// How the newest group was written.
    pub(super) fn synchronous(&self) -> i64 {
        #[derive(diesel::QueryableByName)]
        struct Setting {
            #[diesel(sql_type = diesel::sql_types::BigInt)]
            synchronous: i64,
        }
        let mut state = self.database.writer.state();
        let Activity::Idle(Some(kept)) = &mut state.activity else { panic!("nobody has written") };
        let setting = diesel::sql_query("SELECT synchronous FROM pragma_synchronous");
        let connection = kept.connection.as_mut().unwrap();
        let setting = connection.spawn_blocking(move |raw| setting.get_result::<Setting>(raw)).now_or_never();
        setting.unwrap().unwrap().synchronous
    }
}

pub(super) fn told(outcomes: &[Result<(), StoreError>]) -> Vec<&'static str> {
    let told = |outcome: &Result<(), StoreError>| match outcome {
        Ok(()) => "done",
        Err(StoreError::Conflict) => "conflict",
        Err(StoreError::Corrupt(_)) => "corrupt",
        Err(StoreError::Unavailable(_)) => "unavailable",
    };
    outcomes.iter().map(told).collect()
}
