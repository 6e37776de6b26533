//! One lead with what belongs to it, where amoCRM gives it in part.

use std::time::Duration;

use amo_connect_contract::fixtures::{contact, host, pipeline, stage};
use amo_connect_contract::{Asked, FakeAccount, FakeAmo, Reply};
use amo_connect_domain::crm::event::Event;
use amo_connect_domain::crm::lead::{AmoLeadDetails, LossReason};
use amo_connect_domain::crm::note::Note;
use amo_connect_domain::crm::page::Page;
use amo_connect_domain::crm::pipeline::StageKind;
use amo_connect_domain::crm::task::Task;
use serde_json::{Value, json};

use crate::reads::lead;
use crate::{connected, problem, refreshes};

const WHOLE: &str = "/leads/1?include=notes,tasks,events";

/// An agency with one lead of two guests, and a note, a task and an event of it.
fn agency() -> FakeAmo {
    let account = FakeAccount {
        leads: vec![lead(1, 11)],
        notes: vec![(1, Note { text: Some("Call back".to_owned()), ..Note::numbered(31) })],
        tasks: vec![Task { lead: Some(1), text: Some("Call".to_owned()), ..Task::numbered(41) }],
        events: vec![(1, Event::named("01h1"))],
        contacts: vec![contact(11), contact(12)],
        pipelines: vec![pipeline(3, vec![stage(7, StageKind::Open)])],
        ..FakeAccount::empty(1)
    };
    FakeAmo::new().with_account(&host(1), account)
}

