//! [`PgTokenStore`]: the port on a PostgreSQL database, shared by any instances.

mod clock;
mod connect;
mod database;
mod locks;
mod migrate;
mod pooler;
mod tls;
mod url;

/// Locks what a `SELECT` finds, and leaves out what somebody else has locked.
macro_rules! locked {
    ($select:expr) => {
        $select.for_update().skip_locked()
    };
}

/// What sealed tokens begin with, up to their key's id: the expression of `connections_by_key` and
/// `exchanges_by_key`, to the letter.
const KEY_HEADER: &str = "(CASE WHEN octet_length(tokens) > 1 THEN \
    substring(tokens FROM 1 FOR 2 + get_byte(tokens, 1)) ELSE tokens END)";

#[expect(clippy::duplicate_mod, reason = "the statements are compiled for each database (ADR 9)")]
#[path = "../rows/statements/mod.rs"]
mod statements;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use diesel::pg::Pg;
use diesel_async::AsyncPgConnection;
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod};
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use tokio::runtime::Handle;

pub use clock::ClockShift;
pub use database::Postgres;
pub(crate) use migrate::UNFINISHED_MOVE;
pub use migrate::migrate;
pub use url::{InvalidPgUrl, PgUrl};

use crate::backend::{self, Backend, OpenOptions, OpenStore, Place};
use crate::cipher::TokenKeys;
use crate::migrate::{KnownSchema, MigrationError, Pending};
use crate::rows::{self, DatabaseError, Store};
use connect::Connector;
use database::{Begin, PgRows as Transaction};

/// A token store in a PostgreSQL database.
pub type PgTokenStore = Store<Postgres>;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");

/// How a PostgreSQL database is used.
#[derive(Clone, Debug)]
pub struct PgOptions {
    /// What is to happen to migrations that the database lacks.
    pub pending: Pending,
    /// How many connections there are at most.
    pub connections: usize,
    /// How long the server may take to let us in, and a free connection to be there.
    pub connect_timeout: Duration,
    /// How long a transaction may take, waiting for others' locks included.
    pub transaction_timeout: Duration,
    /// How far the clock that leases are judged by is from the server's.
    pub clock_shift: ClockShift,
}

impl Default for PgOptions {
    /// More connections than 16 gave fewer reads a second. The times are such that a caller is
    /// told of an outage within a few seconds, and well before a lease (15 s) is over.
    fn default() -> Self {
        Self {
            pending: Pending::Apply,
            connections: 16,
            connect_timeout: Duration::from_secs(3),
            transaction_timeout: Duration::from_secs(5),
            clock_shift: ClockShift::none(),
        }
    }
}

/// Why a PostgreSQL database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file of trusted certificates is of no use.
    #[error("sslrootcert: {} is not a file of PEM certificates", .0.display())]
    RootCertificates(PathBuf),
    /// TLS cannot be set up.
    #[error("TLS cannot be set up")]
    Tls(#[source] rustls::Error),
    /// The server does not let us in, or does not work.
    #[error("the PostgreSQL database cannot be used")]
    Database(#[source] DatabaseError),
    /// Its schema is not the one this program knows.
    #[error("the PostgreSQL database cannot be used")]
    Schema(#[source] MigrationError),
    /// A SQLite file is being moved to it, and not all of that is there.
    #[error("a move to this PostgreSQL database is not finished: run `amo-connect move` again to its end")]
    UnfinishedMove,
}

impl PgTokenStore {
    /// Opens the database. Everything it does later runs on the runtime that this is called on.
    pub async fn open(url: &PgUrl, keys: TokenKeys, options: PgOptions) -> Result<Self, OpenError> {
        let (mut connection, connector, is_pooled) = pooler::adapt(Connector::new(url, &options)?).await?;
        if is_pooled {
            tracing::info!("a pooler before PostgreSQL gives connections away after each transaction");
        }
        // Tokens that were renewed here would be lost when the move goes on.
        if migrate::is_half_moved(&mut connection).await? {
            return Err(OpenError::UnfinishedMove);
        }
        let schema = migrate::with(connection, options.pending).await?.newest;
        let known = KnownSchema::of::<Pg>(&MIGRATIONS).map_err(OpenError::Schema)?;

        let mut config = ManagerConfig::default();
        // The default asks the server a question at each check-out. A connection that is closed,
        // and an open transaction, are seen without.
        config.recycling_method = RecyclingMethod::Fast;
        config.custom_setup = Box::new(move |_| {
            let connector = connector.clone();
            Box::pin(async move { connector.connect().await.map_err(connect::as_diesels) })
        });
        // The address stays with the connector: diesel would show it to whoever asks.
        let manager = AsyncDieselConnectionManager::new_with_config("", config);
        let pool = rows::pool(manager, options.connections, options.connect_timeout).map_err(OpenError::Database)?;
        let database = Postgres {
            pool,
            keys: Arc::new(keys),
            clock_shift: options.clock_shift,
            transaction_timeout: options.transaction_timeout,
            begin: Arc::new(Begin::new(is_pooled, options.transaction_timeout)),
            runtime: Handle::current(),
        };
        Ok(Self::new(database, known, schema))
    }
}

/// Whether a pooler stands before the server, that gives a connection away after each transaction.
pub(crate) async fn is_pooled(url: &PgUrl, options: &PgOptions) -> Result<bool, OpenError> {
    Ok(pooler::probe(&Connector::new(url, options)?).await?.1)
}

/// A connection with our settings, for work that is no port's.
pub(crate) async fn connected(url: &PgUrl, options: &PgOptions) -> Result<AsyncPgConnection, OpenError> {
    Connector::new(url, options)?.connect().await.map_err(OpenError::Database)
}

#[async_trait]
impl Backend for PgUrl {
    fn kind(&self) -> &'static str {
        "postgres"
    }

    fn place(&self) -> Place<'_> {
        Place::Postgres(self)
    }

    async fn migrate(&self) -> Result<Vec<String>, backend::OpenError> {
        Ok(migrate(self).await?)
    }

    async fn open(&self, keys: TokenKeys, options: OpenOptions) -> Result<OpenStore, backend::OpenError> {
        let default = PgOptions::default();
        let connections = options.connections.map_or(default.connections, NonZeroUsize::get);
        let options = PgOptions { pending: options.pending, connections, ..default };
        let store = PgTokenStore::open(self, keys, options).await?;
        Ok(OpenStore { schema: Some(store.schema().to_owned()), ..OpenStore::pooled(store) })
    }
}
