//! What two durable writes cost on this disk: the least that a refresh or an exchange can cost.

use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection as _;
use diesel::sql_types::{Binary, Integer};
use diesel::{RunQueryDsl as _, SqliteConnection, sql_query};
use tempfile::TempDir;
use tokio_postgres::{Client, NoTls, Statement};

use crate::database::{self, Database};
use crate::figures::a_second;

/// As many bytes as a connection's sealed tokens have.
const BYTES: usize = 2_000;
/// So many rows take turns.
const ROWS: i32 = 1_000;
/// As many connections as the service has to PostgreSQL.
const CONNECTIONS: usize = 16;
const TABLE: &str = "CREATE TABLE durable (id INTEGER NOT NULL PRIMARY KEY, content";

/// A table beside the service's own database, in one of the same kind.
pub(crate) enum Durable {
    Sqlite { connection: SqliteConnection, _folder: TempDir },
    Postgres { database: Database, writers: Vec<(Client, Statement)> },
}

impl Durable {
    pub(crate) async fn beside(database: &Database) -> Self {
        let other = database.another().await;
        match other {
            Database::Sqlite(folder) => {
                let mut connection = database::sqlite(&database::file(&folder));
                let fill = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 999) \
                            INSERT INTO durable SELECT i, zeroblob(2000) FROM n";
                connection.batch_execute(&format!("{TABLE} BLOB NOT NULL) STRICT; {fill}")).unwrap();
                Self::Sqlite { connection, _folder: folder }
            }
            Database::Postgres(_) => {
                let fill =
                    "INSERT INTO durable SELECT i, decode(repeat('00', 2000), 'hex') FROM generate_series(0, 999) i";
                other.execute(&format!("{TABLE} BYTEA NOT NULL); {fill}")).await;
                let mut writers = Vec::new();
                for _ in 0..CONNECTIONS {
                    let (client, connection) = tokio_postgres::connect(&other.url(), NoTls).await.unwrap();
                    tokio::spawn(connection);
                    let update = client.prepare("UPDATE durable SET content = $1 WHERE id = $2").await.unwrap();
                    writers.push((client, update));
                }
                Self::Postgres { database: other, writers }
            }
        }
    }

    /// How long two writes take, one after the other.
    pub(crate) async fn two(&mut self, row: usize) -> Duration {
        let begun = Instant::now();
        self.write_twice(row).await;
        begun.elapsed()
    }

    async fn write_twice(&mut self, row: usize) {
        match self {
            Self::Sqlite { connection, .. } => tokio::task::block_in_place(|| {
                write_to_sqlite(connection, row);
                write_to_sqlite(connection, row + 1);
            }),
            Self::Postgres { writers, .. } => {
                let (client, update) = &writers[0];
                write_to_postgres(client, update, row).await;
                write_to_postgres(client, update, row + 1).await;
            }
        }
    }

    /// How often a second that can be done, one pair after the other.
    pub(crate) async fn one_by_one(&mut self, within: Duration) -> f64 {
        let (begun, mut pairs) = (Instant::now(), 0);
        while begun.elapsed() < within {
            self.write_twice(pairs).await;
            pairs += 1;
        }
        a_second(pairs, begun.elapsed())
    }

    /// The same by as many writers as the database lets write at a time.
    pub(crate) async fn at_once(&mut self, within: Duration) -> f64 {
        let Self::Postgres { writers, .. } = self else { return self.one_by_one(within).await };
        let begun = Instant::now();
        let writing = writers.iter().enumerate().map(async |(place, (client, update))| {
            let mut pairs = 0;
            while begun.elapsed() < within {
                let row = place + pairs * CONNECTIONS;
                write_to_postgres(client, update, row).await;
                write_to_postgres(client, update, row).await;
                pairs += 1;
            }
            pairs
        });
        let pairs = futures_util::future::join_all(writing).await.into_iter().sum();
        a_second(pairs, begun.elapsed())
    }

    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Sqlite { .. } => "SQLite",
            Self::Postgres { database, .. } => database.kind(),
        }
    }
}

fn id(row: usize) -> i32 {
    i32::try_from(row).unwrap() % ROWS
}

/// Another content each time: a page that does not change is not written.
fn content(row: usize) -> Vec<u8> {
    vec![u8::try_from(row % 251).unwrap(); BYTES]
}

fn write_to_sqlite(connection: &mut SqliteConnection, row: usize) {
    let update = sql_query("UPDATE durable SET content = ? WHERE id = ?");
    let update = update.bind::<Binary, _>(content(row)).bind::<Integer, _>(id(row));
    assert_eq!(update.execute(connection).unwrap(), 1);
}

async fn write_to_postgres(client: &Client, update: &Statement, row: usize) {
    assert_eq!(client.execute(update, &[&content(row), &id(row)]).await.unwrap(), 1);
}
