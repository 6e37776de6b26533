//! The revocation check of an account's connections, after amoCRM's hook.

use std::time::Duration;

use amo_connect_contract::fixtures::{host, issued, user};
use amo_connect_contract::{Asked, FakeAmo, MemoryTokenStore, Reply, TestClock};
use amo_connect_domain::connection::audit::AuditEvent;
use amo_connect_domain::connection::revocation_check::REVOCATION_CHECK_INTERVAL;
use amo_connect_domain::ids::AccountId;
use amo_connect_domain::ports::{AuditLog as _, RevocationQueue as _, Storage};
use amo_connect_tests::{SqliteFile, TestApp, TestDatabase as _, at, until};
use serde_json::json;

use crate::{allowed, connected, crm, problem, refreshes};

const ACCOUNT: AccountId = AccountId(1);

/// How often the CRM was asked for the account.
fn asked(amo: &FakeAmo) -> usize {
    amo.asked().iter().filter(|asked| matches!(asked, Asked::Account { .. })).count()
}

/// Ends when `name`'s audit trail has this event.
async fn until_recorded(store: &dyn Storage, name: &str, event: AuditEvent) {
    let recorded = async || store.audit(&user(name), 10).await.unwrap().iter().any(|entry| entry.event == event);
    until("the event is recorded", recorded).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_refuses_new_tokens_too_has_been_checked() {
    let amo = crm();
    let (app, store) = connected(&amo).await;
    // The new token is none of the CRM's, so it is refused as well.
    amo.answer_each([Reply::AccessRefused, Reply::Issues(issued("new"))]);
    store.request_check(ACCOUNT).await.unwrap();
    until("the refusal is noted", async || problem(&app).await == "account_refused").await;
    app.stop().await;
    assert_eq!(refreshes(&amo), 1);
    store.test_clock().advance(REVOCATION_CHECK_INTERVAL);
    assert_eq!(store.take_checks(1).await.unwrap(), [], "it would be refreshed once a minute");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_no_key_opens_does_not_keep_a_check_from_finishing() {
    let clock = TestClock::at(at("2026-11-23T10:00Z"));
    let file = SqliteFile::with_clock(clock.clone());
    let amo = crm();
    for (key, name) in [
        ("lost:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "olena"),
        ("new:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=", "ivan"),
    ] {
        let app = TestApp::new().amo(amo.clone()).store(file.open(key).await).start().await;
        app.connect(name, &amo, 1).await;
        app.stop().await;
    }
    let store = file.open("new:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=").await;
    store.request_check(ACCOUNT).await.unwrap();
    let app = TestApp::new().amo(amo.clone()).store(store.clone()).start().await;
    until_recorded(&store, "ivan", AuditEvent::Kept).await;

    // The user whose row cannot be opened connects anew, as the app does it.
    let body = json!({ "code": allowed(&amo), "referer": host(1).as_str() });
    assert_eq!(app.post("olena", "/exchange-code", body).await.status, 200);
    assert_eq!(app.get("olena", "/leads").await.status, 200);
    app.stop().await;
    clock.advance(REVOCATION_CHECK_INTERVAL);
    assert_eq!(store.take_checks(1).await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_that_was_refused_before_the_hook_is_revoked_by_it() {
    let amo = crm();
    let (app, store) = connected(&amo).await;
    amo.revoke(&host(1));
    app.clock().set(at("2026-11-24T10:00Z"));
    assert_eq!(app.get("olena", "/leads").await.problem(), (409, "needs_reauth"));
    store.request_check(ACCOUNT).await.unwrap();
    until_recorded(&store, "olena", AuditEvent::Revoked).await;
    assert_eq!(app.get("olena", "/leads").await.problem(), (409, "revoked"));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_with_the_same_answer_is_recorded_once_an_hour() {
    let (amo, store) = (crm(), MemoryTokenStore::new());
    let mut app = TestApp::new().amo(amo.clone()).store(store.clone()).start().await;
    app.connect("olena", &amo, 1).await;
    for (passed, expected) in [(Duration::ZERO, 1), (REVOCATION_CHECK_INTERVAL, 1), (Duration::from_hours(1), 2)] {
        store.test_clock().advance(passed);
        let before = asked(&amo);
        store.request_check(ACCOUNT).await.unwrap();
        until("the account is asked for", async || asked(&amo) > before).await;
        // It ends what it has begun.
        app.restart().await;
        let entries = store.audit(&user("olena"), 10).await.unwrap();
        assert_eq!(
            entries.iter().filter(|entry| entry.event == AuditEvent::Kept).count(),
            expected,
            "{passed:?} later"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_waits_for_one_answer_and_not_for_the_whole_check() {
    let (amo, store) = (crm(), MemoryTokenStore::new());
    let (slow, gate) = amo.gated();
    let app = TestApp::new().amo(slow).store(store.clone()).start().await;
    for name in ["olena", "ivan"] {
        gate.let_go(1);
        app.connect(name, &amo, 1).await;
        gate.arrival().await;
    }
    store.request_check(ACCOUNT).await.unwrap();
    gate.arrival().await;
    tokio::join!(app.stop(), async { gate.let_go(1) });
    assert_eq!(asked(&amo), 1);
    store.test_clock().advance(REVOCATION_CHECK_INTERVAL);
    assert_eq!(store.take_checks(1).await.unwrap(), [ACCOUNT], "it is due again");
}
