//! First starts, and databases of other versions.

use amo_connect_adapters::migrate::{MigrationError, Pending};
use amo_connect_adapters::postgres::{OpenError, PgOptions, migrate};
use amo_connect_domain::ports::{StoreError, StoreHealth as _};
use amo_connect_tests::{PgDatabase, test_server};

use crate::steps::{open, open_with, opened, told};

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

#[tokio::test(flavor = "multi_thread")]
async fn many_first_starts_at_once_migrate_once() {
    let database = PgDatabase::empty(&test_server()).await;
    let url = database.url().parse().unwrap();
    let starts: Vec<_> = (0..8).map(|_| migrate(&url)).collect();
    let took = futures_util::future::join_all(starts).await;
    let took: Vec<_> = took.into_iter().map(Result::unwrap).filter(|names| !names.is_empty()).collect();
    assert_eq!(took, [ALL]);
    open(&database.url()).await.unwrap().ready().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_database_that_needs_a_newer_program_is_refused_and_left_alone() {
    let (database, store) = opened().await;
    database.execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('30000101000000')").await;
    database.execute("UPDATE schema_compatibility SET oldest_migration = '30000101000000'").await;
    assert!(matches!(store.ready().await, Err(StoreError::Unavailable(_))), "ready on another schema");
    let refused = open(&database.url()).await.unwrap_err();
    let told = told(&refused);
    let OpenError::Schema(MigrationError::Newer { unknown, .. }) = refused else { panic!("{refused:?}") };
    assert_eq!(unknown, ["30000101000000"]);
    assert!(told.contains("the database is newer than this program, which cannot serve it"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_database_that_this_program_can_serve_is_served() {
    let (database, store) = opened().await;
    database.execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('30000101000000')").await;
    store.ready().await.unwrap();
    for pending in [Pending::Refuse, Pending::Apply] {
        let options = PgOptions { pending, ..PgOptions::default() };
        open_with(&database.url(), options).await.unwrap().ready().await.unwrap();
    }
    assert_eq!(migrate(&database.url().parse().unwrap()).await.unwrap(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_lacks_migrations_can_be_refused_and_is_left_alone() {
    let database = PgDatabase::empty(&test_server()).await;
    let options = PgOptions { pending: Pending::Refuse, ..PgOptions::default() };
    let refused = open_with(&database.url(), options).await.unwrap_err();
    let OpenError::Schema(MigrationError::Pending(names)) = refused else { panic!("{refused:?}") };
    assert_eq!(names, ALL);
    assert_eq!(database.value("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").await.unwrap(), "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_that_fails_is_named_and_undone() {
    let database = PgDatabase::empty(&test_server()).await;
    database.execute("CREATE TABLE exchanges (mine TEXT)").await;
    let failed = migrate(&database.url().parse().unwrap()).await.unwrap_err();
    let OpenError::Schema(MigrationError::Failed { name, .. }) = failed else { panic!("{failed:?}") };
    assert_eq!(name, ALL[0]);
    assert_eq!(database.value("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").await.unwrap(), "1");
    database.execute("DROP TABLE exchanges").await;
    assert_eq!(migrate(&database.url().parse().unwrap()).await.unwrap(), ALL);
}

#[tokio::test(flavor = "multi_thread")]
async fn both_databases_have_the_same_columns() {
    let database = PgDatabase::migrated(&test_server()).await;
    let columns = "SELECT string_agg(table_name || '.' || column_name, ' ' ORDER BY table_name, ordinal_position) \
                   FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE '\\_\\_%'";
    let postgres = database.value(columns).await.unwrap();

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("amo-connect.db");
    amo_connect_adapters::sqlite::migrate(&file).await.unwrap();
    assert_eq!(postgres, sqlite_columns(&file));
}

fn sqlite_columns(file: &std::path::Path) -> String {
    use diesel::{Connection as _, RunQueryDsl as _};

    #[derive(diesel::QueryableByName)]
    struct Columns {
        #[diesel(sql_type = diesel::sql_types::Text)]
        columns: String,
    }
    let mut raw = diesel::SqliteConnection::establish(file.to_str().unwrap()).unwrap();
    let query = diesel::sql_query(
        "SELECT group_concat(name, ' ') AS columns FROM
             (SELECT t.name || '.' || c.name AS name FROM pragma_table_list t, pragma_table_info(t.name) c
              WHERE t.name NOT GLOB '__*' AND t.name NOT GLOB 'sqlite*' ORDER BY t.name, c.cid)",
    );
    query.get_result::<Columns>(&mut raw).unwrap().columns
}
