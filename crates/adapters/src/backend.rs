//! What the service needs of a store beyond the ports: to be named by `DATABASE_URL`, opened,
//! migrated, and sealed under other keys.

use std::error::Error;
use std::fmt::Debug;
use std::num::NonZeroUsize;
use std::sync::Arc;

use amo_connect_domain::ports::{KeyRegistry, RateLimitStore, Storage, StoreError};
use async_trait::async_trait;

use crate::cipher::TokenKeys;
use crate::migrate::Pending;
use crate::postgres::PgUrl;
use crate::rows::{Cursor, Resealed};
use crate::sqlite::SqliteFile;

/// Why a store cannot be opened. Neither it nor its sources may show a password or a value.
pub type OpenError = Box<dyn Error + Send + Sync>;

/// What `DATABASE_URL` names: a store that is not open yet.
#[async_trait]
pub trait Backend: Debug + Send + Sync {
    /// What it is, in a word for the log.
    fn kind(&self) -> &'static str;

    /// Which of our own databases it is: `move` copies from one of them to the other.
    fn place(&self) -> Place<'_> {
        Place::Other
    }

    /// Brings it up to date. Returns the names of the migrations that it took.
    async fn migrate(&self) -> Result<Vec<String>, OpenError>;

    /// Opens it.
    async fn open(&self, keys: TokenKeys, options: OpenOptions) -> Result<OpenStore, OpenError>;
}

/// Which database a store is in.
#[derive(Clone, Copy, Debug)]
pub enum Place<'b> {
    /// A SQLite file.
    Sqlite(&'b SqliteFile),
    /// A PostgreSQL database.
    Postgres(&'b PgUrl),
    /// A store of somebody else's making.
    Other,
}

/// How a store is opened.
#[derive(Clone, Copy, Debug)]
pub struct OpenOptions {
    /// What becomes of migrations that are pending.
    pub pending: Pending,
    /// How many connections there are to it; `None` if the store is to decide.
    pub connections: Option<NonZeroUsize>,
}

/// The pools of connections that a store has.
pub trait Pools: Debug + Send + Sync + 'static {
    /// How each is used now.
    fn pools(&self) -> Vec<PoolStatus>;
}

/// How a pool of connections is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolStatus {
    /// What tells it from the store's others.
    pub name: &'static str,
    /// How many connections it may have.
    pub size: usize,
    /// How many are in use.
    pub in_use: usize,
    /// How many are free.
    pub idle: usize,
    /// How many wait for one.
    pub waiting: usize,
    /// How many waited too long, since the start.
    pub timeouts: u64,
}

/// An open store, by what it can do.
#[derive(Clone, Debug)]
pub struct OpenStore {
    /// The ports to everything that must outlive the process.
    pub storage: Arc<dyn Storage>,
    /// The rate limiter's port.
    pub rate_limits: Arc<dyn RateLimitStore>,
    /// For `keys rotate`.
    pub sealed: Arc<dyn Reseal>,
    /// Which keys instances have, and which ones stored tokens are sealed under.
    pub keys: Arc<dyn KeyRegistry>,
    /// For metrics, if it has pools.
    pub pools: Option<Arc<dyn Pools>>,
    /// The newest migration that it has, if it has migrations, for the log.
    pub schema: Option<String>,
}

impl OpenStore {
    /// A store that can do all of it.
    pub fn new(store: impl Storage + RateLimitStore + Reseal + KeyRegistry) -> Self {
        let store = Arc::new(store);
        Self {
            storage: Arc::clone(&store) as _,
            rate_limits: Arc::clone(&store) as _,
            keys: Arc::clone(&store) as _,
            sealed: store,
            pools: None,
            schema: None,
        }
    }

    /// The same of a store with pools.
    pub fn pooled(store: impl Storage + RateLimitStore + Reseal + KeyRegistry + Pools + Clone) -> Self {
        Self { pools: Some(Arc::new(store.clone())), ..Self::new(store) }
    }
}

/// Seals stored tokens anew, while other processes use them.
#[async_trait]
pub trait Reseal: Debug + Send + Sync + 'static {
    /// How many records have sealed tokens.
    async fn sealed(&self) -> Result<u64, StoreError>;

    /// Seals the tokens of up to `limit` records behind `cursor` anew, under the first key. It can
    /// be stopped after any batch and begun again from the start: what is done is passed over.
    async fn reseal(&self, cursor: Cursor, limit: u32) -> Result<Resealed, StoreError>;
}
