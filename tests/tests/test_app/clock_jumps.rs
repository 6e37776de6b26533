//! Clocks that were ahead and are set right: nothing counts as fresh, or backs off, for too long.

use std::time::Duration;

use amo_connect_contract::{FakeAmo, Reply, TestClock};
use amo_connect_domain::ports::Runtime as _;
use amo_connect_tests::{RunningApp, SqliteFile, TestApp, TestDatabase as _, at, until};
use jiff::SignedDuration;

use crate::{crm, refreshes};

const AHEAD: SignedDuration = SignedDuration::from_hours(25);

/// A connection that was renewed while the clock was ahead, at noon, and put right since.
async fn renewed_ahead() -> (FakeAmo, RunningApp) {
    let amo = crm();
    let app = TestApp::new().amo(amo.clone()).clock(at("2026-11-23T12:00Z")).start().await;
    app.connect("olena", &amo, 1).await;
    app.clock().jump(AHEAD);
    assert_eq!(app.get("olena", "/leads").await.status, 200);
    assert_eq!((refreshes(&amo), renewed_at(&app).await.as_str()), (1, "2026-11-24T13:00:00Z"));
    app.clock().jump(-AHEAD);
    (amo, app)
}

async fn renewed_at(app: &RunningApp) -> String {
    app.get("olena", "/status").await.data()["lastRefreshedAt"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_from_a_clock_ahead_is_renewed_at_its_next_use_and_then_when_it_is_due() {
    let (amo, app) = renewed_ahead().await;
    for _ in 0..2 {
        assert_eq!(app.get("olena", "/leads").await.status, 200);
        assert_eq!((refreshes(&amo), renewed_at(&app).await.as_str()), (2, "2026-11-23T12:00:00Z"));
    }
    app.clock().set(at("2026-11-24T11:54:59Z"));
    assert_eq!(app.get("olena", "/leads").await.status, 200);
    assert_eq!(refreshes(&amo), 2, "it is not due yet");
    app.clock().set(at("2026-11-24T11:55:01Z"));
    assert_eq!(app.get("olena", "/leads").await.status, 200);
    assert_eq!((refreshes(&amo), renewed_at(&app).await.as_str()), (3, "2026-11-24T11:55:01Z"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_from_a_clock_ahead_that_nobody_uses_is_kept_fresh() {
    let (amo, app) = renewed_ahead().await;
    for renewed in 2..=3 {
        app.while_time_passes(until("it is renewed in the background", async || refreshes(&amo) == renewed)).await;
        app.clock().idle().await;
        assert!(at(&renewed_at(&app).await) <= app.clock().now(), "dated in the future again");
        // The month of KEEPALIVE_AFTER: no renewal came before it.
        assert_eq!(refreshes(&amo), renewed);
        app.clock().advance(Duration::from_hours(30 * 24));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backoff_lasts_its_length_though_the_clock_of_sqlite_goes_back() {
    const BACKOFF: Duration = Duration::from_mins(6);
    let clock = TestClock::still(at("2026-11-23T10:00Z"));
    let file = SqliteFile::with_clock(clock.clone());
    let store = file.open("test:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").await;

    let amo = crm();
    let app = TestApp::new().amo(amo.clone()).store(store).start().await;
    app.connect("olena", &amo, 1).await;
    app.clock().advance(Duration::from_hours(24));
    amo.answer_next(Reply::TooManyCalls(Some(BACKOFF)));
    let backing_off = async || {
        assert_eq!(app.get("olena", "/leads").await.problem(), (503, "rate_limited"));
        assert_eq!(refreshes(&amo), 1, "amoCRM is asked during the backoff");
    };
    backing_off().await;
    clock.set_back(Duration::from_hours(3));
    backing_off().await;
    clock.advance(BACKOFF / 2);
    backing_off().await;
    clock.advance(BACKOFF / 2);
    assert_eq!(app.get("olena", "/leads").await.status, 200);
    assert_eq!(refreshes(&amo), 2);
    app.stop().await;
}
