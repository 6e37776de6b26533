//! What the app writes, with a key and without.

use amo_connect_contract::fixtures::{contact, host, pipeline, stage};
use amo_connect_contract::{Asked, FakeAccount, FakeAmo, MemoryTokenStore, Reply};
use amo_connect_domain::crm::pipeline::StageKind;
use amo_connect_domain::crm::task::Task;
use amo_connect_domain::crm::write::{Write, WriteField};
use amo_connect_domain::idempotency::WrittenObject;
use amo_connect_tests::{Answer, RunningApp, TestApp};
use futures_util::future::join;
use reqwest::Method;
use serde_json::{Value, json};

use crate::reads::lead;
use crate::{problem, refreshes};

/// A lead was made: the first one stands for it.
pub(crate) const MADE: Reply = Reply::Made(WrittenObject { id: 1, is_new: true });

/// An agency with a lead and a task of it, whose clock is the store's.
fn agency(store: &MemoryTokenStore) -> FakeAmo {
    let stages = vec![stage(7, StageKind::Open), stage(8, StageKind::Open), stage(142, StageKind::Won)];
    let account = FakeAccount {
        leads: vec![lead(1, 11)],
        tasks: vec![Task { lead: Some(1), text: Some("Call".to_owned()), ..Task::numbered(41) }],
        contacts: vec![contact(11)],
        pipelines: vec![pipeline(3, stages)],
        user: Some(5),
        ..FakeAccount::empty(1)
    };
    let amo = FakeAmo::new().with_account(&host(1), account);
    let clock = store.test_clock().clone();
    amo.set_clock(move || clock.now());
    amo
}

/// Olena, connected to that agency.
pub(crate) async fn writer() -> (FakeAmo, RunningApp, MemoryTokenStore) {
    let store = MemoryTokenStore::new();
    let amo = agency(&store);
    let app = TestApp::new().amo(amo.clone()).store(store.clone()).start().await;
    app.connect("olena", &amo, 1).await;
    (amo, app, store)
}

/// A `POST` of olena's with this key.
pub(crate) async fn post(app: &RunningApp, path: &str, key: &str, body: Value) -> Answer {
    app.write("olena", Method::POST, path, Some(key), &body).await
}

/// A `PATCH` of olena's with this key.
pub(crate) async fn patch(app: &RunningApp, path: &str, key: &str, body: Value) -> Answer {
    app.write("olena", Method::PATCH, path, Some(key), &body).await
}

