//! Each alert fires in a fault that is played on the real binary, and no other fires with it.

use amo_connect_sandbox::{Failure, Faults};
use amo_connect_tests::{ACCOUNT, Served, Service, binary, start_unread, until};
use diesel::connection::SimpleConnection as _;
use futures_util::future::join_all;

use crate::promtool::{Played, alerts};
use crate::scrape::Scrape;
use crate::stage::Stage;

/// Which alerts fire in which fault.
const FIRES: &[(&str, &[&str])] = &[
    ("nothing", &[]),
    ("killed", &["AmoConnectDown"]),
    ("wrong secret", &["AmoConnectMisconfigured", "AmoConnectErrors", "AmoConnectRefreshesFailing"]),
    ("not writable", &["AmoConnectStorageNotWritable", "AmoConnectErrors"]),
    ("not saved", &["AmoConnectPairsNotSaved"]),
    ("lost", &["AmoConnectPairsLost"]),
    ("unreadable", &["AmoConnectTokensUnreadable", "AmoConnectErrors"]),
    ("stuck", &["AmoConnectBackgroundStuck"]),
    (
        "answer lost",
        &["AmoConnectRotationLost", "AmoConnectManyDisconnected", "AmoConnectErrors", "AmoConnectCrmUnavailable"],
    ),
    ("crm down", &["AmoConnectCrmUnavailable", "AmoConnectErrors"]),
    ("tokens down", &["AmoConnectRefreshesFailing", "AmoConnectCrmUnavailable", "AmoConnectErrors"]),
    ("crm slow", &["AmoConnectCrmSlow"]),
    ("banned", &["AmoConnectCircuitOpen", "AmoConnectErrors"]),
    ("crowd", &["AmoConnectPermitsExhausted", "AmoConnectErrors"]),
    ("locked", &["AmoConnectPoolExhausted", "AmoConnectErrors"]),
    ("few descriptors", &["AmoConnectOverloaded", "AmoConnectErrors"]),
    ("strangers", &["AmoConnectCodesRefused"]),
    ("unread log", &["AmoConnectLogLinesDropped"]),
];

#[track_caller]
fn fires(fault: &str, before: &Scrape, after: &Scrape, unsure: &[&str]) {
    Played { before, after: Some(after) }.fires(expected(fault), unsure);
}

fn expected(fault: &str) -> &'static [&'static str] {
    FIRES.iter().find(|(name, _)| *name == fault).unwrap().1
}

/// A scrape after a further good round of background work: without one it looks stuck.
async fn scrape_after_a_round(service: &Service) -> Scrape {
    let rounds = r#"amo_connect_background_rounds_total{outcome="ok"}"#;
    let before = Scrape::of(&service.base).await.count(rounds);
    until("a round has ended", async || Scrape::of(&service.base).await.count(rounds) > before).await;
    Scrape::of(&service.base).await
}

