//! `amo-connect move`, from a real SQLite file to a real PostgreSQL.

use std::fs;
use std::time::Duration;

use amo_connect_adapters::cipher::TokenKeys;
use amo_connect_adapters::sqlite::{SqliteOptions, SqliteTokenStore};
use amo_connect_contract::fixtures::{at, host, lease_request, owner, unsolicited, user, write_request};
use amo_connect_domain::client::ClientFingerprint;
use amo_connect_domain::connection::import::Import;
use amo_connect_domain::host_look_up::FoundHost;
use amo_connect_domain::idempotency::{WriteKind, WriteOutcome, WriteRequest, WrittenObject};
use amo_connect_domain::ids::AccountId;
use amo_connect_domain::ports::{
    HostLookUpStore as _, IdempotencyStore as _, ImportStore as _, RevocationQueue as _, TokenStore as _,
};
use amo_connect_domain::refresh::backoff::Backoff;
use amo_connect_domain::token::{CodeHash, RefreshToken};
use amo_connect_tests::{ACCOUNT, PgDatabase, Process, Served, World, start, test_server, until};

fn begin(world: &World, to: &str) -> Process {
    start(&["move"], &world.settings, &[("MOVE_TO", to)], &world.folder())
}

async fn refusal(world: &World, to: &str) -> String {
    let (code, output, complaint) = begin(world, to).ended().await;
    assert_eq!((code, output.as_str()), (Some(1), ""), "{complaint}");
    complaint
}

