//! A database of a run's own, of each kind.

use std::path::PathBuf;

use amo_connect_adapters::backend::OpenStore;
use amo_connect_adapters::cipher::TokenKeys;
use amo_connect_adapters::postgres::{PgOptions, PgTokenStore};
use amo_connect_adapters::sqlite::{SqliteOptions, SqliteTokenStore};
use amo_connect_tests::{PgDatabase, test_server};
use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, SqliteConnection};
use tempfile::TempDir;

use crate::instance::TOKEN_KEYS;

/// An empty database with our tables. Dropping it removes it.
pub(crate) enum Database {
    Sqlite(TempDir),
    Postgres(PgDatabase),
}

impl Database {
    /// One of each kind.
    pub(crate) async fn each() -> [Self; 2] {
        [Self::postgres().await, Self::sqlite().await]
    }

    pub(crate) async fn postgres() -> Self {
        Self::Postgres(PgDatabase::migrated(&test_server()).await)
    }

    pub(crate) async fn sqlite() -> Self {
        let database = Self::Sqlite(tempfile::tempdir().unwrap());
        database.open().await;
        database
    }

    /// Another one of the same kind.
    pub(crate) async fn another(&self) -> Self {
        match self {
            Self::Sqlite(_) => Self::sqlite().await,
            Self::Postgres(_) => Self::postgres().await,
        }
    }

    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "SQLite",
            Self::Postgres(_) => "PostgreSQL",
        }
    }

    /// As `DATABASE_URL` names it.
    pub(crate) fn url(&self) -> String {
        match self {
            Self::Sqlite(folder) => format!("sqlite:{}", file(folder).display()),
            Self::Postgres(database) => database.url(),
        }
    }

    /// The store in it, as the service opens it.
    pub(crate) async fn open(&self) -> OpenStore {
        let keys = TokenKeys::parse(TOKEN_KEYS).unwrap();
        match self {
            Self::Sqlite(folder) => {
                OpenStore::new(SqliteTokenStore::open(&file(folder), keys, SqliteOptions::default()).await.unwrap())
            }
            Self::Postgres(database) => {
                let url = database.url().parse().unwrap();
                OpenStore::new(PgTokenStore::open(&url, keys, PgOptions::default()).await.unwrap())
            }
        }
    }

    /// Runs statements past the store.
    pub(crate) async fn execute(&self, sql: &str) {
        match self {
            Self::Sqlite(folder) => {
                let (file, sql) = (file(folder), sql.to_owned());
                let executed = tokio::task::spawn_blocking(move || sqlite(&file).batch_execute(&sql).unwrap());
                executed.await.unwrap();
            }
            Self::Postgres(database) => database.execute(sql).await,
        }
    }
}

/// The file of a SQLite database in its folder.
pub(crate) fn file(folder: &TempDir) -> PathBuf {
    folder.path().join("amo-connect.db")
}

/// A connection with the settings by which the service writes.
pub(crate) fn sqlite(file: &std::path::Path) -> SqliteConnection {
    let mut connection = SqliteConnection::establish(file.to_str().unwrap()).unwrap();
    connection
        .batch_execute("PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;")
        .unwrap();
    connection
}

diesel::table! {
    pragma_table_info (name) {
        name -> Text,
    }
}

/// The names of the columns of a table.
pub(crate) fn columns(file: &std::path::Path, table: &str) -> Vec<String> {
    #[derive(diesel::QueryableByName)]
    #[diesel(table_name = pragma_table_info)]
    struct Column {
        name: String,
    }
    let named = diesel::sql_query("SELECT name FROM pragma_table_info(?)").bind::<diesel::sql_types::Text, _>(table);
    let columns: Vec<Column> = diesel::RunQueryDsl::load(named, &mut sqlite(file)).unwrap();
    columns.into_iter().map(|column| column.name).collect()
}