#[test]
fn every_alert_is_played() {
    let played: Vec<_> = FIRES.iter().flat_map(|(_, alerts)| alerts.iter().copied()).collect();
    let unplayed: Vec<_> = alerts().into_iter().filter(|alert| !played.contains(&alert.as_str())).collect();
    assert!(unplayed.is_empty(), "{unplayed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_alert_fires_on_a_good_day_and_one_when_it_is_killed() {
    let stage = Stage::when_due().await;
    let before = stage.scrape().await;
    for _ in 0..3 {
        assert_eq!(stage.leads().await, 200);
    }
    let after = scrape_after_a_round(&stage).await;
    fires("nothing", &before, &after, &[]);
    stage.service.into_process().kill().await;
    Played { before: &after, after: None }.fires(expected("killed"), &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_secret() {
    let stage = Stage::when_due().await;
    let mut settings = stage.world.settings_elsewhere();
    settings.amo_client_secret = Some("wrong".to_owned());
    let wrong = Served::start(&settings, &stage.world.folder()).await;
    let before = Scrape::of(&wrong.base).await;
    assert_eq!(wrong.get("olena", "/leads?limit=1").await.status, 502);
    fires("wrong secret", &before, &scrape_after_a_round(&wrong).await, &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_cannot_be_written() {
    let stage = Stage::start().await;
    stage.world.connect_by(&stage, "olena", ACCOUNT).await;
    let before = stage.scrape().await;
    // As on a full disk: whatever is written fails.
    for table in ["turns", "looks", "heartbeat"] {
        for change in ["INSERT", "UPDATE"] {
            let full = "SELECT RAISE(ABORT, 'database or disk is full')";
            stage.execute(&format!("CREATE TRIGGER {table}_{change} BEFORE {change} ON {table} BEGIN {full}; END"));
        }
    }
    let after = async || {
        assert_eq!(stage.leads().await, 503);
        stage.scrape().await
    };
    // What is written in the background changes nothing here, and so succeeds.
    until("the last write has failed", async || after().await.count("amo_connect_storage_writable") == 0).await;
    let rounds = [r#"amo_connect_background_rounds_total{outcome="ok"}"#];
    until("a round has ended", async || stage.scrape().await.rise(&before, rounds) > [0]).await;
    fires("not writable", &before, &after().await, &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pair_that_cannot_be_saved() {
    let stage = Stage::when_due().await;
    let before = stage.scrape().await;
    stage.execute(
        "CREATE TRIGGER refuse BEFORE UPDATE OF tokens ON connections WHEN OLD.tokens IS NOT NEW.tokens
         BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END",
    );
    let fault = async {
        until("a pair waits", async || stage.scrape().await.count("amo_connect_unsaved_pairs") == 1).await;
        let after = scrape_after_a_round(&stage).await;
        stage.execute("DROP TRIGGER refuse");
        after
    };
    let (leads, after) = tokio::join!(stage.leads(), fault);
    assert_eq!(leads, 200);
    // The last write may have been another one.
    fires("not saved", &before, &after, &["AmoConnectStorageNotWritable"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pair_that_the_database_has_lost() {
    let stage = Stage::when_due().await;
    stage.execute("CREATE TABLE earlier AS SELECT * FROM connections");
    assert_eq!(stage.leads().await, 200);
    let before = stage.scrape().await;
    stage.execute("DELETE FROM connections; INSERT INTO connections SELECT * FROM earlier");
    assert_eq!(stage.leads().await, 200);
    fires("lost", &before, &scrape_after_a_round(&stage).await, &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_cannot_be_opened() {
    let stage = Stage::when_due().await;
    let before = stage.scrape().await;
    stage.execute("UPDATE connections SET tokens = zeroblob(length(tokens))");
    assert_eq!(stage.leads().await, 500);
    fires("unreadable", &before, &scrape_after_a_round(&stage).await, &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn background_work_that_is_stuck() {
    let stage = Stage::start().await;
    stage.execute("ALTER TABLE connections RENAME TO away");
    let failed = r#"amo_connect_background_rounds_total{outcome="failed"}"#;
    until("a round has failed", async || stage.scrape().await.count(failed) >= 1).await;
    let before = stage.scrape().await;
    until("another has failed", async || stage.scrape().await.count(failed) > before.count(failed)).await;
    // A sweep writes, and may have failed the last time.
    fires("stuck", &before, &stage.scrape().await, &["AmoConnectStorageNotWritable"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_amocrms_that_was_lost() {
    let stage = Stage::when_due().await;
    let before = stage.scrape().await;
    stage.faults(Faults { fail_token: vec![Failure::DropAfter], ..Faults::default() });
    assert_eq!(stage.leads().await, 502);
    let refused = [r#"amo_connect_refreshes_total{outcome="refused",reason="rotation_lost"}"#];
    until("the token is refused", async || stage.scrape().await.rise(&before, refused) == [1]).await;
    // One of two refreshes has failed: that is no more than half.
    fires("answer lost", &before, &scrape_after_a_round(&stage).await, &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_amocrm_that_is_down() {
    let stage = Stage::start().await;
    stage.world.connect_by(&stage, "olena", ACCOUNT).await;
    let before = stage.scrape().await;
    stage.faults(Faults { api_outage: Some(Failure::Status(503)), ..Faults::default() });
    assert_eq!(stage.leads().await, 502);
    fires("crm down", &before, &scrape_after_a_round(&stage).await, &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_endpoint_that_is_down() {
    let stage = Stage::when_due().await;
    let before = stage.scrape().await;
    stage.faults(Faults { token_outage: Some(Failure::Status(503)), ..Faults::default() });
    assert_eq!(stage.leads().await, 502);
    fires("tokens down", &before, &scrape_after_a_round(&stage).await, &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_amocrm_that_is_slow() {
    let stage = Stage::start().await;
    stage.world.connect_by(&stage, "olena", ACCOUNT).await;
    let path = stage.lead_paths(1).await.remove(0);
    let before = stage.scrape().await;
    stage.faults(Faults { latency_ms: 3_000, ..Faults::default() });
    assert_eq!(stage.get("olena", &path).await.status, 200);
    fires("crm slow", &before, &scrape_after_a_round(&stage).await, &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ban() {
    let stage = Stage::start().await;
    stage.world.connect_by(&stage, "olena", ACCOUNT).await;
    // Another instance has not counted what is in the database, which each does twice a minute.
    let other = Served::start(&stage.world.settings_elsewhere(), &stage.world.folder()).await;
    stage.faults(Faults { api_outage: Some(Failure::Html403), ..Faults::default() });
    assert_eq!(other.get("olena", "/leads?limit=1").await.status, 502);
    fires("banned", &Scrape::default(), &scrape_after_a_round(&other).await, &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_that_waits_for_permits() {
    let stage = Stage::at_rate(1).await;
    stage.world.connect_by(&stage, "olena", ACCOUNT).await;
    let paths = stage.lead_paths(12).await;
    let before = stage.scrape().await;
    join_all(paths.iter().map(async |path| stage.get("olena", path).await.status)).await;
    fires("crowd", &before, &scrape_after_a_round(&stage).await, &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_locked() {
    let stage = Stage::start().await;
    let before = stage.scrape().await;
    let mut lock = stage.sqlite();
    lock.batch_execute("BEGIN IMMEDIATE").unwrap();
    assert!(stage.disconnect_many().await.contains(&503));
    lock.batch_execute("COMMIT").unwrap();
    fires("locked", &before, &scrape_after_a_round(&stage).await, &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_with_few_descriptors() {
    let stage = Stage::start().await;
    stage.world.connect_by(&stage, "olena", ACCOUNT).await;
    let paths = stage.lead_paths(60).await;
    // Of 512, 64 are for calls to amoCRM, 48 of these for reads, and 16 of these for one host.
    let small = Served::start_within(512, &stage.world.settings_elsewhere(), &stage.world.folder()).await;
    let before = Scrape::of(&small.base).await;
    stage.faults(Faults { latency_ms: 1_000, ..Faults::default() });
    let statuses = join_all(paths.iter().map(async |path| small.get("olena", path).await.status)).await;
    assert!(statuses.contains(&503), "{statuses:?}");
    // Where the machine is slow, the permits of so many are late, too.
    let unsure = ["AmoConnectPermitsExhausted"];
    fires("few descriptors", &before, &scrape_after_a_round(&small).await, &unsure);
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_who_make_codes_up() {
    let stage = Stage::start().await;
    let before = stage.scrape().await;
    stage.faults(Faults { latency_ms: 1_000, ..Faults::default() });
    let host = &stage.world.sandbox.hosts()[0];
    let pages = join_all((0..60).map(async |number| {
        let code = format!("made-up-{number}");
        stage.callback(&[("code", &code), ("referer", host)]).await.status
    }))
    .await;
    assert!(pages.contains(&429), "{pages:?}");
    fires("strangers", &before, &scrape_after_a_round(&stage).await, &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_nobody_reads() {
    let stage = Stage::start().await;
    let settings = stage.world.settings_elsewhere();
    let service = Service::with(&settings);
    let _child = start_unread(&binary(), &["serve"], &settings, &[("RUST_LOG", "debug")], &stage.world.folder());
    service.until_it_answers().await;
    let before = Scrape::of(&service.base).await;
    assert_eq!(service.pipeline_healthz(12_000).await, 12_000);
    fires("unread log", &before, &scrape_after_a_round(&service).await, &[]);
}