pub(crate) fn data(answer: &Answer) -> Value {
    assert!(answer.status < 300, "{answer:?}");
    answer.json()["data"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lead_is_made_with_its_guest_its_tags_and_its_comment() {
    let (amo, app, _store) = writer().await;
    let body = json!({
        "name": "Sunrise Hotel", "guestName": "Iryna", "guestPhone": "+380671234567", "guestEmail": "i@example.com",
        "price": 12_500, "pipelineId": 3, "stageId": 8, "responsibleUserId": 5, "comment": "Wants a balcony",
        "tags": ["VIP"],
    });
    let made = post(&app, "/leads", "k1", body).await;
    let lead = data(&made);
    assert_eq!((made.status, made.header("idempotency-replayed")), (201, ""));
    for (name, value) in [
        ("name", json!("Sunrise Hotel")),
        ("guestName", json!("Iryna")),
        ("guestPhone", json!("+380671234567")),
        ("guestEmail", json!("i@example.com")),
        ("price", json!(12_500)),
        ("pipelineId", json!(3)),
        ("stageId", json!(8)),
        ("responsibleUserId", json!(5)),
        ("missing", json!([])),
    ] {
        assert_eq!(lead[name], value, "{name}");
    }
    assert_eq!(lead["tags"][0]["name"], "VIP");
    let carried_out = amo.carried_out();
    let [Write::Lead(_), Write::Note(note)] = &carried_out[..] else { panic!("{carried_out:?}") };
    assert_eq!((json!(note.lead), note.text.as_str()), (lead["amoLeadId"].clone(), "Wants a balcony"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_a_note_and_a_task_are_made_and_shown_as_they_are_then() {
    let (amo, app, _store) = writer().await;
    let changed = patch(&app, "/leads/1", "k1", json!({ "stageId": 142, "price": 7, "tagsToAdd": ["sea"] })).await;
    assert_eq!(changed.status, 200);
    let lead = data(&changed);
    assert_eq!((&lead["stageId"], &lead["status"], &lead["price"]), (&json!(142), &json!("CLOSED"), &json!(7)));
    assert_eq!(lead["tags"][0]["name"], "sea");

    let note = post(&app, "/leads/1/notes", "k2", json!({ "text": "She called\nTwice" })).await;
    assert_eq!((note.status, &data(&note)["text"]), (201, &json!("She called\nTwice")));
    assert_eq!(data(&note)["type"], "common");

    let body = json!({ "text": "Call back", "completeTill": "2026-11-24T11:00:00.5+02:00", "typeId": 2 });
    let task = post(&app, "/leads/1/tasks", "k3", body).await;
    assert_eq!(task.status, 201);
    let task = data(&task);
    assert_eq!((&task["leadId"], &task["completeTill"]), (&json!(1), &json!("2026-11-24T09:00:00Z")));
    assert_eq!((&task["typeId"], &task["isCompleted"]), (&json!(2), &json!(false)));

    let path = format!("/tasks/{}", task["id"]);
    let done = patch(&app, &path, "k4", json!({ "isCompleted": true, "result": "She will come" })).await;
    assert_eq!((done.status, &data(&done)["isCompleted"]), (200, &json!(true)));
    assert_eq!(data(&done)["result"], "She will come");
    assert_eq!(amo.carried_out().len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_key_each_write_is_made_once_and_replayed_as_it_is_now() {
    let (amo, app, _store) = writer().await;
    for (path, body) in [
        ("/leads", json!({ "name": "Sunrise" })),
        ("/leads/1/notes", json!({ "text": "Hello" })),
        ("/leads/1/tasks", json!({ "text": "Call", "completeTill": "2026-11-24T09:00:00Z" })),
    ] {
        let before = amo.carried_out().len();
        let first = post(&app, path, path, body.clone()).await;
        let again = post(&app, path, path, body.clone()).await;
        assert_eq!((first.status, again.status), (201, 201), "{path}");
        assert_eq!((first.header("idempotency-replayed"), again.header("idempotency-replayed")), ("", "true"));
        assert_eq!(data(&first)["id"], data(&again)["id"], "{path}");
        assert_eq!(amo.carried_out().len(), before + 1, "{path}");
    }
    let made = data(&post(&app, "/leads", "/leads", json!({ "name": "Sunrise" })).await);
    let path = format!("/leads/{}", made["amoLeadId"]);
    let renamed = patch(&app, &path, "rename", json!({ "name": "Sunset" })).await;
    assert_eq!(data(&renamed)["name"], "Sunset");
    let replayed = post(&app, "/leads", "/leads", json!({ "name": "Sunrise" })).await;
    assert_eq!((replayed.status, &data(&replayed)["name"]), (201, &json!("Sunset")));
    let again = patch(&app, &path, "rename", json!({ "name": "Sunset" })).await;
    assert_eq!((again.status, again.header("idempotency-replayed")), (200, "true"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_its_users_and_for_one_request() {
    let (amo, app, _store) = writer().await;
    app.connect("ivan", &amo, 1).await;
    let body = json!({ "name": "Sunrise", "price": 1 });
    assert_eq!(post(&app, "/leads", "k", body.clone()).await.status, 201);
    let other = post(&app, "/leads", "k", json!({ "name": "Sunrise", "price": 2 })).await;
    assert_eq!(other.problem(), (422, "idempotency_key_reused"));
    let elsewhere = post(&app, "/leads/1/notes", "k", json!({ "text": "Sunrise" })).await;
    assert_eq!(elsewhere.problem(), (422, "idempotency_key_reused"));
    let reordered = post(&app, "/leads", "k", json!({ "price": 1, "guestName": null, "name": "Sunrise" })).await;
    assert_eq!((reordered.status, reordered.header("idempotency-replayed")), (201, "true"));
    let ivans = app.write("ivan", Method::POST, "/leads", Some("k"), &body).await;
    assert_eq!((ivans.status, ivans.header("idempotency-replayed")), (201, ""));
    assert_ne!(data(&ivans)["id"], data(&reordered)["id"]);
    assert_eq!(amo.carried_out().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_refused_after_a_disconnect() {
    let (amo, app, _store) = writer().await;
    let body = json!({ "name": "Sunrise" });
    assert_eq!(post(&app, "/leads", "k", body.clone()).await.status, 201);
    app.post("olena", "/disconnect", json!({})).await;
    assert_eq!(post(&app, "/leads", "k", body.clone()).await.problem(), (409, "not_connected"));
    app.connect("olena", &amo, 1).await;
    assert_eq!(post(&app, "/leads", "k", body.clone()).await.problem(), (409, "idempotency_key_expired"));
    assert_eq!(amo.carried_out().len(), 1);
    assert_eq!(post(&app, "/leads", "another", body).await.status, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_that_changed_nothing_frees_the_key() {
    let (amo, app, _store) = writer().await;
    for (reply, expected) in [
        (Reply::Refuses(WriteField::Stage), (400, "invalid_request")),
        (Reply::Forbidden, (403, "forbidden")),
        (Reply::TooManyCalls(None), (503, "rate_limited")),
        (Reply::Unreachable, (502, "crm_unavailable")),
        (Reply::PaymentRequired, (502, "crm_unavailable")),
    ] {
        amo.answer_next(reply.clone());
        let refused = post(&app, "/leads", "k", json!({ "name": "Sunrise", "stageId": 9 })).await;
        assert_eq!(refused.problem(), expected, "{reply:?}");
        if reply == Reply::Refuses(WriteField::Stage) {
            assert_eq!(refused.json()["field"], "stageId");
        }
    }
    assert_eq!(amo.carried_out().len(), 0);
    // The key is as good as new, also for another body.
    let made = post(&app, "/leads", "k", json!({ "name": "Sunrise" })).await;
    assert_eq!((made.status, made.header("idempotency-replayed")), (201, ""));
    assert_eq!(amo.carried_out().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_write_is_on_may_be_missing() {
    let (_amo, app, _store) = writer().await;
    for (path, body) in [
        ("/leads/404/notes", json!({ "text": "a" })),
        ("/leads/404/tasks", json!({ "text": "a", "completeTill": "2026-11-24T09:00:00Z" })),
    ] {
        assert_eq!(post(&app, path, path, body).await.problem(), (404, "lead_not_found"), "{path}");
    }
    let changed = patch(&app, "/leads/404", "a", json!({ "price": 1 })).await;
    assert_eq!(changed.problem(), (404, "lead_not_found"));
    let changed = patch(&app, "/tasks/404", "b", json!({ "isCompleted": true })).await;
    assert_eq!(changed.problem(), (404, "task_not_found"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_comment_does_not_cost_the_lead() {
    for key in [Some("k"), None] {
        let (amo, app, _store) = writer().await;
        let body = json!({ "name": "Sunrise", "comment": "Hello" });
        amo.answer_each([MADE, Reply::Forbidden]);
        let made = app.write("olena", Method::POST, "/leads", key, &body).await;
        assert_eq!((made.status, &data(&made)["missing"]), (201, &json!(["comment"])), "{key:?}");
        if let Some(key) = key {
            let again = post(&app, "/leads", key, body).await;
            assert_eq!((again.status, &data(&again)["missing"]), (201, &json!(["comment"])));
            assert_eq!(again.header("idempotency-replayed"), "true");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lead_that_amocrm_puts_together_with_another_is_that_one() {
    let (amo, app, _store) = writer().await;
    amo.merge_next_lead(1);
    let body = json!({ "name": "Sunrise" });
    for replayed in ["", "true"] {
        let merged = post(&app, "/leads", "k", body.clone()).await;
        assert_eq!((merged.status, &data(&merged)["amoLeadId"]), (200, &json!(1)), "{replayed}");
        assert_eq!(merged.header("idempotency-replayed"), replayed);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_access_token_that_ended_is_renewed_for_a_write() {
    let (amo, app, _store) = writer().await;
    amo.expire_access_tokens();
    assert_eq!(post(&app, "/leads/1/notes", "k", json!({ "text": "a" })).await.status, 201);
    assert_eq!((refreshes(&amo), amo.carried_out().len(), problem(&app).await), (1, 1, json!(null)));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_is_told_though_it_cannot_be_read() {
    let (amo, app, _store) = writer().await;
    amo.answer_each([Reply::Changed, Reply::Fails(500)]);
    let changed = patch(&app, "/leads/1", "k", json!({ "price": 7 })).await;
    assert_eq!(changed.status, 200);
    let lead = data(&changed);
    assert_eq!((&lead["amoLeadId"], &lead["price"], &lead["name"]), (&json!(1), &json!(7), &json!(null)));
    assert_eq!(lead["missing"], json!(["contacts", "details"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_requests_with_one_key_at_once_make_one_write() {
    let (amo, app, _store) = writer().await;
    let body = json!({ "text": "Hello" });
    let asks = join(post(&app, "/leads/1/notes", "k", body.clone()), post(&app, "/leads/1/notes", "k", body));
    let (one, other) = app.while_time_passes(asks).await;
    assert_eq!((one.status, other.status), (201, 201), "{one:?} {other:?}");
    assert_eq!(data(&one)["id"], data(&other)["id"]);
    assert_eq!(amo.carried_out().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_after_a_write_show_it() {
    let (_amo, app, _store) = writer().await;
    assert_eq!(app.get("olena", "/leads").await.json()["data"][0]["price"], json!(null));
    patch(&app, "/leads/1", "k", json!({ "price": 9 })).await;
    assert_eq!(app.get("olena", "/leads").await.json()["data"][0]["price"], 9);
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_bodies_and_keys_are_refused_and_nothing_is_sent() {
    let (amo, app, _store) = writer().await;
    for (method, path, key, body, field) in [
        (Method::POST, "/leads", "k", json!({}), "name"),
        (Method::POST, "/leads", "", json!({ "name": "a" }), "Idempotency-Key"),
        (Method::POST, "/leads?draft=1", "k", json!({ "name": "a" }), "draft"),
        (Method::PATCH, "/leads/0", "k", json!({ "price": 1 }), "amoLeadId"),
        (Method::PATCH, "/leads/x", "k", json!({ "price": 1 }), "amoLeadId"),
        (Method::PATCH, "/tasks/-1", "k", json!({ "isCompleted": true }), "id"),
        (Method::POST, "/leads/1/notes", "k", json!({ "text": "" }), "text"),
    ] {
        let refused = app.write("olena", method, path, Some(key), &body).await;
        assert_eq!(refused.problem(), (400, "invalid_request"), "{path} {body}");
        assert_eq!(refused.json()["field"], field, "{path} {body}");
    }
    let large = post(&app, "/leads/1/notes", "k", json!({ "text": "a".repeat(17_000) })).await;
    assert_eq!(large.problem(), (413, "payload_too_large"));
    assert!(!amo.asked().iter().any(|asked| matches!(asked, Asked::Write { .. })));
    let ivans = app.write("ivan", Method::POST, "/leads", Some("k"), &json!({ "name": "a" })).await;
    assert_eq!(ivans.problem(), (409, "not_connected"));
}
