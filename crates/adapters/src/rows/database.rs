//! A database: whatever can run a transaction.

use std::fmt::Debug;

use amo_connect_domain::ports::StoreError;
use async_trait::async_trait;
use futures_util::future::BoxFuture;

use super::failure::Failure;
use super::session::Session;
use crate::backend::PoolStatus;
use crate::cipher::TokenKeys;

/// Runs transactions.
#[async_trait]
pub(crate) trait Database: Debug + Send + Sync + 'static {
    /// Runs `work`, which changes nothing and takes no lock.
    async fn read<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: Work<T>;

    /// Runs `reader` to its end, where it may call [`Self::read_here`].
    fn spawn_reader(&self, reader: BoxFuture<'static, ()>);

    /// As [`Self::read`], in a reader that [`Self::spawn_reader`] runs: it needs no task of its own.
    async fn read_here<T, W>(&self, work: W) -> Result<T, Failure>
    where
        T: Send + 'static,
        W: Work<T>;

    /// Runs `work` in a transaction. It is committed if `work` succeeds, and leaves nothing behind
    /// if it fails. Once begun it ends one of these ways, whether or not the caller waits.
    async fn transact<T, W>(&self, durability: Durability, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: Work<T>;

    /// The keys to its tokens.
    fn keys(&self) -> &TokenKeys;

    /// Its pools of connections, as they are used now.
    fn pools(&self) -> Vec<PoolStatus>;
}

/// What is promised of a transaction that is committed. All can see it at once in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Durability {
    /// It is on disk, and with it all that was written before.
    Durable,
    /// A power cut may take it back. What was written before it loses nothing by it.
    Relaxed,
    /// It is durable, and the database has forgotten, as far as it can, what it wiped: in its files
    /// too. For work that wipes tokens.
    Erased,
}

/// What is done in a transaction.
pub(crate) trait Work<T>:
    for<'t> FnOnce(Session<'t>) -> BoxFuture<'t, Result<T, Failure>> + Send + 'static
{
}

impl<T, W> Work<T> for W where W: for<'t> FnOnce(Session<'t>) -> BoxFuture<'t, Result<T, Failure>> + Send + 'static {}
