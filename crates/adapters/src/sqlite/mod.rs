//! [`SqliteTokenStore`]: the port on a SQLite file, shared by any processes of one machine.

mod clock;
mod database;
mod file;
mod pool;
#[cfg(test)]
mod tests;
mod wal;

/// `BEGIN IMMEDIATE` has locked the whole file already.
macro_rules! locked {
    ($select:expr) => {
        $select
    };
}

#[expect(clippy::duplicate_mod, reason = "the statements are compiled for each database (ADR 9)")]
#[path = "../rows/statements/mod.rs"]
mod statements;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use diesel::sqlite::Sqlite as SqliteBackend;
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use tokio::runtime::Handle;

pub use clock::StoreClock;
pub use database::Sqlite;

use crate::cipher::TokenKeys;
use crate::migrate::{self, MigrationError, Pending};
use crate::rows::{DatabaseError, Store, kind};
use database::SqliteRows as Transaction;
use pool::Use;

/// A token store in a SQLite file.
pub type SqliteTokenStore = Store<Sqlite>;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");

/// How a SQLite file is opened.
#[derive(Clone, Debug)]
pub struct SqliteOptions {
    /// What is to happen to migrations that the file lacks. To apply them, it need not exist.
    pub pending: Pending,
    /// How many connections read at the same time. One more writes.
    pub readers: usize,
    /// How long another's lock is waited for.
    pub busy_timeout: Duration,
    /// The clock that leases are judged by.
    pub clock: StoreClock,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self { pending: Pending::Apply, readers: 4, busy_timeout: Duration::from_secs(5), clock: StoreClock::machine() }
    }
}

/// Why a SQLite file cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The directory it is to be in does not exist.
    #[error("the directory of {} does not exist", path.display())]
    NoDirectory {
        /// The file.
        path: PathBuf,
    },
    /// SQLite takes no such path.
    #[error("the path {} is not UTF-8", path.display())]
    NotUnicode {
        /// The file.
        path: PathBuf,
    },
    /// Something else is there. It was not touched.
    #[error("{} {what}", path.display())]
    NoDatabase {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: &'static str,
    },
    /// It cannot be opened or created.
    #[error("{} cannot be opened", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// It is not a usable database.
    #[error("{} cannot be used", path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// Why.
        source: DatabaseError,
    },
    /// Its schema is not the one this program knows.
    #[error("{} cannot be used", path.display())]
    Schema {
        /// The file.
        path: PathBuf,
        /// Why.
        source: MigrationError,
    },
}

impl SqliteTokenStore {
    /// Opens the file at `path`. Everything it does later runs on the runtime that this is
    /// called on.
    pub async fn open(path: &Path, keys: TokenKeys, options: SqliteOptions) -> Result<Self, OpenError> {
        migrate_with(path, options.pending, options.busy_timeout).await?;
        let schema = |source| OpenError::Schema { path: path.to_owned(), source };
        let versions = migrate::versions::<SqliteBackend>(&MIGRATIONS).map_err(schema)?;

        let (file, identity) = file::prepare(path, false)?;
        let pool = |purpose, size| {
            let pool = pool::pool(&file, purpose, size, options.busy_timeout);
            pool.map_err(|source| OpenError::Database { path: path.to_owned(), source })
        };
        let database = Sqlite {
            readers: pool(Use::Reading, options.readers)?,
            writer: pool(Use::Writing, 1)?,
            file: identity,
            keys: Arc::new(keys),
            clock: options.clock,
            busy_timeout: options.busy_timeout,
            runtime: Handle::current(),
        };
        Ok(Self::new(database, versions))
    }
}

/// Brings the file at `path` up to date, and creates it if it is not there. Returns the names
/// of the migrations it took.
pub async fn migrate(path: &Path) -> Result<Vec<String>, OpenError> {
    migrate_with(path, Pending::Apply, SqliteOptions::default().busy_timeout).await
}

async fn migrate_with(path: &Path, pending: Pending, busy_timeout: Duration) -> Result<Vec<String>, OpenError> {
    let (file, _) = file::prepare(path, pending == Pending::Apply)?;
    let database = |source| OpenError::Database { path: path.to_owned(), source };
    let schema = |source| OpenError::Schema { path: path.to_owned(), source };
    let migrated = tokio::task::spawn_blocking(move || {
        let mut connection = pool::connect(&file, Use::Writing, busy_timeout)?;
        // One transaction around all: who opens the file at the same time waits here.
        Ok(connection.immediate_transaction(|connection| migrate::migrate(connection, &MIGRATIONS, pending)))
    });
    match migrated.await {
        Ok(Ok(names)) => names.map_err(schema),
        Ok(Err(error)) => Err(database(kind(&error))),
        Err(_) => Err(database(DatabaseError::new("the program is stopping"))),
    }
}
