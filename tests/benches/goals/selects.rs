//! What the database alone can do: the row of one user, by `pgbench` and in a loop.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use amo_connect_xtask::postgres;
use diesel::prelude::*;
use tokio::process::Command;
use tokio_postgres::NoTls;

use crate::database::{self, Database};
use crate::figures::a_second;
use crate::users::{self, USERS};

/// What `/status` is told of a row.
const COLUMNS: &str = "revision, epoch, generation, state, host, account_id, tokens, issued_at, expires_at, \
                       reauth_reason, reauth_since, connected_at, refreshed_at, problem, problem_since";

diesel::table! {
    connections (user_id) {
        user_id -> Binary,
        revision -> BigInt,
        epoch -> BigInt,
        generation -> BigInt,
        state -> Text,
        host -> Nullable<Text>,
        account_id -> Nullable<BigInt>,
        tokens -> Nullable<Binary>,
        issued_at -> Nullable<BigInt>,
        expires_at -> Nullable<BigInt>,
        reauth_reason -> Nullable<Text>,
        reauth_since -> Nullable<BigInt>,
        connected_at -> Nullable<BigInt>,
        refreshed_at -> Nullable<BigInt>,
        problem -> Nullable<Text>,
        problem_since -> Nullable<BigInt>,
    }
}

/// A row without its user.
type Row = (
    (i64, i64, i64, String, Option<String>, Option<i64>, Option<Vec<u8>>, Option<i64>),
    (Option<i64>, Option<String>, Option<i64>, Option<i64>, Option<i64>, Option<String>, Option<i64>),
);

/// Rows a second by `pgbench`, prepared, on so many connections.
pub(crate) async fn by_pgbench(url: &str, connections: usize, within: Duration) -> f64 {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("select.sql");
    let select = format!(
        "\\set n random(0, {})\nSELECT {COLUMNS} FROM connections WHERE user_id = ('user-' || lpad(:n::text, 4, '0'))::bytea;\n",
        USERS - 1
    );
    std::fs::write(&script, select).unwrap();
    let output = Command::new(postgres::program("pgbench").unwrap())
        .args(["--no-vacuum", "--protocol=prepared", "--jobs=2"])
        .args([format!("--client={connections}"), format!("--time={}", within.as_secs())])
        .arg("--file")
        .arg(&script)
        .arg(url)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let rate = said.lines().find_map(|line| line.strip_prefix("tps = ")).and_then(|rest| rest.split(' ').next());
    rate.unwrap_or_else(|| panic!("{said}{}", String::from_utf8_lossy(&output.stderr))).parse().unwrap()
}

/// Rows a second in a loop on one connection.
pub(crate) async fn in_a_loop(database: &Database, within: Duration) -> f64 {
    match database {
        Database::Postgres(database) => in_a_loop_of_postgres(&database.url(), within).await,
        Database::Sqlite(folder) => {
            let file = database::file(folder);
            tokio::task::spawn_blocking(move || in_a_loop_of_sqlite(&file, within)).await.unwrap()
        }
    }
}

async fn in_a_loop_of_postgres(url: &str, within: Duration) -> f64 {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    let statement = client.prepare(&format!("SELECT {COLUMNS} FROM connections WHERE user_id = $1")).await.unwrap();
    let (begun, mut read) = (Instant::now(), 0);
    while begun.elapsed() < within {
        let row = client.query_one(&statement, &[&users::name(read % USERS).as_bytes()]).await.unwrap();
        assert_eq!(row.get::<_, &str>("state"), "connected");
        read += 1;
    }
    a_second(read, begun.elapsed())
}

fn in_a_loop_of_sqlite(file: &Path, within: Duration) -> f64 {
    use connections::dsl;

    let mut connection = database::sqlite(file);
    let (begun, mut read) = (Instant::now(), 0);
    while begun.elapsed() < within {
        let columns = (
            (
                dsl::revision,
                dsl::epoch,
                dsl::generation,
                dsl::state,
                dsl::host,
                dsl::account_id,
                dsl::tokens,
                dsl::issued_at,
            ),
            (
                dsl::expires_at,
                dsl::reauth_reason,
                dsl::reauth_since,
                dsl::connected_at,
                dsl::refreshed_at,
                dsl::problem,
                dsl::problem_since,
            ),
        );
        let row = dsl::connections.find(users::name(read % USERS).into_bytes()).select(columns);
        let row: Row = row.first(&mut connection).unwrap();
        assert_eq!(row.0.3, "connected");
        read += 1;
    }
    a_second(read, begun.elapsed())
}