/// The parts of a lead that are there, and those that are named as missing.
fn parts(data: &Value) -> (Vec<&str>, Vec<&str>) {
    let all = ["contacts", "notes", "tasks", "events"];
    let there = all.into_iter().filter(|name| data[name].is_array()).collect();
    (there, data["missing"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lead_shows_what_is_asked_for_and_no_more() {
    let amo = agency();
    let (app, _store) = connected(&amo).await;
    let whole = app.get("olena", WHOLE).await.data();
    assert_eq!(parts(&whole), (vec!["contacts", "notes", "tasks", "events"], vec![]));
    let (note, task, event) = (&whole["notes"][0], &whole["tasks"][0], &whole["events"][0]);
    assert_eq!((&note["id"], &note["text"]), (&json!(31), &json!("Call back")));
    assert_eq!((&task["id"], &task["leadId"], &task["isCompleted"]), (&json!(41), &json!(1), &json!(false)));
    assert_eq!((&event["id"], &event["type"]), (&json!("01h1"), &json!(null)));
    assert_eq!((&whole["customFields"], &whole["lossReason"]), (&json!([]), &json!(null)));

    for (query, there) in [
        ("", vec!["contacts"]),
        ("?include=tasks", vec!["contacts", "tasks"]),
        ("?include=events,notes", vec!["contacts", "notes", "events"]),
    ] {
        let data = app.get("olena", &format!("/leads/1{query}")).await.data();
        assert_eq!(parts(&data), (there, vec![]), "{query}");
        for name in ["notes", "tasks", "events"] {
            assert_eq!(data.get(name).is_some(), query.contains(name), "{name} of {query}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lead_has_all_of_its_contacts_and_why_it_was_lost() {
    let amo = agency();
    let (app, _store) = connected(&amo).await;
    let loss_reason = Some(LossReason { id: 3, name: Some("Too dear".to_owned()) });
    let details = AmoLeadDetails { lead: lead(1, 12), contacts: vec![11, 12, 404], loss_reason };
    amo.answer_next(Reply::LeadDetails(details));
    let data = app.get("olena", "/leads/1").await.data();
    let person = |id: u64, is_main: bool| {
        json!({
            "id": id, "name": contact(id).name, "isMain": is_main,
            "phones": [{ "value": "+380 44 000-00-00", "kind": "WORK" }, { "value": "+380 67 000-00-00", "kind": null }],
            "emails": [{ "value": "guest@example.com", "kind": "PRIV" }],
        })
    };
    // The third one is not there for this user.
    assert_eq!(data["contacts"], json!([person(11, false), person(12, true)]));
    assert_eq!(data["guestName"], json!(contact(12).name));
    assert_eq!(data["lossReason"], json!({ "id": 3, "name": "Too dear" }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_amocrm_does_not_give_is_missing_and_is_named() {
    let served = || [Reply::Lead(lead(1, 11)), Reply::Contacts(vec![contact(11)])];
    let notes = || Reply::Notes(Page::empty());
    for (failure, noted) in [
        (Reply::Forbidden, json!(null)),
        (Reply::AccessRefused, json!(null)),
        (Reply::NotFound, json!(null)),
        (Reply::Fails(500), json!(null)),
        (Reply::Silence, json!(null)),
        (Reply::Garbled, json!(null)),
        (Reply::TooManyCalls(None), json!("rate_limited")),
        (Reply::Banned, json!("provider_blocked")),
        (Reply::PaymentRequired, json!("payment_required")),
    ] {
        let amo = agency();
        let (app, _store) = connected(&amo).await;
        assert_eq!(app.get("olena", "/pipelines").await.status, 200);
        amo.answer_each(served());
        amo.answer_each([notes(), failure.clone(), failure.clone()]);
        let data = app.get("olena", WHOLE).await.data();
        assert_eq!(parts(&data), (vec!["contacts", "notes"], vec!["tasks", "events"]), "{failure:?}");
        assert!(data["tasks"].is_null() && data["events"].is_null(), "{failure:?}: {data}");
        assert_eq!((problem(&app).await, refreshes(&amo)), (noted, 0), "{failure:?}");
        // The next one has all of it.
        let data = app.get("olena", WHOLE).await.data();
        assert_eq!(parts(&data), (vec!["contacts", "notes", "tasks", "events"], vec![]), "{failure:?}");
        assert_eq!(problem(&app).await, json!(null), "{failure:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn contacts_that_amocrm_does_not_give_are_missing_too() {
    let amo = agency();
    let (app, _store) = connected(&amo).await;
    assert_eq!(app.get("olena", "/pipelines").await.status, 200);
    amo.answer_each([Reply::Lead(lead(1, 11)), Reply::Forbidden]);
    let data = app.get("olena", "/leads/1").await.data();
    assert_eq!(parts(&data), (vec![], vec!["contacts"]));
    assert_eq!((&data["contacts"], &data["guestName"]), (&json!(null), &json!(null)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_never_comes_does_not_cost_the_lead() {
    let amo = agency().silent(|asked| matches!(asked, Asked::Events { .. }));
    let (app, _store) = connected(&amo).await;
    let whole = app.while_time_passes(app.get("olena", WHOLE)).await;
    assert_eq!(parts(&whole.data()), (vec!["contacts", "notes", "tasks"], vec!["events"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lead_that_is_not_there_waits_for_none_of_its_parts() {
    let amo = agency().silent(|asked| matches!(asked, Asked::Events { .. } | Asked::Tasks { .. }));
    let (app, _store) = connected(&amo).await;
    // The clock stands still: whoever waited would wait for ever.
    let whole = "/leads/404?include=notes,tasks,events";
    assert_eq!(app.get("olena", whole).await.problem(), (404, "lead_not_found"));
    for (reply, expected) in [
        (Reply::NotFound, (404, "lead_not_found")),
        (Reply::Forbidden, (403, "forbidden")),
        (Reply::Fails(500), (502, "crm_unavailable")),
    ] {
        amo.answer_next(reply.clone());
        assert_eq!(app.get("olena", whole).await.problem(), expected, "{reply:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_right_is_no_problem_of_the_connection() {
    let amo = agency();
    let (app, _store) = connected(&amo).await;
    for path in ["/leads/1", "/leads/1/notes", "/leads/1/tasks", "/leads/1/events", "/tasks"] {
        amo.answer_next(Reply::Forbidden);
        assert_eq!(app.get("olena", path).await.problem(), (403, "forbidden"), "{path}");
        assert_eq!((problem(&app).await, refreshes(&amo)), (json!(null), 0), "{path}");
        amo.answer_next(Reply::NotFound);
        let (status, code) = if path == "/tasks" { (502, "crm_unavailable") } else { (404, "lead_not_found") };
        assert_eq!(app.get("olena", path).await.problem(), (status, code), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tasks_are_shown_without_the_names_of_leads_that_amocrm_does_not_give() {
    let amo = agency();
    let (app, _store) = connected(&amo).await;
    let named = async || app.get("olena", "/tasks").await.json()["data"][0]["leadName"].clone();
    assert_eq!(named().await, "Flat 1");
    let tasks = Page { items: vec![Task { lead: Some(1), ..Task::numbered(41) }], has_more: false };
    for failure in [Reply::Forbidden, Reply::AccessRefused, Reply::Fails(500), Reply::Silence] {
        amo.answer_each([Reply::Tasks(tasks.clone()), failure.clone()]);
        assert_eq!(named().await, json!(null), "{failure:?}");
        assert_eq!((problem(&app).await, refreshes(&amo)), (json!(null), 0), "{failure:?}");
    }
    amo.answer_each([Reply::Tasks(tasks), Reply::Banned]);
    assert_eq!(named().await, json!(null));
    assert_eq!(problem(&app).await, json!("provider_blocked"));
    app.clock().advance(Duration::from_secs(1));
    assert_eq!(named().await, "Flat 1");
}

/// As leads are: whoever has a newer token, or none any more, is shown nothing of the old one's.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_not_connected_reads_nothing_of_another() {
    let amo = agency();
    let (app, _store) = connected(&amo).await;
    let paths = [WHOLE, "/leads/1/notes", "/leads/1/tasks", "/leads/1/events", "/tasks"];
    for path in paths {
        assert_eq!(app.get("olena", path).await.status, 200, "{path}");
        assert_eq!(app.get("ivan", path).await.problem(), (409, "not_connected"), "{path}");
    }
    app.post("olena", "/disconnect", json!({})).await;
    let asked = amo.asked().len();
    for path in paths {
        assert_eq!(app.get("olena", path).await.problem(), (409, "not_connected"), "{path}");
    }
    assert_eq!(amo.asked().len(), asked);
}
