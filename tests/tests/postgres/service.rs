//! The service, with `DATABASE_URL=postgres://…`.

use amo_connect_tests::{ACCOUNT, PgDatabase, Process, World, test_server};

async fn world(database: &PgDatabase) -> World {
    let url = database.url();
    World::start_with(|settings| {
        settings.database_url = Some(url);
        settings.database_pool = Some("4".to_owned());
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_connects_sees_leads_and_disconnects_and_the_database_shows_no_secret() {
    let database = PgDatabase::empty(&test_server()).await;
    let mut world = world(&database).await;
    let (attempt, code) = world.connect("olena", ACCOUNT).await;
    world.restart().await;
    assert_eq!(world.state_of("olena").await, "connected");
    assert_eq!(world.get("olena", "/leads").await.status, 200);

    let dump = database.dump().await;
    assert!(dump.contains("olena") && dump.contains("connected"), "{dump}");
    for secret in [&attempt.state, &code, "eyJ"] {
        assert!(!dump.contains(secret), "{secret}: {dump}");
    }
    assert_eq!(world.post("olena", "/disconnect", serde_json::json!({})).await.status, 200);
    assert_eq!(database.value("SELECT count(tokens) FROM connections").await.unwrap(), "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn serve_stops_at_a_database_that_is_newer_than_it() {
    let database = PgDatabase::migrated(&test_server()).await;
    database.execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('30000101000000')").await;
    let folder = tempfile::tempdir().unwrap();
    let url = database.url();
    let variables = [
        ("AMO_CLIENT_ID", "id"),
        ("AMO_CLIENT_SECRET", "secret"),
        ("AMO_REDIRECT_URI", "https://app.example/api/amo-crm/callback"),
        ("JWT_SECRET", "the app's and the service's"),
        ("TOKEN_KEYS", "one:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
        ("DATABASE_URL", &url),
        ("BIND", "127.0.0.1:0"),
    ];
    let (code, _, complaint) = Process::start(&["serve"], &variables, folder.path()).ended().await;
    assert_eq!(code, Some(1));
    assert!(complaint.contains("newer than this program: it has migrations 30000101000000"), "{complaint}");
}
