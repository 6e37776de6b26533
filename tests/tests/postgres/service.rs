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
async fn two_instances_behind_one_database_are_one_service() {
    let database = PgDatabase::empty(&test_server()).await;
    let one = world(&database).await;
    let two = one.another_instance().await;

    // Begun at the one, back at the other, asked for at both.
    let attempt = one.attempt("olena").await;
    let redirect = one.browser().allow(&attempt.url).await;
    let page = two.callback(&redirect.parameters()).await;
    assert_eq!((page.status, page.link_parameter("success").as_deref()), (200, Some("true")), "{page:?}");
    assert_eq!(one.progress("olena", &attempt).await.0, "connected");
    for service in [&*one, &*two] {
        assert_eq!(service.state_of("olena").await, "connected");
        assert_eq!(service.state_of("ivan").await, "not_connected");
    }

    // One code loaded at both at once is exchanged once, and claimed by one user.
    let (code, referer) = one.code(ACCOUNT);
    let query = [("code", &*code), ("state", "the app's own"), ("referer", &*referer)];
    let loads = [&*one, &*two, &*one, &*two].map(|service| service.callback(&query));
    for page in futures_util::future::join_all(loads).await {
        assert_eq!(page.status, 200, "{page:?}");
    }
    assert_eq!(one.sandbox.stats().exchanges, 2);
    let body = serde_json::json!({ "code": code });
    let claims =
        [(&*one, "ivan"), (&*two, "taras")].map(|(service, user)| service.post(user, "/exchange-code", body.clone()));
    let mut statuses: Vec<u16> =
        futures_util::future::join_all(claims).await.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);

    // An expired access token is renewed once, whoever asks.
    assert_eq!(one.sandbox.expire_access(ACCOUNT).unwrap(), 2);
    let asked = [&*one, &*two].map(|service| service.get("olena", "/leads?limit=1"));
    for leads in futures_util::future::join_all(asked).await {
        assert_eq!(leads.status, 200, "{leads:?}");
    }
    assert_eq!(one.sandbox.stats().refreshes, 1);

    assert_eq!(two.post("olena", "/disconnect", serde_json::json!({})).await.status, 200);
    assert_eq!(one.state_of("olena").await, "not_connected");
    two.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn serve_stops_at_a_newer_database_that_it_cannot_serve() {
    let database = PgDatabase::migrated(&test_server()).await;
    database.execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('30000101000000')").await;
    database.execute("UPDATE schema_compatibility SET oldest_migration = '30000101000000'").await;
    let folder = tempfile::tempdir().unwrap();
    let url = database.url();
    let variables = [
        ("AMO_CLIENT_ID", "id"),
        ("AMO_CLIENT_SECRET", "secret"),
        ("AMO_REDIRECT_URI", "https://app.example/api/amo-crm/callback"),
        ("JWT_SECRET", amo_connect_tests::JWT_SECRET),
        ("TOKEN_KEYS", "one:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
        ("DATABASE_URL", &url),
        ("BIND", "127.0.0.1:0"),
    ];
    let (code, _, complaint) = Process::start(&["serve"], &variables, folder.path()).ended().await;
    assert_eq!(code, Some(1));
    for told in
        ["cannot serve it: it has the migrations 30000101000000", "knows 30000101000000; this one knows those up to 2"]
    {
        assert!(complaint.contains(told), "{complaint}");
    }
}
