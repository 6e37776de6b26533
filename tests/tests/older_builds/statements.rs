//! The statements and the rows of older builds, on the schema that this build makes.

use std::fmt::Write as _;

use amo_connect_tests::{PgDatabase, PgOfServer, SqliteFile, TestDatabase as _, test_server};
use diesel::connection::SimpleConnection as _;
use diesel::sql_types::Text;
use diesel::{Connection as _, QueryableByName, RunQueryDsl as _, SqliteConnection, sql_query};

use crate::recording::{KEY, record, record_statements, recording};
use crate::released::{Kind, releases};
use crate::rows::{TABLES, assert_read, fill};

/// The statements in a golden file.
fn statements(text: &str) -> Vec<&str> {
    text.lines().map(|line| line.trim_end_matches(';')).filter(|line| !line.is_empty()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_statement_of_an_older_build_runs_on_the_new_schema_of_sqlite() {
    record_statements::<SqliteFile>(Kind::Sqlite).await;
    let file = SqliteFile::fresh().await;
    drop(file.open(KEY).await);
    let mut raw = SqliteConnection::establish(file.path().to_str().unwrap()).unwrap();
    for release in releases() {
        let text = std::fs::read_to_string(release.recorded(Kind::Sqlite, "statements")).unwrap();
        let statements = statements(&text);
        assert!(statements.len() > 50, "{release:?}");
        for statement in statements {
            // It is prepared, and no more.
            raw.batch_execute(&format!("EXPLAIN {statement}")).unwrap_or_else(|error| {
                panic!("{release:?} cannot run on this schema: {statement}: {error}");
            });
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_statement_of_an_older_build_runs_on_the_new_schema_of_postgres() {
    record_statements::<PgOfServer>(Kind::Postgres).await;
    let database = PgDatabase::migrated(&test_server()).await;
    let (client, connection) = tokio_postgres::connect(&database.url(), tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    for release in releases() {
        let text = std::fs::read_to_string(release.recorded(Kind::Postgres, "statements")).unwrap();
        let statements = statements(&text);
        assert!(statements.len() > 50, "{release:?}");
        for statement in statements {
            client.prepare(statement).await.unwrap_or_else(|error| {
                panic!("{release:?} cannot run on this schema: {statement}: {error}");
            });
        }
    }
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

/// The names of the columns of `table`.
fn columns(raw: &mut SqliteConnection, table: &str) -> Vec<String> {
    let names = sql_query(format!("SELECT name AS line FROM pragma_table_info('{table}') ORDER BY cid"));
    names.load::<Line>(raw).unwrap().into_iter().map(|column| column.line).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_an_older_build_are_read_right_on_sqlite() {
    if recording() {
        let file = SqliteFile::fresh().await;
        fill(&file.open(KEY).await).await;
        let mut raw = SqliteConnection::establish(file.path().to_str().unwrap()).unwrap();
        let mut dump = String::new();
        for table in TABLES {
            let names = columns(&mut raw, table);
            let quoted = names.iter().map(|name| format!("quote({name})")).collect::<Vec<_>>().join(" || ', ' || ");
            for Line { line } in sql_query(format!("SELECT {quoted} AS line FROM {table}")).load(&mut raw).unwrap() {
                writeln!(dump, "INSERT INTO {table} ({}) VALUES ({line});", names.join(", ")).unwrap();
            }
        }
        record(Kind::Sqlite, "rows", &dump);
    }
    for release in releases() {
        let file = SqliteFile::fresh().await;
        drop(file.open(KEY).await);
        let rows = std::fs::read_to_string(release.recorded(Kind::Sqlite, "rows")).unwrap();
        SqliteConnection::establish(file.path().to_str().unwrap()).unwrap().batch_execute(&rows).unwrap();
        assert_read(&file.open(KEY).await).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_an_older_build_are_read_right_on_postgres() {
    if recording() {
        let recorded = PgOfServer::fresh().await;
        fill(&recorded.open(KEY).await).await;
        let mut dump = String::new();
        for table in TABLES {
            let all = format!(
                "FROM information_schema.columns WHERE table_name = '{table}' AND table_schema = 'public' \
                 AND is_identity = 'NO' ORDER BY ordinal_position"
            );
            let names = recorded.database.values(&format!("SELECT column_name {all}")).await;
            let quoted = names.iter().map(|name| format!("quote_nullable({name}::text)")).collect::<Vec<_>>();
            let (names, quoted) = (names.join(", "), quoted.join(" || ', ' || "));
            for line in recorded.database.values(&format!("SELECT {quoted} FROM {table}")).await {
                writeln!(dump, "INSERT INTO {table} ({names}) VALUES ({line});").unwrap();
            }
        }
        record(Kind::Postgres, "rows", &dump);
    }
    for release in releases() {
        let fresh = PgOfServer::fresh().await;
        let rows = std::fs::read_to_string(release.recorded(Kind::Postgres, "rows")).unwrap();
        fresh.database.execute(&rows).await;
        assert_read(&fresh.open(KEY).await).await;
    }
}
