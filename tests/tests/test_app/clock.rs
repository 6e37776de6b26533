//! What ends when its time is over.

use std::time::Duration;

use amo_connect_contract::fixtures::{host, lease_request, owner, permit, served, user};
use amo_connect_contract::{Asked, MemoryTokenStore, Reply};
use amo_connect_domain::authorization::code::ExchangeStatus;
use amo_connect_domain::host_look_up::LOOK_UP_TERM;
use amo_connect_domain::lease::LEASE_TERM;
use amo_connect_domain::ports::{RefreshRequest, Runtime as _, TokenEndpoint as _, TokenStore as _};
use amo_connect_tests::{Outcome, TestApp, at, until};
use futures_util::future::join_all;
use serde_json::json;

use crate::{allowed, connected, connected_behind_a_gate, crm, error_of, exchanges, on_record, refreshes, return_with};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_expires_after_thirty_minutes() {
    let amo = crm();
    let app = TestApp::new().amo(amo.clone()).clock(at("2026-11-23T10:00Z")).start().await;
    let begun = app.post("olena", "/authorize", json!({})).await.data();
    assert_eq!(begun["expiresAt"], "2026-11-23T10:30:00Z");
    let (in_time, late) = (app.attempt("olena").await, app.attempt("olena").await);

    app.clock().set(at("2026-11-23T10:29:59Z"));
    assert_eq!(return_with(&app, &allowed(&amo), &in_time).await.status, 200);
    assert_eq!(app.progress("olena", &late).await.0, "pending");

    app.clock().advance(SECOND);
    let code = allowed(&amo);
    let page = return_with(&app, &code, &late).await;
    assert_eq!((page.status, error_of(&page).as_deref()), (400, Some("state_expired")));
    assert_eq!(app.progress("olena", &late).await, ("expired".to_owned(), json!(null)));
    let body = json!({ "code": code, "state": late.state, "referer": host(1).as_str() });
    assert_eq!(app.post("olena", "/exchange-code", body).await.problem(), (410, "code_expired"));
    assert_eq!(exchanges(&amo), 1, "the late code was not sent");
    // A reload of what was in time is not late.
    assert_eq!(app.progress("olena", &in_time).await.0, "connected");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_that_is_not_claimed_within_twenty_minutes_is_wiped() {
    let (amo, store) = (crm(), MemoryTokenStore::new());
    let app = TestApp::new().amo(amo.clone()).store(store.clone());
    let app = app.settings(|settings| settings.require_claim = Some("true".to_owned())).start().await;
    let (claimed, late) = (app.attempt("ivan").await, app.attempt("olena").await);
    let (in_time, too_late) = (allowed(&amo), allowed(&amo));
    for (code, attempt) in [(&in_time, &claimed), (&too_late, &late)] {
        assert_eq!(return_with(&app, code, attempt).await.status, 200);
    }

    app.clock().advance(Duration::from_secs(20 * 60 - 1));
    app.post("ivan", "/exchange-code", json!({ "code": in_time })).await.data();
    assert_eq!(app.state_of("olena").await, "awaiting_claim");

    app.clock().advance(SECOND);
    assert_eq!(app.progress("olena", &late).await, ("failed".to_owned(), json!("claim_timeout")));
    let claim = app.post("olena", "/exchange-code", json!({ "code": too_late })).await;
    assert_eq!(claim.problem(), (410, "code_expired"));
    assert_eq!(on_record(&store, &too_late).await, ExchangeStatus::Unclaimed);
    assert_eq!(app.state_of("olena").await, "not_connected");
    assert_eq!(app.progress("olena", &late).await, ("failed".to_owned(), json!("claim_timeout")));
    assert_eq!(app.state_of("ivan").await, "connected");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_that_nobody_asks_for_is_wiped_too() {
    let (amo, store) = (crm(), MemoryTokenStore::new());
    let app = TestApp::new().amo(amo.clone()).store(store.clone()).start().await;
    let (code, host) = (allowed(&amo), host(1));
    let query = [("code", code.as_str()), ("state", "the app's own"), ("referer", host.as_str())];
    assert_eq!(app.callback(&query).await.status, 200);

    app.clock().advance(Duration::from_mins(20));
    assert!(matches!(on_record(&store, &code).await, ExchangeStatus::Waiting { .. }));
    // It sweeps every half a minute of the machine's, and not at its start.
    until("it is swept", async || on_record(&store, &code).await == ExchangeStatus::Unclaimed).await;
    assert_eq!(error_of(&app.callback(&query).await).as_deref(), Some("state_expired"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_near_its_end_is_refreshed_once_for_many_callers() {
    let amo = crm();
    let (app, _store, gate) = connected_behind_a_gate(&amo).await;
    assert_eq!(app.get("olena", "/leads").await.status, 200);
    assert_eq!(refreshes(&amo), 0);
    let before = amo.asked().len();

    // The token lives for a day; five minutes are the margin.
    app.clock().set(at("2026-11-24T09:55:01Z"));
    let callers = join_all((0..8).map(|_| app.get("olena", "/leads")));
    let meanwhile = async {
        gate.arrival().await;
        // As long as it takes the others to come: nobody is served, except what needs no token.
        for _ in 0..8 {
            assert_eq!(app.state_of("olena").await, "connected");
        }
        assert_eq!(amo.asked().len(), before, "the old token was used while it is being renewed");
        gate.let_go(8);
    };
    let (answers, ()) = tokio::join!(callers, meanwhile);

    assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
    assert_eq!(refreshes(&amo), 1);
    let leads = |asked: &Asked| if let Asked::Leads { token, .. } = asked { Some(token.clone()) } else { None };
    let asked = amo.asked();
    let [old, new]: [Vec<_>; 2] =
        [&asked[..before], &asked[before..]].map(|part| part.iter().filter_map(leads).collect());
    // Equal reads at one time are one.
    assert!(!new.is_empty() && new.iter().all(|token| *token == new[0] && !old.contains(token)), "{asked:?}");
    let status = app.get("olena", "/status").await.data();
    assert_eq!(status["lastRefreshedAt"], "2026-11-24T09:55:01Z");
    assert_eq!(status["connectedAt"], "2026-11-23T10:00:00Z");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_refresh_token_asks_for_a_new_consent_and_is_sent_no_more() {
    let amo = crm();
    let (app, _store) = connected(&amo).await;
    app.clock().set(at("2026-11-24T10:00Z"));
    amo.answer_next(Reply::GrantRevoked);

    for _ in 0..2 {
        assert_eq!(app.get("olena", "/leads").await.problem(), (409, "needs_reauth"));
    }
    assert_eq!(refreshes(&amo), 1);
    let status = app.get("olena", "/status").await.data();
    assert_eq!((&status["state"], &status["connected"]), (&json!("needs_reauth"), &json!(false)));
    assert_eq!(status["hasTokens"], false);
    assert_eq!(status["problem"], json!({ "code": "grant_revoked", "since": "2026-11-24T10:00:00Z" }));
    assert_eq!((&status["domain"], &status["accountId"]), (&json!(host(1).as_str()), &json!("1")));

    app.connect("olena", &amo, 1).await;
    assert_eq!(app.get("olena", "/leads").await.status, 200);
    assert_eq!(app.get("olena", "/status").await.data()["problem"], json!(null));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_lost_the_lease_does_not_follow_an_account_with_its_token() {
    let (answer, sent, state) = refused_after_the_lease(&[Reply::GrantRevoked, Reply::Located(host(2))]).await;
    assert_eq!(answer, (503, "refresh_in_progress"));
    assert_eq!((sent, state.as_str()), (1, "connected"));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_lost_the_lease_leaves_the_verdict_to_whoever_has_it() {
    let (answer, sent, state) = refused_after_the_lease(&[Reply::GrantRevoked]).await;
    assert_eq!(answer, (503, "refresh_in_progress"));
    assert_eq!((sent, state.as_str()), (1, "connected"));
}

/// A refresh that lasts until its lease has lapsed and another has it, and is answered so then.
/// What the caller is told, how often the token was sent, and the state after that.
async fn refused_after_the_lease(replies: &[Reply]) -> (Outcome, usize, String) {
    let (amo, olena) = (crm(), user("olena"));
    let (app, store, gate) = connected_behind_a_gate(&amo).await;

    app.clock().set(at("2026-11-24T10:00:01Z"));
    let meanwhile = async {
        gate.arrival().await;
        store.test_clock().advance(LEASE_TERM);
        let generation = store.connection(&olena).await.unwrap().unwrap().generation;
        let leased = store.lease_refresh(&olena, &lease_request(generation, owner(9))).await.unwrap();
        assert!(matches!(leased, RefreshRequest::Granted(..)), "{leased:?}");
        amo.answer_each(replies.iter().cloned());
        gate.let_go(2);
    };
    let answered = async { tokio::join!(app.get("olena", "/leads"), meanwhile) };
    let (answer, ()) = app.while_time_passes(answered).await;
    (answer.problem(), refreshes(&amo), app.state_of("olena").await)
}

/// Another instance is at it, and a caller comes when the first one here has waited for ten seconds.
#[tokio::test(flavor = "multi_thread")]
async fn a_late_caller_of_anothers_refresh_has_a_timeout_of_its_own() {
    let (amo, olena) = (crm(), user("olena"));
    let (app, store) = connected(&amo).await;
    app.clock().set(at("2026-11-24T10:00:01Z"));
    let connection = store.connection(&olena).await.unwrap().unwrap();
    store.lease_refresh(&olena, &lease_request(connection.generation, owner(9))).await.unwrap();

    let late = async {
        while app.clock().now() < at("2026-11-24T10:00:11Z") {
            tokio::time::sleep(SECOND / 100).await;
        }
        app.get("olena", "/leads").await
    };
    let mut late = std::pin::pin!(late);
    let both = async {
        tokio::select! {
            early = app.get("olena", "/leads") => early,
            late = &mut late => panic!("the late one is told first: {late:?}"),
        }
    };
    let early = app.while_time_passes(both).await;
    assert_eq!(early.problem(), (503, "refresh_in_progress"));

    let refresh_token = &connection.grant().unwrap().tokens.refresh;
    let pair = amo.refresh(permit(&host(1)), refresh_token).await.unwrap().into_pair(app.clock().now());
    store.save_rotated(&olena, connection.generation, &pair, &served(), app.clock().now()).await.unwrap();
    assert_eq!(app.while_time_passes(late).await.status, 200);
    assert_eq!(refreshes(&amo), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_moves_again_while_it_is_followed_is_not_given_up() {
    let amo = crm();
    let (app, store) = connected(&amo).await;
    app.clock().set(at("2026-11-24T10:00:01Z"));
    let standing = async || {
        let status = app.get("olena", "/status").await.data();
        (status["state"].clone(), status["domain"].clone())
    };
    // It was at its second host when it was looked up, and is at its third when the token gets there.
    amo.move_account(&host(1), &host(3));
    amo.answer_each([Reply::GrantRevoked, Reply::Located(host(2))]);
    assert_eq!(app.get("olena", "/leads").await.status, 502);
    assert_eq!(standing().await, (json!("connected"), json!(host(2).as_str())));
    store.test_clock().advance(LOOK_UP_TERM * 2);
    assert_eq!(app.get("olena", "/leads").await.status, 200);
    assert_eq!(standing().await, (json!("connected"), json!(host(3).as_str())));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_an_answer_does_not_send_the_token_again_though_the_lease_is_over() {
    let (amo, olena) = (crm(), user("olena"));
    let (app, store, gate) = connected_behind_a_gate(&amo).await;

    app.clock().set(at("2026-11-24T10:00:01Z"));
    let lapsing = async {
        gate.arrival().await;
        // Another instance takes the lapsed lease and dies.
        store.test_clock().advance(LEASE_TERM);
        let generation = store.connection(&olena).await.unwrap().unwrap().generation;
        store.lease_refresh(&olena, &lease_request(generation, owner(9))).await.unwrap();
        store.test_clock().advance(LEASE_TERM);
    };
    let first = app.get("olena", "/leads");
    let (first, ()) = app.while_time_passes(async { tokio::join!(first, lapsing) }).await;
    let second = app.while_time_passes(app.get("olena", "/leads")).await;
    for answer in [first, second] {
        assert_eq!(answer.problem(), (503, "refresh_in_progress"));
    }
    gate.let_go(2);
    assert_eq!(app.while_time_passes(app.get("olena", "/leads")).await.status, 200);
    app.stop().await;
    assert_eq!(refreshes(&amo), 1, "{:?}", amo.asked());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_an_answer_does_not_send_the_code_again_though_the_lease_is_over() {
    let (amo, store) = (crm(), MemoryTokenStore::new());
    let (slow, gate) = amo.gated();
    let app = TestApp::new().amo(slow).store(store.clone()).start().await;
    let (attempt, code) = (app.attempt("olena").await, allowed(&amo));
    let reload = async {
        gate.arrival().await;
        store.test_clock().advance(LEASE_TERM);
        return_with(&app, &code, &attempt).await
    };
    let first = return_with(&app, &code, &attempt);
    let pages = app.while_time_passes(async { tokio::join!(first, reload) }).await;
    assert_eq!((pages.0.status, pages.1.status), (502, 502));
    gate.let_go(2);
    until("the code is exchanged", async || app.state_of("olena").await == "connected").await;
    app.stop().await;
    assert_eq!(exchanges(&amo), 1);
}
