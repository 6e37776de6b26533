//! Writes whose answers are lost: found out with a key, told as unknown without one.

use std::time::Duration;

use amo_connect_contract::fixtures::host;
use amo_connect_contract::{FakeAmo, MemoryTokenStore, Reply};
use amo_connect_domain::crm::write::Write;
use amo_connect_domain::idempotency::ABSENCE_TERM;
use reqwest::Method;
use serde_json::{Value, json};

use crate::writes::{MADE, data, patch, post, writer};

/// A reply that is lost after the deed, and one that is lost before it.
const LOST: [(Reply, bool); 2] = [(Reply::CutAfterTheDeed, true), (Reply::Fails(500), false)];

/// Lets time pass for the store, and so for the CRM.
fn wait(store: &MemoryTokenStore, time: Duration) {
    store.test_clock().advance(time);
}

fn writes() -> [(&'static str, Value); 3] {
    [
        ("/leads", json!({ "name": "Sunrise" })),
        ("/leads/1/notes", json!({ "text": "Hello" })),
        ("/leads/1/tasks", json!({ "text": "Call", "completeTill": "2026-11-24T09:00:00Z" })),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_of_a_done_write_is_found_at_once() {
    for (path, body) in writes() {
        let (amo, app, _store) = writer().await;
        amo.answer_next(Reply::CutAfterTheDeed);
        let made = post(&app, path, "k", body.clone()).await;
        assert_eq!((made.status, made.header("idempotency-replayed")), (201, ""), "{path}: {made:?}");
        let again = post(&app, path, "k", body).await;
        assert_eq!((again.status, &data(&again)["id"]), (201, &data(&made)["id"]), "{path}");
        assert_eq!(amo.carried_out().len(), 1, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_was_lost_on_the_way_is_sent_again_when_that_is_certain() {
    for (path, body) in writes() {
        let (amo, app, store) = writer().await;
        amo.answer_next(Reply::Fails(500));
        let lost = post(&app, path, "k", body.clone()).await;
        assert_eq!(lost.problem(), (502, "outcome_unknown"), "{path}");
        assert_eq!(lost.header("retry-after"), "2");
        wait(&store, ABSENCE_TERM.saturating_sub(Duration::from_secs(2)));
        assert_eq!(post(&app, path, "k", body.clone()).await.problem(), (502, "outcome_unknown"), "{path}");
        assert_eq!(amo.carried_out().len(), 0, "{path}");
        wait(&store, Duration::from_secs(2));
        let made = post(&app, path, "k", body).await;
        assert_eq!((made.status, amo.carried_out().len()), (201, 1), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_key_a_lost_answer_is_told_and_never_looked_for() {
    for (reply, is_done) in LOST {
        let (amo, app, _store) = writer().await;
        amo.answer_next(reply.clone());
        let asked = amo.asked().len();
        let lost = app.write("olena", Method::POST, "/leads", None, &json!({ "name": "Sunrise" })).await;
        assert_eq!(lost.problem(), (502, "outcome_unknown"), "{reply:?}");
        assert_eq!(lost.header("retry-after"), "", "whoever sent it again would make two");
        assert_eq!(amo.asked().len(), asked + 1, "{reply:?}");
        assert_eq!(amo.carried_out().len(), usize::from(is_done), "{reply:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_in_doubt_is_done_if_it_is_there_and_else_sent_again_if_nothing_changed() {
    for (path, body) in
        [("/leads/1", json!({ "price": 7, "tagsToAdd": ["sea"] })), ("/tasks/41", json!({ "isCompleted": true }))]
    {
        for (reply, is_done) in LOST {
            let (amo, app, store) = writer().await;
            // So that the object is not as new as the sending.
            patch(&app, path, "before", json!({ if is_lead(path) { "name" } else { "text" }: "Old" })).await;
            wait(&store, Duration::from_mins(1));
            amo.answer_next(reply.clone());
            let first = patch(&app, path, "k", body.clone()).await;
            if is_done {
                assert_eq!(first.status, 200, "{path} {reply:?}: {first:?}");
            } else {
                assert_eq!(first.problem(), (502, "outcome_unknown"), "{path} {reply:?}");
                wait(&store, ABSENCE_TERM);
                assert_eq!(patch(&app, path, "k", body.clone()).await.status, 200, "{path} {reply:?}");
            }
            assert_eq!(amo.carried_out().len(), 2, "{path} {reply:?}");
        }
    }
}

fn is_lead(path: &str) -> bool {
    path.starts_with("/leads")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_an_object_that_somebody_else_changed_since_stays_unknown() {
    let (amo, app, store) = writer().await;
    patch(&app, "/leads/1", "before", json!({ "name": "Old" })).await;
    wait(&store, Duration::from_mins(1));
    amo.answer_next(Reply::Fails(500));
    let body = json!({ "price": 7 });
    assert_eq!(patch(&app, "/leads/1", "k", body.clone()).await.problem(), (502, "outcome_unknown"));
    patch(&app, "/leads/1", "other", json!({ "price": 8 })).await;
    wait(&store, ABSENCE_TERM);
    assert_eq!(patch(&app, "/leads/1", "k", body).await.problem(), (502, "outcome_unknown"));
    assert_eq!(amo.carried_out().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_equal_object_of_minutes_before_is_neither_taken_nor_overlooked() {
    let (amo, app, store) = writer().await;
    let body = json!({ "text": "No answer" });
    assert_eq!(app.write("olena", Method::POST, "/leads/1/notes", None, &body).await.status, 201);
    wait(&store, Duration::from_mins(3));
    amo.answer_next(Reply::Fails(500));
    assert_eq!(post(&app, "/leads/1/notes", "k", body.clone()).await.problem(), (502, "outcome_unknown"));
    wait(&store, ABSENCE_TERM);
    assert_eq!(post(&app, "/leads/1/notes", "k", body).await.problem(), (502, "outcome_unknown"));
    assert_eq!(amo.carried_out().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_note_with_another_text_of_the_same_moment_is_no_reason_to_doubt() {
    let (amo, app, store) = writer().await;
    assert_eq!(app.write("olena", Method::POST, "/leads/1/notes", None, &json!({ "text": "Other" })).await.status, 201);
    amo.answer_next(Reply::Fails(500));
    let body = json!({ "text": "Hello" });
    assert_eq!(post(&app, "/leads/1/notes", "k", body.clone()).await.problem(), (502, "outcome_unknown"));
    wait(&store, ABSENCE_TERM);
    assert_eq!(post(&app, "/leads/1/notes", "k", body).await.status, 201);
    assert_eq!(amo.carried_out().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn tasks_with_one_text_and_two_times_are_two() {
    let (amo, app, store) = writer().await;
    let task = |till: &str| json!({ "text": "Call", "completeTill": till });
    let (early, late) = (task("2026-11-24T09:00:00Z"), task("2026-11-24T15:00:00Z"));
    amo.answer_next(Reply::Fails(500));
    assert_eq!(post(&app, "/leads/1/tasks", "early", early.clone()).await.problem(), (502, "outcome_unknown"));
    amo.answer_next(Reply::CutAfterTheDeed);
    assert_eq!(post(&app, "/leads/1/tasks", "late", late).await.status, 201);
    wait(&store, ABSENCE_TERM);
    let made = post(&app, "/leads/1/tasks", "early", early).await;
    assert_eq!((made.status, &data(&made)["completeTill"]), (201, &json!("2026-11-24T09:00:00Z")));
    assert_eq!(amo.carried_out().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_several_equal_objects_is_taken_by_nobody() {
    let (amo, app, _store) = writer().await;
    let body = json!({ "text": "Hello" });
    // Two equal notes that no key has claimed.
    for _ in 0..2 {
        assert_eq!(app.write("olena", Method::POST, "/leads/1/notes", None, &body).await.status, 201);
    }
    amo.answer_next(Reply::Fails(500));
    let lost = post(&app, "/leads/1/notes", "k", body).await;
    assert_eq!(lost.problem(), (502, "outcome_unknown"));
    let ids: Vec<u64> = notes(&amo);
    let detail = lost.json()["detail"].as_str().unwrap().to_owned();
    assert!(ids.iter().all(|id| detail.contains(&id.to_string())), "{detail} {ids:?}");
}

fn notes(amo: &FakeAmo) -> Vec<u64> {
    amo.account_at(&host(1)).unwrap().notes.iter().map(|(_, note)| note.id).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_key_has_made_is_not_taken() {
    let (amo, app, store) = writer().await;
    let body = json!({ "text": "Hello" });
    let first = post(&app, "/leads/1/notes", "one", body.clone()).await;
    amo.answer_next(Reply::Fails(500));
    assert_eq!(post(&app, "/leads/1/notes", "two", body.clone()).await.problem(), (502, "outcome_unknown"));
    wait(&store, ABSENCE_TERM);
    let second = post(&app, "/leads/1/notes", "two", body).await;
    assert_eq!(second.status, 201);
    assert_ne!(data(&first)["id"], data(&second)["id"]);
    assert_eq!(notes(&amo).len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lead_whose_comment_is_in_doubt_is_not_made_again() {
    for (reply, is_done) in LOST {
        let (amo, app, store) = writer().await;
        let body = json!({ "name": "Sunrise", "comment": "Hello" });
        amo.answer_each([MADE, reply.clone()]);
        let first = post(&app, "/leads", "k", body.clone()).await;
        assert_eq!(first.status, if is_done { 201 } else { 502 }, "{reply:?}");
        wait(&store, ABSENCE_TERM);
        let again = post(&app, "/leads", "k", body).await;
        assert_eq!((again.status, &data(&again)["missing"]), (201, &json!([])), "{reply:?}");
        let asked = amo.asked();
        let leads = asked.iter().filter(|asked| matches!(asked.write(), Some(Write::Lead(_)))).count();
        assert_eq!((leads, notes(&amo).len()), (1, 1), "{reply:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disconnect_wins_over_a_write_in_doubt() {
    let (amo, app, store) = writer().await;
    amo.answer_next(Reply::Fails(500));
    let body = json!({ "name": "Sunrise" });
    assert_eq!(post(&app, "/leads", "k", body.clone()).await.problem(), (502, "outcome_unknown"));
    app.post("olena", "/disconnect", json!({})).await;
    app.connect("olena", &amo, 1).await;
    wait(&store, ABSENCE_TERM);
    assert_eq!(post(&app, "/leads", "k", body).await.problem(), (409, "idempotency_key_expired"));
    assert_eq!(amo.carried_out().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_while_the_store_is_down() {
    let (amo, app, store) = writer().await;
    store.set_down(true);
    let refused = post(&app, "/leads", "k", json!({ "name": "Sunrise" })).await;
    assert_eq!(refused.problem(), (503, "storage_unavailable"));
    store.set_down(false);
    assert_eq!(amo.carried_out().len(), 0);
    assert_eq!(post(&app, "/leads", "k", json!({ "name": "Sunrise" })).await.status, 201);
}