/// Rows that no ordinary day makes.
async fn fill(world: &World) {
    let file = world.folder().join("test.db");
    let keys = TokenKeys::parse(world.settings.token_keys.as_ref().unwrap()).unwrap();
    let store = SqliteTokenStore::open(&file, keys, SqliteOptions::default()).await.unwrap();
    store.request_check(AccountId(7)).await.unwrap();
    store.save_move(&host(1), &FoundHost { host: host(2), account: Some(AccountId(u64::MAX)) }).await.unwrap();
    let import =
        Import {
            user: user("їжак\0"), host: host(7), account: None, token: RefreshToken::new("r"), replaces: false
        };
    let imported = store.import(&import, at(0)).await.unwrap().unwrap();
    store.lease_refresh(&imported.user, &lease_request(imported.generation, owner(1))).await.unwrap();
    let accused = Some(ClientFingerprint([9; 8]));
    let backoff = Backoff { in_doubt: true, pause: Duration::from_mins(5), accused, was_sent: true };
    store.back_off_refresh(&imported.user, owner(1), &backoff).await.unwrap().unwrap();
    store.admit_code(&unsolicited(CodeHash([3; 32])), owner(2), at(0)).await.unwrap();
    let object = Some(WrittenObject { id: u64::MAX, is_new: true });
    let done = WriteOutcome::Done { object, comment: Some(1), missing_comment: true };
    let user = user("їжак\0\0");
    for (name, outcome) in [("done", Some(done)), ("unknown", Some(WriteOutcome::Unknown)), ("sent", None)] {
        let request = WriteRequest { kind: WriteKind::Lead, ..write_request(&user, name) };
        store.begin_write(&request, owner(3)).await.unwrap();
        store.record_sending(&user, request.key, owner(3)).await.unwrap().unwrap();
        if let Some(outcome) = outcome {
            store.settle_write(&request, owner(3), &outcome).await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_is_moved_row_by_row_through_a_kill_and_serves_there() {
    let mut world = World::without_service().await;
    let link = "foryoure-dev://amo-crm/callback";
    world.settings.app_deep_links = Some(link.to_owned());
    let served = Served::start(&world.settings, &world.folder()).await;
    world.connect("olena", ACCOUNT).await;
    let led = world.attempt_leading_to("ivan", link).await;
    assert_eq!(world.get("olena", "/leads?limit=1").await.status, 200);
    let database = PgDatabase::migrated(&test_server()).await;
    let to = database.url();
    assert!(refusal(&world, &to).await.contains("is in use: stop the service"));
    served.process().terminate();
    assert_eq!(served.into_process().ended().await.0, Some(0));
    fill(&world).await;
    let file = world.folder().join("test.db");
    let before = fs::read(&file).unwrap();

    let lock = database.transaction("LOCK TABLE audit IN SHARE MODE").await;
    let killed = begin(&world, &to);
    let waits = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    until("the move waits for the lock", async || database.value(waits).await.is_some()).await;
    killed.kill().await;
    drop(lock);
    assert_eq!(database.value("SELECT count(*) FROM connections").await.as_deref(), Some("2"));
    let mut other = amo_connect::config::Given { ..world.settings.clone() };
    fs::copy(&file, world.folder().join("copy.db")).unwrap();
    other.database_url = Some(format!("sqlite:{}", world.folder().join("copy.db").display()));
    // The server may not know yet that the first one is gone.
    until("the killed move is gone", async || {
        let (code, _, complaint) = start(&["move", "--to", &to], &other, &[], &world.folder()).ended().await;
        assert_eq!(code, Some(1), "{complaint}");
        complaint.contains("an unfinished move of another file")
    })
    .await;

    // Tokens that were renewed there would be lost when the move goes on.
    let half = amo_connect::config::Given { database_url: Some(to.clone()), ..world.settings.clone() };
    for command in [&["serve"][..], &["connections", "list"]] {
        let (code, _, complaint) = start(command, &half, &[], &world.folder()).ended().await;
        assert_eq!(code, Some(1), "{complaint}");
        assert!(complaint.contains("a move to this PostgreSQL database is not finished"), "{complaint}");
    }

    let (code, said, complaint) = begin(&world, &to).ended().await;
    assert_eq!(code, Some(0), "{complaint}");
    let lines: Vec<_> = said.lines().collect();
    let (end, tables) = lines.split_last().unwrap();
    assert!(end.starts_with("Moved ") && end.ends_with("The file is as it was."), "{said}");
    assert!(tables.len() >= 10 && tables.iter().all(|line| !line.ends_with(": 0")), "each table has rows: {said}");
    assert_eq!(fs::read(&file).unwrap(), before);
    assert_eq!(database.value("SELECT to_regclass('unfinished_move')").await, None);
    assert!(refusal(&world, &to).await.contains("is not empty"));

    world.settings.database_url = Some(to);
    world.start_service().await;
    assert_eq!(world.state_of("olena").await, "connected");
    let page = world.callback(&[("state", &led.state)]).await;
    assert!(page.deep_link().starts_with(&format!("{link}?")), "{}", page.deep_link());
    assert_eq!(world.get("olena", "/leads?limit=1").await.status, 200);
    world.post("olena", "/disconnect", serde_json::json!({})).await.json();
    let last = "SELECT event FROM audit ORDER BY id DESC LIMIT 1";
    assert_eq!(database.value(last).await.as_deref(), Some("disconnected"), "new entries come after the old ones");
}

/// It would renew tokens of rows that are copied, and the move would find what it has not written.
#[tokio::test(flavor = "multi_thread")]
async fn no_store_is_moved_to_a_database_on_which_a_service_runs() {
    let world = World::without_service().await;
    assert_eq!(start(&["migrate"], &world.settings, &[], &world.folder()).ended().await.0, Some(0));
    let database = PgDatabase::migrated(&test_server()).await;
    let to = database.url();
    let elsewhere = amo_connect::config::Given { database_url: Some(to.clone()), ..world.settings.clone() };
    let served = Served::start(&elsewhere, &world.folder()).await;
    assert!(refusal(&world, &to).await.contains("a service is running on the database"));
    assert_eq!(database.value("SELECT to_regclass('unfinished_move')").await, None);
    served.process().terminate();
    assert_eq!(served.into_process().ended().await.0, Some(0));
    let (code, said, complaint) = begin(&world, &to).ended().await;
    assert_eq!(code, Some(0), "{said} {complaint}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_sqlite_file_of_ours_is_moved_and_only_to_an_empty_postgresql() {
    let world = World::without_service().await;
    assert!(refusal(&world, "sqlite:other.db").await.contains("--to postgres://"));
    assert!(refusal(&world, "mysql://u:hunter2@host/db").await.contains("--to: is neither"));
    let database = PgDatabase::migrated(&test_server()).await;
    assert!(refusal(&world, &database.url()).await.contains("SQLite database cannot be moved"), "there is no file");
    start(&["migrate"], &world.settings, &[], &world.folder()).ended().await;
    database.execute("INSERT INTO clients (client) VALUES ('\\x01')").await;
    // As an older version has left it: what is refused is not migrated.
    database
        .execute("DROP TABLE writes, imports; DELETE FROM __diesel_schema_migrations WHERE version >= '20261128210000'")
        .await;
    assert!(refusal(&world, &database.url()).await.contains("its table clients has rows"));
    assert_eq!(database.value("SELECT to_regclass('imports')").await, None);
    assert_eq!(database.value("SELECT to_regclass('unfinished_move')").await, None);
}
