//! A database: whatever can run a transaction.

use std::fmt::Debug;

use amo_connect_domain::ids::UserId;
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

    /// Runs `work` in a transaction, which it may share with others. It is committed before this returns if `work`
    /// succeeds, and leaves nothing behind if it fails. Once begun it ends one of these ways, whether or not the
    /// caller waits. `work` may be run again after all that it did was rolled back.
    async fn transact<T, W>(&self, write: impl Into<Write> + Send, work: W) -> Result<T, StoreError>
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
    /// If it changes something, it is on disk, and with it all that was written before.
    Durable,
    /// A power cut may take it back. What was written before it loses nothing by it.
    Relaxed,
    /// It is durable, and the database has forgotten, as far as it can, what it wiped: in its files
    /// too. For work that wipes tokens.
    Erased,
}

/// Where a transaction stands among those that wait for each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Precedence {
    /// It saves a pair, or has to do with a lease: a token is at stake.
    First,
    /// As most.
    Usual,
    /// It changes many rows, and shares its transaction with nobody.
    Bulk,
}

/// How a transaction is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Write {
    pub(crate) durability: Durability,
    pub(crate) precedence: Precedence,
    /// Whose lock the work takes first, where that is known: a database that can takes it when the transaction begins.
    pub(crate) user: Option<UserId>,
}

impl Write {
    /// The same for work that takes the lock of `user` first.
    pub(crate) fn on(self, user: &UserId) -> Self {
        Self { user: Some(user.clone()), ..self }
    }
}

impl Durability {
    /// So, and before others.
    pub(crate) const fn first(self) -> Write {
        Write { durability: self, precedence: Precedence::First, user: None }
    }

    /// So, for work that takes the lock of `user` first.
    pub(crate) fn on(self, user: &UserId) -> Write {
        Write::from(self).on(user)
    }

    /// So, and with nobody else.
    pub(crate) const fn bulk(self) -> Write {
        Write { durability: self, precedence: Precedence::Bulk, user: None }
    }
}

impl From<Durability> for Write {
    fn from(durability: Durability) -> Self {
        Self { durability, precedence: Precedence::Usual, user: None }
    }
}

/// What is done in a transaction.
pub(crate) trait Work<T>:
    for<'t> FnOnce(Session<'t>) -> BoxFuture<'t, Result<T, Failure>> + Clone + Send + 'static
{
}

impl<T, W> Work<T> for W where
    W: for<'t> FnOnce(Session<'t>) -> BoxFuture<'t, Result<T, Failure>> + Clone + Send + 'static
{
}
