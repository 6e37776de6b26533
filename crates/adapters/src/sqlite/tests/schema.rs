//! Migrations, and databases of other versions.

use amo_connect_domain::ports::{StoreError, StoreHealth as _};

use super::fixtures::*;
use crate::cipher::TokenKeys;
use crate::migrate::{MigrationError, Pending};
use crate::sqlite::{OpenError, SqliteOptions, SqliteTokenStore, migrate};

const ALL: [&str; 12] = [
    "20261123100000_connections",
    "20261124220000_lifecycle",
    "20261124230000_turns",
    "20261128090000_clocks_and_faults",
    "20261128200000_schema_compatibility",
    "20261128203000_key_rings",
    "20261128210000_imports",
    "20261129200000_writes",
    "20261129235000_attempt_deep_links",
    "20261130030000_shares",
    "20261130040000_code_places",
    "20261130050000_writes_of_users",
];

async fn open_without_migrating(scratch: &Scratch) -> Result<SqliteTokenStore, OpenError> {
    let options = SqliteOptions { pending: Pending::Refuse, ..options() };
    SqliteTokenStore::open(&scratch.file(), TokenKeys::parse(KEY).unwrap(), options).await
}

#[tokio::test(flavor = "multi_thread")]
async fn migrating_tells_what_it_did_and_does_it_once() {
    let scratch = Scratch::new();
    assert_eq!(migrate(&scratch.file()).await.unwrap(), ALL);
    assert_eq!(migrate(&scratch.file()).await.unwrap(), [""; 0]);
    open_without_migrating(&scratch).await.unwrap().ready().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_lacks_migrations_can_be_refused() {
    let scratch = Scratch::new();
    assert!(matches!(open_without_migrating(&scratch).await, Err(OpenError::File { .. })));
    assert!(!scratch.file().exists());

    scratch.execute("PRAGMA user_version = 1");
    assert!(matches!(open_without_migrating(&scratch).await, Err(OpenError::NoDatabase { .. })));

    migrate(&scratch.file()).await.unwrap();
    scratch.execute("DELETE FROM __diesel_schema_migrations WHERE version > '20261123100000'");
    let refused = open_without_migrating(&scratch).await.unwrap_err();
    let OpenError::Schema { source: MigrationError::Pending(names), .. } = refused else { panic!("{refused:?}") };
    assert_eq!(names, ALL[1..]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_database_that_needs_a_newer_program_is_refused_and_left_alone() {
    let scratch = Scratch::new();
    let store = scratch.store().await;
    scratch.execute(
        "INSERT INTO __diesel_schema_migrations (version) VALUES ('30000101000000');
         UPDATE schema_compatibility SET oldest_migration = '30000101000000'",
    );
    let StoreError::Unavailable(_) = store.ready().await.unwrap_err() else { panic!("ready on another schema") };
    let refused = migrate(&scratch.file()).await.unwrap_err();
    let OpenError::Schema { source: MigrationError::Newer { unknown, .. }, .. } = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(unknown, ["30000101000000"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_database_that_this_program_can_serve_is_served() {
    let scratch = Scratch::new();
    let store = scratch.store().await;
    scratch.execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('30000101000000')");
    store.ready().await.unwrap();
    for pending in [Pending::Refuse, Pending::Apply] {
        let options = SqliteOptions { pending, ..options() };
        let started = SqliteTokenStore::open(&scratch.file(), TokenKeys::parse(KEY).unwrap(), options).await.unwrap();
        started.ready().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_that_fails_is_named_and_undone() {
    let scratch = Scratch::new();
    // A database of the first version, with a table of the third one in the way.
    scratch.execute(include_str!("../../../../../migrations/sqlite/20261123100000_connections/up.sql"));
    scratch.execute(
        "CREATE TABLE __diesel_schema_migrations (
             version VARCHAR(50) PRIMARY KEY NOT NULL, run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
         );
         INSERT INTO __diesel_schema_migrations (version) VALUES ('20261123100000');
         CREATE TABLE turns (mine TEXT)",
    );
    let failed = migrate(&scratch.file()).await.unwrap_err();
    let OpenError::Schema { source: MigrationError::Failed { name, .. }, .. } = failed else { panic!("{failed:?}") };
    assert_eq!(name, ALL[2]);
    scratch.execute("DROP TABLE turns");
    assert_eq!(migrate(&scratch.file()).await.unwrap(), ALL[1..]);
}

#[tokio::test(flavor = "multi_thread")]
async fn ready_means_writable() {
    let scratch = Scratch::new();
    let store = scratch.store().await;
    store.ready().await.unwrap();
    scratch.execute("DROP TABLE heartbeat");
    assert!(matches!(store.ready().await, Err(StoreError::Unavailable(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_may_open_a_new_file_at_once() {
    let scratch = Scratch::new();
    let opening: Vec<_> = (0..8)
        .map(|_| {
            let file = scratch.file();
            tokio::spawn(async move { SqliteTokenStore::open(&file, TokenKeys::parse(KEY).unwrap(), options()).await })
        })
        .collect();
    for store in opening {
        store.await.unwrap().unwrap().ready().await.unwrap();
    }
}
