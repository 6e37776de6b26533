//! The database of a run, looked at past the service.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use amo_connect_tests::PgDatabase;
use diesel::sql_types::Text;
use diesel::{Connection as _, QueryableByName, RunQueryDsl as _, SqliteConnection, sql_query};

/// All tables of ours.
pub(crate) const TABLES: [&str; 13] = [
    "connections",
    "attempts",
    "exchanges",
    "writes",
    "audit",
    "turns",
    "code_places",
    "host_look_ups",
    "looks",
    "clients",
    "imports",
    "key_rings",
    "heartbeat",
];

/// A database of either kind.
#[derive(Debug)]
pub(crate) enum Database {
    Sqlite(PathBuf),
    Postgres(PgDatabase),
}

impl Database {
    /// A file in `folder`.
    pub(crate) fn file(folder: &Path) -> Self {
        Self::Sqlite(folder.join("soak.db"))
    }

    /// The setting that leads to it.
    pub(crate) fn url(&self) -> String {
        match self {
            Self::Sqlite(path) => format!("sqlite:{}", path.display()),
            Self::Postgres(database) => database.url(),
        }
    }

    /// The first column, which must be text and called `text`, of what a query gives.
    pub(crate) async fn texts(&self, query: &str) -> Vec<String> {
        match self {
            Self::Postgres(database) => database.values(query).await,
            Self::Sqlite(path) => {
                let (path, query) = (path.clone(), query.to_owned());
                tokio::task::spawn_blocking(move || of_file(&path, &query)).await.unwrap()
            }
        }
    }

    /// How many rows each table has.
    pub(crate) async fn rows(&self) -> BTreeMap<&'static str, u64> {
        let of_table = |table: &&str| format!("SELECT '{table} ' || CAST(count(*) AS TEXT) AS text FROM {table}");
        let query: Vec<_> = TABLES.iter().map(of_table).collect();
        let mut rows = BTreeMap::new();
        for line in self.texts(&query.join(" UNION ALL ")).await {
            let (table, count) = line.split_once(' ').unwrap();
            let table = TABLES.into_iter().find(|known| *known == table).unwrap();
            rows.insert(table, count.parse().unwrap());
        }
        rows
    }

    /// How many pairs of tokens `user` has ever had on record.
    pub(crate) async fn generation(&self, user: &str) -> u64 {
        let key = self.key(user);
        let query = format!("SELECT CAST(generation AS TEXT) AS text FROM connections WHERE user_id = {key}");
        self.texts(&query).await.first().map_or(0, |generation| generation.parse().unwrap())
    }

    /// Loses the connection of `user`, behind the service's back.
    pub(crate) async fn forget(&self, user: &str) {
        let key = self.key(user);
        self.texts(&format!("DELETE FROM connections WHERE user_id = {key} RETURNING state AS text")).await;
    }

    fn key(&self, user: &str) -> String {
        match self {
            Self::Sqlite(_) => format!("CAST('{user}' AS BLOB)"),
            Self::Postgres(_) => format!("convert_to('{user}', 'UTF8')"),
        }
    }

    /// How many connections it has, where it is a server.
    pub(crate) async fn connections(&self) -> Option<u64> {
        let Self::Postgres(database) = self else { return None };
        let query = "SELECT CAST(count(*) AS TEXT) FROM pg_stat_activity \
                     WHERE datname = current_database() AND pid <> pg_backend_pid()";
        database.value(query).await.and_then(|count| count.parse().ok())
    }
}

fn of_file(path: &Path, query: &str) -> Vec<String> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        text: String,
    }

    let mut connection = SqliteConnection::establish(&path.display().to_string()).unwrap();
    sql_query("PRAGMA busy_timeout = 20000").execute(&mut connection).unwrap();
    let rows: Vec<Row> = sql_query(query).load(&mut connection).unwrap();
    rows.into_iter().map(|row| row.text).collect()
}
