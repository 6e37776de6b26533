//! A SQLite file of another program, and files that lie where SQLite would put its own, are left
//! as they are by every command.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, SqliteConnection};

use crate::files::{COMMANDS, refused_and_left, refused_by, state};
use crate::run;

const DIESEL: &str = "CREATE TABLE __diesel_schema_migrations (version VARCHAR(50) PRIMARY KEY NOT NULL, run_on TEXT);
    INSERT INTO __diesel_schema_migrations (version) VALUES ('20200101000000'); CREATE TABLE connections (a);";

/// A database at `x.db`, and the connection that made it.
fn database(folder: &Path, statements: &str) -> SqliteConnection {
    let mut connection = SqliteConnection::establish(folder.join("x.db").to_str().unwrap()).unwrap();
    connection.batch_execute(statements).unwrap();
    fs::set_permissions(folder.join("x.db"), fs::Permissions::from_mode(0o644)).unwrap();
    connection
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_another_program_keeps_mode_header_and_tables() {
    for statements in [
        "CREATE TABLE bookmarks (a); INSERT INTO bookmarks VALUES (1);",
        "CREATE VIEW bookmarks AS SELECT 1;",
        "PRAGMA journal_mode = WAL; CREATE TABLE bookmarks (a);",
        DIESEL,
        "CREATE TABLE __diesel_schema_migrations (else_);",
    ] {
        let folder = tempfile::tempdir().unwrap();
        drop(database(folder.path(), statements));
        refused_by(&COMMANDS, folder.path(), "x.db", "x.db is a SQLite database of another program").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_another_program_has_open_keeps_its_log() {
    let folder = tempfile::tempdir().unwrap();
    // The table is in the log alone, which is read through SQLite's own locks. To take them SQLite,
    // run by root, gives log and index to the owner that they have: that is a time, and no change.
    let statements = "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; CREATE TABLE bookmarks (a);";
    let mut open = database(folder.path(), statements);
    let lasting = |folder: &Path| {
        let files = state(folder).into_iter();
        files.map(|(name, mode, written, _, content)| (name, mode, written, content)).collect::<Vec<_>>()
    };
    let why = "x.db is a SQLite database of another program";
    refused_and_left(&COMMANDS, folder.path(), "x.db", why, lasting).await;
    open.batch_execute("PRAGMA wal_checkpoint").unwrap();
    refused_by(&COMMANDS, folder.path(), "x.db", why).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_begins_as_a_database_keeps_its_mode() {
    let folder = tempfile::tempdir().unwrap();
    let magic = b"SQLite format 3\0";
    for content in [magic.to_vec(), [&magic[..], &b"a text of somebody\n".repeat(60)].concat()] {
        fs::write(folder.path().join("x.db"), content).unwrap();
        fs::set_permissions(folder.path().join("x.db"), fs::Permissions::from_mode(0o644)).unwrap();
        refused_by(&COMMANDS, folder.path(), "x.db", "file is not a database").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_in_the_place_of_one_of_sqlites_stays() {
    for suffix in ["wal", "shm", "journal"] {
        for empty in [false, true] {
            let folder = tempfile::tempdir().unwrap();
            if empty {
                fs::write(folder.path().join("x.db"), "").unwrap();
            }
            fs::write(folder.path().join(format!("x.db-{suffix}")), "an important text\n".repeat(9)).unwrap();
            refused_by(&COMMANDS[..2], folder.path(), "x.db", &format!("a file with -{suffix} after its name")).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_without_tables_becomes_ours_by_serve_and_migrate_alone() {
    let folder = tempfile::tempdir().unwrap();
    drop(database(folder.path(), "PRAGMA user_version = 1"));
    refused_by(&COMMANDS[2..], folder.path(), "x.db", "has no tables").await;
    let (code, output, complaint) = run(&["migrate"], &[("DATABASE_URL", "x.db")], folder.path()).await;
    assert_eq!(code, Some(0), "{complaint}");
    assert!(output.starts_with("Applied "), "{output}");
    assert_eq!(fs::metadata(folder.path().join("x.db")).unwrap().mode() & 0o777, 0o600);
}
