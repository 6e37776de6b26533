//! Refreshes, exchanges and pairs that are not saved.

use amo_connect_sandbox::{Failure, Faults};
use amo_connect_tests::{ACCOUNT, until};

use crate::stage::Stage;

const REFRESHED: &str = r#"amo_connect_refreshes_total{outcome="refreshed",reason="none"}"#;
const DOUBTED: &str = r#"amo_connect_refreshes_total{outcome="in_doubt",reason="outcome_unknown"}"#;
const UNSAVED: &str = "amo_connect_unsaved_pairs";
const UNDER_WAY: &str = "amo_connect_token_requests_under_way";

/// The fields that a line of the log must have.
#[track_caller]
fn assert_line(line: &str, fields: &[&str]) {
    for field in fields {
        assert!(line.contains(field), "no {field} in {line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_is_counted_and_leaves_one_line() {
    let stage = Stage::when_due().await;
    let before = stage.scrape().await;
    assert_eq!(stage.leads().await, 200);
    let after = stage.scrape().await;
    let series = [
        REFRESHED,
        r#"amo_connect_refresh_leases_total{kind="first"}"#,
        "amo_connect_refresh_duration_seconds_count",
        r#"amo_connect_crm_calls_total{endpoint="refresh",outcome="ok"}"#,
        DOUBTED,
    ];
    assert_eq!(after.rise(&before, series), [1, 1, 1, 1, 0]);

    let line = stage.process().until_logged("refresh succeeded").await;
    assert_line(&line, &["INFO", "olena", &ACCOUNT.to_string(), "refreshed", "duration_ms", "request.id"]);
    assert_eq!(stage.process().times_logged("refresh "), 1, "{}", stage.process().logged());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_is_in_doubt_until_the_token_is_sent_again() {
    let stage = Stage::when_due().await;
    stage.faults(Faults { fail_token: vec![Failure::DropAfter], ..Faults::default() });
    assert_eq!(stage.leads().await, 502);
    assert_eq!(stage.scrape().await.count(DOUBTED), 1);
    let line = stage.process().until_logged("refresh failed").await;
    assert_line(&line, &["WARN", "olena", "in_doubt", "outcome_unknown", "attempt", "duration_ms"]);

    let refused = r#"amo_connect_refreshes_total{outcome="refused",reason="rotation_lost"}"#;
    until("the token was sent again and refused", async || stage.scrape().await.count(refused) == 1).await;
    assert_eq!(stage.scrape().await.count(r#"amo_connect_refresh_leases_total{kind="again"}"#), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exchange_is_counted_by_its_outcome() {
    let stage = Stage::start().await;
    stage.world.connect_by(&stage, "olena", ACCOUNT).await;
    let line = stage.process().until_logged("exchange succeeded").await;
    assert_line(&line, &["INFO", "olena", &ACCOUNT.to_string(), "saved", "duration_ms"]);

    stage.faults(Faults { token_outage: Some(Failure::Status(503)), ..Faults::default() });
    let (code, referer) = stage.world.code(ACCOUNT);
    let begun = stage.attempt("ivan").await;
    let answer = stage.callback(&[("code", &code), ("state", &begun.state), ("referer", &referer)]).await;
    assert_eq!(answer.status, 502);
    let scrape = stage.scrape().await;
    assert_eq!(scrape.count(r#"amo_connect_exchanges_total{outcome="saved",reason="none"}"#), 1);
    assert_eq!(scrape.count(r#"amo_connect_exchanges_total{outcome="failed",reason="outcome_unknown"}"#), 1);
    assert_eq!(scrape.count("amo_connect_exchange_duration_seconds_count"), 2);
    let line = stage.process().until_logged("exchange failed").await;
    assert_line(&line, &["WARN", "ivan", "outcome_unknown", "duration_ms"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pair_that_cannot_be_saved_is_seen_until_it_is() {
    let stage = Stage::when_due().await;
    assert_eq!(stage.scrape().await.count(UNSAVED), 0);
    stage.faults(Faults { token_latency_ms: 300, ..Faults::default() });
    stage.execute(
        "CREATE TRIGGER refuse BEFORE UPDATE OF tokens ON connections WHEN OLD.tokens IS NOT NEW.tokens
         BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END",
    );
    let save = async {
        until("the token is under way", async || stage.scrape().await.count(UNDER_WAY) == 1).await;
        until("the pair is not saved", async || stage.scrape().await.count(UNSAVED) == 1).await;
        let failed = async || stage.scrape().await.count("amo_connect_save_failures_total") >= 1;
        until("saving has failed", failed).await;
        stage.execute("DROP TRIGGER refuse");
    };
    let (leads, ()) = tokio::join!(stage.leads(), save);
    assert_eq!(leads, 200);
    let scrape = stage.scrape().await;
    assert_eq!((scrape.count(UNSAVED), scrape.count(UNDER_WAY), scrape.count(REFRESHED)), (0, 0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn rounds_of_background_work_and_sweeps_are_counted() {
    let stage = Stage::start().await;
    let rounds = r#"amo_connect_background_rounds_total{outcome="ok"}"#;
    until("a second round has ended", async || stage.scrape().await.count(rounds) >= 2).await;
    let scrape = stage.scrape().await;
    assert!(scrape.count("amo_connect_background_round_duration_seconds_count") >= 2);
    assert!(scrape.value("amo_connect_background_round_age_seconds") < 60.0);
    let swept = r#"amo_connect_sweeps_total{outcome="ok"}"#;
    until("a sweep has ended", async || stage.scrape().await.count(swept) >= 1).await;

    stage.execute("ALTER TABLE connections RENAME TO away");
    let failed = r#"amo_connect_background_rounds_total{outcome="failed"}"#;
    until("a round has failed", async || stage.scrape().await.count(failed) >= 1).await;
    let age = async || stage.scrape().await.value("amo_connect_background_round_age_seconds");
    until("the last good round is long ago", async || age().await > 3.0).await;
}
