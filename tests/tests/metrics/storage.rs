//! The database: what is counted in it, its calls, its pools, and whether it can be written.

use std::cell::Cell;

use amo_connect_sandbox::{Failure, Faults};
use amo_connect_tests::{ACCOUNT, RIVAL, until};
use diesel::connection::SimpleConnection as _;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;

use crate::stage::Stage;

const WRITABLE: &str = "amo_connect_storage_writable";

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_counted_by_what_is_said_of_them() {
    let stage = Stage::start().await;
    for (user, account) in [("olena", ACCOUNT), ("ivan", RIVAL), ("maria", RIVAL)] {
        stage.world.connect_by(&stage, user, account).await;
    }
    assert_eq!(stage.post("maria", "/disconnect", json!({})).await.status, 200);
    let banned = Faults { api_outage: Some(Failure::Html403), ..Faults::default() };
    stage.world.sandbox.set_account_faults(ACCOUNT, banned).unwrap();
    assert_eq!(stage.leads().await, 502);

    // The first scrape asks the database.
    let scrape = stage.scrape().await;
    let count = |state: &str, problem: &str| {
        scrape.count(&format!("amo_connect_connections{{state=\"{state}\",problem=\"{problem}\"}}"))
    };
    assert_eq!(count("connected", "none"), 1);
    assert_eq!(count("connected", "provider_blocked"), 1);
    assert_eq!((count("disconnected", "none"), count("revoked", "none")), (1, 0));
    assert_eq!((count("needs_reauth", "grant_revoked"), count("connected", "misconfigured")), (0, 0));
    let circuits = |state: &str| scrape.count(&format!("amo_connect_circuits{{state=\"{state}\"}}"));
    assert_eq!((circuits("open"), circuits("half_open")), (1, 0));

    // The first key of the tests' TOKEN_KEYS; maria's tokens are wiped, the codes' records have theirs.
    assert!(scrape.count(r#"amo_connect_sealed_records{key="test",opened="true"}"#) >= 2);

    // Those that follow within half a minute do not.
    let asked = r#"amo_connect_storage_calls_total{operation="standings",outcome="ok"}"#;
    assert_eq!(stage.scrape().await.count(asked), 1);
    assert_eq!(stage.scrape().await.count(asked), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_cannot_be_written_is_seen_and_so_is_its_end() {
    let stage = Stage::start().await;
    stage.world.connect_by(&stage, "olena", ACCOUNT).await;
    let before = stage.scrape().await;
    assert_eq!(before.count(WRITABLE), 1);
    for change in ["INSERT", "UPDATE"] {
        let full = "SELECT RAISE(ABORT, 'database or disk is full')";
        stage.execute(&format!("CREATE TRIGGER refuse_{change} BEFORE {change} ON turns BEGIN {full}; END"));
    }
    assert_eq!(stage.leads().await, 503);
    let full = stage.scrape().await;
    assert_eq!(full.count(WRITABLE), 0);
    let series = [
        r#"amo_connect_storage_calls_total{operation="reserve",outcome="unavailable"}"#,
        r#"amo_connect_permits_total{outcome="permit_unavailable"}"#,
        r#"amo_connect_storage_calls_total{operation="connection",outcome="ok"}"#,
        r#"amo_connect_storage_call_duration_seconds_count{operation="reserve"}"#,
    ];
    let [refused, permits, reads, timed] = full.rise(&before, series);
    assert!(refused >= 1 && permits >= 1 && reads >= 1 && timed >= refused, "{refused} {permits} {reads} {timed}");

    stage.execute("DROP TRIGGER refuse_INSERT; DROP TRIGGER refuse_UPDATE");
    assert_eq!(stage.leads().await, 200);
    assert_eq!(stage.scrape().await.count(WRITABLE), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_shows_who_waits_and_counts_who_waited_in_vain() {
    let stage = Stage::start().await;
    let scrape = stage.scrape().await;
    let pool = |name: &str| scrape.count(&format!("amo_connect_storage_pool_size{{pool=\"{name}\"}}"));
    assert_eq!((pool("readers"), pool("writer")), (4, 1));

    let mut lock = stage.sqlite();
    lock.batch_execute("BEGIN IMMEDIATE").unwrap();
    let seen = Cell::new(false);
    let watch = async {
        let waiting = async || stage.scrape().await.count(r#"amo_connect_storage_pool_waiting{pool="writer"}"#);
        until("callers wait for the connection that writes", async || waiting().await >= 32).await;
        let in_use = r#"amo_connect_storage_pool_connections{pool="writer",state="in_use"}"#;
        assert_eq!(stage.scrape().await.count(in_use), 1);
        seen.set(true);
    };
    // They wait five seconds, in which a busy machine may scrape too late.
    let crowd = async {
        let mut statuses = Vec::new();
        while !seen.get() {
            statuses.extend(stage.disconnect_many().await);
        }
        statuses
    };
    let (statuses, ()) = tokio::join!(crowd, watch);
    assert!(statuses.contains(&503), "{statuses:?}");
    assert!(stage.scrape().await.count(r#"amo_connect_storage_pool_timeouts_total{pool="writer"}"#) >= 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_repeats_a_write_asks_the_database_twice_except_one_of_them() {
    let stage = Stage::start().await;
    stage.world.connect_by(&stage, "olena", ACCOUNT).await;
    stage.faults(Faults { latency_ms: 3_000, ..Faults::default() });
    let repetitions = 20;
    let lead = json!({ "name": "Once" });
    let write = async || stage.write("olena", Method::POST, "/leads", Some("one-key"), &lead).await.status;
    let answers = join_all((0..repetitions).map(|_| write())).await;
    // 503: on a slow disk not all of them have their turn at the writer in time.
    assert!(answers.contains(&201) && answers.iter().all(|status| [201, 409, 503].contains(status)), "{answers:?}");
    let scrape = stage.scrape().await;
    let begun = scrape.count(r#"amo_connect_storage_calls_total{operation="begin_write",outcome="ok"}"#);
    // That one polls ten times a second, for as long as a write may take; without the mutex all of them do.
    assert!((1..=2 * repetitions + 150).contains(&begun), "{begun}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disconnect_has_no_read_of_another_user_look_whether_it_goes_on() {
    let stage = Stage::start().await;
    stage.world.connect_by(&stage, "olena", ACCOUNT).await;
    stage.faults(Faults { latency_ms: 3_000, ..Faults::default() });
    let asked = stage.world.sandbox.stats().api_requests;
    let summaries = r#"amo_connect_storage_calls_total{operation="summary",outcome="ok"}"#;
    let disconnects = async {
        until("olena's read is under way", async || stage.world.sandbox.stats().api_requests > asked).await;
        let before = stage.scrape().await;
        for _ in 0..20 {
            assert_eq!(stage.post("ivan", "/disconnect", json!({})).await.status, 200);
        }
        let [summaries] = stage.scrape().await.rise(&before, [summaries]);
        summaries
    };
    let (status, summaries) = tokio::join!(stage.leads(), disconnects);
    assert_eq!(status, 200);
    // Each disconnect reads its own user's; olena's read looks at its end.
    assert!((20..=22).contains(&summaries), "{summaries}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_of_nobody_and_an_attempt_that_is_over_are_closed_without_a_write() {
    let stage = Stage::start().await;
    let closed = async || {
        let closed = r#"amo_connect_storage_calls_total{operation="close_attempt",outcome="ok"}"#;
        stage.scrape().await.count_or_zero(closed)
    };
    let declined = async |state: &str| {
        let page = stage.callback(&[("error", "access_denied"), ("state", state)]).await;
        assert_eq!(page.link_parameter("error").as_deref(), Some("access_denied"));
    };
    declined("ac1_of-nobody").await;
    assert_eq!(closed().await, 0);
    let attempt = stage.attempt("olena").await;
    for _ in 0..3 {
        declined(&attempt.state).await;
        assert_eq!(closed().await, 1);
    }
}
