//! [`SqliteTokenStore`]: the port on a SQLite file, shared by any processes of one machine.

mod clock;
mod database;
mod error;
mod file;
mod inspect;
mod pool;
#[cfg(test)]
mod tests;
mod wal;
mod writer;

/// `BEGIN IMMEDIATE` has locked the whole file already.
macro_rules! locked {
    ($select:expr) => {
        $select
    };
}

/// What sealed tokens begin with, up to their key's id: the expression of `connections_by_key` and
/// `exchanges_by_key`, to the letter.
const KEY_HEADER: &str = "substr(tokens, 1, 2 + coalesce(unicode(CAST(substr(tokens, 2, 1) AS TEXT)), 0))";

#[expect(clippy::duplicate_mod, reason = "the statements are compiled for each database (ADR 9)")]
#[path = "../rows/statements/mod.rs"]
mod statements;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use diesel::sqlite::Sqlite as SqliteBackend;
use diesel::{Connection as _, SqliteConnection};
use diesel_migrations::{EmbeddedMigrations, embed_migrations};

pub use clock::StoreClock;
pub use database::Sqlite;
pub use error::{FileName, OpenError};

use crate::backend::{self, Backend, OpenOptions, OpenStore, Place};
use crate::cipher::TokenKeys;
use crate::migrate::{self, KnownSchema, MigrationError, Pending};
use crate::rows::{DatabaseError, Store, kind};
use database::SqliteRows as Transaction;
use file::{FOREIGN, Identity};
use inspect::Contents;
use pool::Use;
use writer::GroupEnd;

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

impl SqliteTokenStore {
    /// Opens the file at `path`. Everything it does later runs on the runtime that this is
    /// called on.
    pub async fn open(path: &Path, keys: TokenKeys, options: SqliteOptions) -> Result<Self, OpenError> {
        let opened = migrate_with(path, options.pending, options.busy_timeout).await?;
        let database = Sqlite::new(opened.file, opened.identity, keys, options, GroupEnd::default());
        let database = database.map_err(|source| OpenError::Database { path: path.into(), source })?;
        Ok(Self::new(database, opened.known, opened.schema))
    }
}

/// Brings the file at `path` up to date, and creates it if it is not there. Returns the names
/// of the migrations it took.
pub async fn migrate(path: &Path) -> Result<Vec<String>, OpenError> {
    let opened = migrate_with(path, Pending::Apply, SqliteOptions::default().busy_timeout).await?;
    Ok(opened.migrated)
}

/// A SQLite file, as `DATABASE_URL` names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqliteFile(pub PathBuf);

/// The path of the file at `path` as SQLite takes it, if it is a database of ours that is up to date.
pub(crate) async fn checked(path: &Path) -> Result<String, OpenError> {
    Ok(migrate_with(path, Pending::Refuse, SqliteOptions::default().busy_timeout).await?.file)
}

#[async_trait]
impl Backend for SqliteFile {
    fn kind(&self) -> &'static str {
        "sqlite"
    }

    fn place(&self) -> Place<'_> {
        Place::Sqlite(self)
    }

    async fn migrate(&self) -> Result<Vec<String>, backend::OpenError> {
        Ok(migrate(&self.0).await?)
    }

    async fn open(&self, keys: TokenKeys, options: OpenOptions) -> Result<OpenStore, backend::OpenError> {
        let default = SqliteOptions::default();
        let readers = options.connections.map_or(default.readers, NonZeroUsize::get);
        let options = SqliteOptions { pending: options.pending, readers, ..default };
        let store = SqliteTokenStore::open(&self.0, keys, options).await?;
        Ok(OpenStore { schema: Some(store.schema().to_owned()), ..OpenStore::pooled(store) })
    }
}

/// A file that is ours, and up to date.
struct Opened {
    file: String,
    identity: Identity,
    known: KnownSchema,
    /// The names of those that it took.
    migrated: Vec<String>,
    /// The newest migration that it has.
    schema: String,
}

async fn migrate_with(path: &Path, pending: Pending, busy_timeout: Duration) -> Result<Opened, OpenError> {
    let stopping = OpenError::Database { path: path.into(), source: DatabaseError::new("the program is stopping") };
    let path = path.to_owned();
    let opened = tokio::task::spawn_blocking(move || {
        let path = path.as_path();
        let schema = |source| OpenError::Schema { path: path.into(), source };
        let known = KnownSchema::of::<SqliteBackend>(&MIGRATIONS).map_err(schema)?;
        let (file, identity) = file::prepare(path, pending == Pending::Apply, known.versions(), busy_timeout)?;
        let mut connection = pool::connect(&file, Use::Writing, busy_timeout)
            .map_err(|error| OpenError::Database { path: path.into(), source: kind(&error) })?;
        let bring_up_to_date = |connection: &mut SqliteConnection, pending| {
            // Another program may have filled it since it was looked at.
            if inspect::contents(connection, known.versions())? == Contents::Foreign {
                return Ok(None);
            }
            let applied = migrate::applied(connection)?;
            let newer = known.is_older_than(&applied);
            let oldest = if newer { inspect::oldest_migration(connection)? } else { None };
            let migrated = migrate::migrate(connection, &MIGRATIONS, oldest.as_deref(), pending)?;
            Ok(Some((migrated, migrate::newest(migrate::applied(connection)?))))
        };
        // What is up to date is not locked: instances that write all the time may let nobody else in for long.
        let looked = connection.transaction(|connection| bring_up_to_date(connection, Pending::Refuse));
        // One transaction around all: who opens the file at the same time waits here.
        let migrated = looked.or_else(|_: MigrationError| {
            connection.immediate_transaction(|connection| bring_up_to_date(connection, pending))
        });
        let foreign = || OpenError::NoDatabase { path: path.into(), what: FOREIGN };
        let (migrated, schema) = migrated.map_err(schema)?.ok_or_else(foreign)?;
        Ok(Opened { file, identity, known, migrated, schema })
    });
    opened.await.unwrap_or(Err(stopping))
}
