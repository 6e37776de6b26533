//! Being let in, or not, and what is told of it.

use amo_connect_tests::PgDatabase;
use amo_connect_xtask::postgres::{Cluster, Options};

use crate::steps::{connected, open, opened, refusal, unavailable};

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_says_why_and_shows_neither_user_nor_password() {
    let access = "local all postgres trust\nlocal all olena scram-sha-256".to_owned();
    let cluster = Cluster::start(&Options { access, ..Options::default() }).unwrap();
    let database = PgDatabase::migrated(&cluster.url("postgres")).await;
    database.execute("CREATE ROLE olena LOGIN PASSWORD 'the right one'").await;
    database.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO olena").await;
    let url = |who: &str, database: &str| cluster.url(database).replace("postgres@", &format!("{who}@"));

    for (who, name, why) in [
        ("olena:hunter2", database.name(), "the server refuses the user, the password or this machine"),
        ("stranger:hunter2", database.name(), "the server refuses the user, the password or this machine"),
        ("olena", database.name(), "the server asks for a password"),
        ("postgres", "hunter2", "the server has no such database"),
    ] {
        let told = refusal(&url(who, name)).await;
        assert!(told.contains(why), "{told}");
        for word in ["hunter2", "olena", "stranger", "amo_connect_test"] {
            assert!(!told.contains(word), "{told}");
        }
    }
    // Nothing is to be migrated, so no right to make tables is needed.
    let store = open(&url("olena:the%20right%20one", database.name())).await.unwrap();
    amo_connect_domain::ports::StoreHealth::ready(&store).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_statement_shows_neither_itself_nor_its_values() {
    use amo_connect_domain::ports::TokenStore as _;

    let (database, store) = opened().await;
    database.execute("ALTER TABLE connections RENAME COLUMN tokens TO gone").await;
    let told = unavailable(store.save(&connected("olena"), None).await);
    for word in ["tokens", "connections", "olena", "INSERT"] {
        assert!(!told.contains(word), "{told}");
    }
}
