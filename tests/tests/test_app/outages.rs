//! What happens while amoCRM or the database does not answer, and afterwards.

use std::time::Duration;

use amo_connect_contract::fixtures::{at, host};
use amo_connect_contract::token_store::TokenStoreHarness as _;
use amo_connect_contract::{MemoryHarness, MemoryTokenStore, Reply};
use amo_connect_domain::ports::Runtime as _;
use amo_connect_tests::{Answer, TestApp, jwt, until};
use serde_json::json;

use crate::{allowed, connected_behind_a_gate, crm, error_of, exchanges, refreshes, return_with};

#[tokio::test(flavor = "multi_thread")]
async fn with_amocrm_down_the_page_says_so_and_a_reload_connects() {
    for reply in [Reply::Unreachable, Reply::Fails(503), Reply::CutBeforeTheDeed, Reply::Banned] {
        let amo = crm().will(reply.clone());
        let app = TestApp::new().amo(amo.clone()).start().await;
        let (attempt, code) = (app.attempt("olena").await, allowed(&amo));
        let page = return_with(&app, &code, &attempt).await;
        assert_eq!((page.status, error_of(&page).as_deref()), (502, Some("crm_unavailable")), "{reply:?}");
        assert_eq!(app.progress("olena", &attempt).await, ("pending".to_owned(), json!("crm_unavailable")));
        assert_eq!(app.state_of("olena").await, "not_connected");

        let again = return_with(&app, &code, &attempt).await;
        assert_eq!(again.status, 200, "{reply:?}");
        assert_eq!(again.link_parameter("success").as_deref(), Some("true"));
        assert_eq!(app.progress("olena", &attempt).await.0, "connected");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_was_spent_without_a_word_is_told_as_refused() {
    let amo = crm().will(Reply::CutAfterTheDeed);
    let app = TestApp::new().amo(amo.clone()).start().await;
    let (attempt, code) = (app.attempt("olena").await, allowed(&amo));
    assert_eq!(return_with(&app, &code, &attempt).await.status, 502);
    let again = return_with(&app, &code, &attempt).await;
    assert_eq!((again.status, error_of(&again).as_deref()), (400, Some("invalid_code")));
    assert_eq!(app.progress("olena", &attempt).await, ("failed".to_owned(), json!("invalid_code")));
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_store_down_all_but_healthz_is_503_and_a_reload_afterwards_connects() {
    let (amo, store) = (crm(), MemoryTokenStore::new());
    let app = TestApp::new().amo(amo.clone()).store(store.clone()).start().await;
    let (attempt, code) = (app.attempt("olena").await, allowed(&amo));

    store.set_down(true);
    let progress = format!("/authorize/{}", attempt.id);
    for path in [progress.as_str(), "/status", "/leads"] {
        assert_eq!(app.get("olena", path).await.problem(), (503, "storage_unavailable"), "{path}");
    }
    let claim = json!({ "code": code, "referer": host(1).as_str() });
    for (path, body) in [("/authorize", json!({})), ("/disconnect", json!({})), ("/exchange-code", claim)] {
        let answer = app.post("olena", path, body).await;
        assert_eq!(answer.problem(), (503, "storage_unavailable"), "{path}");
    }
    let at_root = |path: &str| Answer::to(app.http().get(format!("{}{path}", app.base)).bearer_auth(jwt("olena")));
    // The store is asked at most once a second.
    until("it is not ready", async || at_root("/readyz").await.status == 503).await;
    assert_eq!(at_root("/readyz").await.problem(), (503, "storage_unavailable"));
    assert_eq!(at_root("/healthz").await.status, 200);
    let page = return_with(&app, &code, &attempt).await;
    assert_eq!((page.status, error_of(&page).as_deref()), (503, Some("storage_unavailable")));
    assert_eq!(exchanges(&amo), 0);

    store.set_down(false);
    app.clock().advance(Duration::from_mins(19));
    assert_eq!(return_with(&app, &code, &attempt).await.status, 200);
    assert_eq!(app.state_of("olena").await, "connected");
    until("it is ready", async || at_root("/readyz").await.status == 200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_were_bought_while_the_store_went_down_are_saved_when_it_is_back() {
    let (amo, store) = (crm(), MemoryTokenStore::new());
    let (slow, gate) = amo.gated();
    let app = TestApp::new().amo(slow).store(store.clone()).start().await;
    let (attempt, code) = (app.attempt("olena").await, allowed(&amo));
    let outage = async {
        gate.arrival().await;
        store.set_down(true);
        gate.let_go(1);
    };
    let (page, ()) = app.while_time_passes(async { tokio::join!(return_with(&app, &code, &attempt), outage) }).await;
    assert_eq!((page.status, error_of(&page).as_deref()), (503, Some("storage_unavailable")));
    assert_eq!(exchanges(&amo), 1);

    store.set_down(false);
    app.while_time_passes(app.clock().idle()).await;
    assert_eq!(app.state_of("olena").await, "connected");
    assert_eq!(return_with(&app, &code, &attempt).await.status, 200);
    assert_eq!(exchanges(&amo), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_whose_new_tokens_cannot_be_saved_is_told_of_the_store_and_not_of_amocrm() {
    for is_refused in [false, true] {
        let amo = crm();
        let (app, store, gate) = connected_behind_a_gate(&amo).await;
        if is_refused {
            amo.expire_access_tokens();
        } else {
            app.clock().advance(Duration::from_hours(25));
        }
        let outage = async {
            gate.arrival().await;
            store.set_down(true);
            gate.let_go(1);
        };
        let asked = app.clock().now();
        let (leads, ()) = app.while_time_passes(async { tokio::join!(app.get("olena", "/leads"), outage) }).await;
        assert_eq!(leads.problem(), (503, "storage_unavailable"), "refused: {is_refused}");
        let waited = app.clock().now().duration_since(asked).as_secs();
        assert!((14..60).contains(&waited), "{waited} s");

        store.set_down(false);
        app.while_time_passes(app.clock().idle()).await;
        assert_eq!(app.get("olena", "/status").await.json()["data"]["problem"], json!(null));
        assert_eq!((app.get("olena", "/leads").await.status, refreshes(&amo)), (200, 1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_amocrm_silent_the_page_comes_after_ten_seconds_and_the_exchange_goes_on() {
    let amo = crm();
    let (slow, gate) = amo.gated();
    let app = TestApp::new().amo(slow).start().await;
    let (attempt, code) = (app.attempt("olena").await, allowed(&amo));

    let page = app.while_time_passes(return_with(&app, &code, &attempt)).await;
    assert_eq!((page.status, error_of(&page).as_deref()), (502, Some("crm_unavailable")));
    let waited = app.clock().now().duration_since(at(0)).as_secs();
    assert!((10..60).contains(&waited), "{waited} s");
    assert_eq!(app.progress("olena", &attempt).await, ("exchanging".to_owned(), json!(null)));
    assert_eq!(app.state_of("olena").await, "not_connected");

    gate.let_go(1);
    app.clock().idle().await;
    assert_eq!(app.progress("olena", &attempt).await.0, "connected");
    assert_eq!(app.state_of("olena").await, "connected");
    assert_eq!(return_with(&app, &code, &attempt).await.status, 200);
    assert_eq!(exchanges(&amo), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_in_the_middle_loses_nothing() {
    let (amo, harness) = (crm(), MemoryHarness::fresh().await);
    let mut app = TestApp::new().amo(amo.clone()).store_of(&harness).start().await;
    let (attempt, code) = (app.attempt("olena").await, allowed(&amo));
    app.restart().await;
    assert_eq!(return_with(&app, &code, &attempt).await.status, 200);
    app.restart().await;
    assert_eq!(app.get("olena", "/leads").await.status, 200);
}
