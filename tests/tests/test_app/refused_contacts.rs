//! Contacts that amoCRM refuses with 401, though it serves the leads with the same access token.

use std::time::Duration;

use amo_connect_contract::fixtures::{issued, user};
use amo_connect_contract::{FakeAmo, Reply};
use amo_connect_domain::ports::TokenStore as _;
use serde_json::json;

use crate::reads::{guests, known, listed, unknown, with_pipelines_known};
use crate::{problem, refreshes};

/// A page whose leads are served, and whose contacts are refused.
const fn without_contacts() -> [fn() -> Reply; 2] {
    [listed, || Reply::AccessRefused]
}

fn answer_next(amo: &FakeAmo, replies: impl IntoIterator<Item = fn() -> Reply>) {
    replies.into_iter().for_each(|reply| amo.answer_next(reply()));
}

fn next_pair() -> Reply {
    Reply::Issues(issued("second"))
}

#[tokio::test(flavor = "multi_thread")]
async fn contacts_that_are_always_refused_cost_one_renewal_and_never_the_page() {
    let (amo, app, store) = with_pipelines_known().await;
    answer_next(&amo, without_contacts());
    amo.answer_next(next_pair());
    answer_next(&amo, without_contacts());
    assert_eq!(guests(&app).await, [unknown(), unknown()]);
    assert_eq!((refreshes(&amo), problem(&app).await), (1, json!(null)));
    for _ in 0..3 {
        answer_next(&amo, without_contacts());
        assert_eq!(guests(&app).await, [unknown(), unknown()]);
        assert_eq!((refreshes(&amo), problem(&app).await), (1, json!(null)));
    }
    // One lead is a page of one.
    answer_next(&amo, [(|| Reply::Lead(crate::reads::lead(1, 11))) as fn() -> Reply, || Reply::AccessRefused]);
    let one = app.get("olena", "/leads/1").await;
    assert_eq!((one.status, &one.json()["data"]["guestName"]), (200, &json!(null)));
    assert_eq!((refreshes(&amo), problem(&app).await), (1, json!(null)));
    assert_eq!(store.connection(&user("olena")).await.unwrap().unwrap().refused, None, "the leads were served");
}

/// Once they are served, a refusal is the first again.
#[tokio::test(flavor = "multi_thread")]
async fn contacts_that_were_served_meanwhile_are_worth_a_renewal_again() {
    let (amo, app, _store) = with_pipelines_known().await;
    for renewed in 1..=2 {
        app.clock().advance(Duration::from_secs(31));
        assert_eq!(app.get("olena", "/pipelines").await.status, 200);
        answer_next(&amo, without_contacts());
        assert_eq!(guests(&app).await, [known(11), known(12)]);
        assert_eq!((refreshes(&amo), problem(&app).await), (renewed, json!(null)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_that_fails_costs_no_page_that_was_read() {
    for failure in [Reply::Fails(503), Reply::TooManyCalls(None), Reply::Banned, Reply::ClientRefused, Reply::Silence] {
        let (amo, app, _store) = with_pipelines_known().await;
        answer_next(&amo, without_contacts());
        amo.answer_next(failure.clone());
        assert_eq!(guests(&app).await, [unknown(), unknown()], "{failure:?}");
        assert_eq!(refreshes(&amo), 1, "{failure:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_fails_after_the_renewal_is_shown_as_it_was_before() {
    for failure in [Reply::Fails(500), Reply::AccessRefused, Reply::Garbled] {
        let (amo, app, _store) = with_pipelines_known().await;
        answer_next(&amo, without_contacts());
        amo.answer_each([next_pair(), failure.clone()]);
        assert_eq!(guests(&app).await, [unknown(), unknown()], "{failure:?}");
        assert_eq!((refreshes(&amo), problem(&app).await), (1, json!(null)), "{failure:?}");
    }
}

/// The good answer for leads is a good read: it ends a row of refused pairs, and the problem.
#[tokio::test(flavor = "multi_thread")]
async fn leads_that_are_served_without_contacts_end_a_row_of_refused_pairs() {
    let (amo, app, store) = with_pipelines_known().await;
    amo.answer_each([Reply::AccessRefused, next_pair(), Reply::AccessRefused]);
    assert_eq!(app.get("olena", "/leads").await.problem(), (502, "crm_unavailable"));
    assert_eq!((refreshes(&amo), problem(&app).await), (1, json!("account_refused")));
    answer_next(&amo, without_contacts());
    assert_eq!(guests(&app).await, [unknown(), unknown()]);
    // The next refresh was put off, and no page waits for that.
    assert_eq!((refreshes(&amo), problem(&app).await), (1, json!(null)));
    assert_eq!(store.connection(&user("olena")).await.unwrap().unwrap().refused, None);
}
