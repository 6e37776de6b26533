//! The agent's day: what is written over HTTP is what the local amoCRM has, for everybody who may see it.

use std::time::{Duration, Instant};

use amo_connect_sandbox::{Failure, Faults};
use amo_connect_tests::{ACCOUNT, Answer, RIVAL, World};
use reqwest::Method;
use serde_json::{Value, json};

use crate::steps::{Amo, calls, world};

async fn post(world: &World, user: &str, path: &str, key: &str, body: Value) -> Answer {
    world.write(user, Method::POST, path, Some(key), &body).await
}

async fn patch(world: &World, user: &str, path: &str, key: &str, body: Value) -> Answer {
    world.write(user, Method::PATCH, path, Some(key), &body).await
}

fn made(answer: &Answer) -> Value {
    assert!([200, 201].contains(&answer.status), "{answer:?}");
    answer.json()["data"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_writes_down_a_day_and_a_colleague_reads_it() {
    let world = world(630).await;
    let amo = Amo::of(&world).await;
    world.connect_as("andrew", ACCOUNT, 10_110_002).await;
    world.connect("robert", RIVAL).await;

    let body = json!({
        "guestName": "Марія Шевченко", "guestPhone": "+380 67 123-45-67", "guestEmail": "maria@example.com",
        "price": 12_500, "comment": "Хоче балкон 🏖", "tags": ["VIP"], "responsibleUserId": 10_110_002,
    });
    let (answer, cost) = calls(&world, post(&world, "olena", "/leads", "lead", body)).await;
    let lead = made(&answer);
    assert_eq!(answer.status, 201);
    // The lead, its comment, and what it is then: the lead, the pipelines, its contact.
    assert_eq!(cost, 5);
    let id = lead["amoLeadId"].as_u64().unwrap();
    assert_eq!((&lead["name"], &lead["guestPhone"]), (&json!("Марія Шевченко"), &json!("+380 67 123-45-67")));
    assert_eq!((&lead["status"], &lead["tags"][0]["name"]), (&json!("NEW"), &json!("VIP")));
    let truth = amo.get(&format!("/leads/{id}?with=contacts")).await;
    assert_eq!((&truth["price"], &truth["created_by"]), (&json!(12_500), &json!(10_110_001)));

    // She is the first of the newest ones, for her colleague too, and for nobody else.
    for user in ["olena", "andrew"] {
        assert_eq!(world.get(user, "/leads?limit=1").await.json()["data"][0]["amoLeadId"], id, "{user}");
    }
    let path = format!("/leads/{id}");
    assert_eq!(world.get("robert", &path).await.problem(), (404, "lead_not_found"));
    let foreign = post(&world, "robert", &format!("{path}/notes"), "n", json!({ "text": "Mine" })).await;
    assert_eq!(foreign.problem(), (404, "lead_not_found"));

    let stage = world.get("olena", "/pipelines").await.json()["data"][0]["stages"][2]["id"].clone();
    let moved =
        made(&patch(&world, "andrew", &path, "move", json!({ "stageId": stage, "tagsToRemove": ["VIP"] })).await);
    assert_eq!((&moved["stageId"], &moved["tags"]), (&stage, &json!([])));

    let note = made(&post(&world, "andrew", &format!("{path}/notes"), "note", json!({ "text": "Called" })).await);
    assert_eq!((&note["text"], &note["createdBy"]), (&json!("Called"), &json!(10_110_002)));
    let due = json!({ "text": "Call back", "completeTill": "2026-12-24T11:00:00+02:00" });
    let task = made(&post(&world, "olena", &format!("{path}/tasks"), "task", due).await);
    assert_eq!((&task["completeTill"], &task["leadId"]), (&json!("2026-12-24T09:00:00Z"), &json!(id)));
    let done = json!({ "isCompleted": true, "result": "She will come" });
    let done = made(&patch(&world, "olena", &format!("/tasks/{}", task["id"]), "done", done).await);
    assert_eq!((&done["isCompleted"], &done["result"]), (&json!(true), &json!("She will come")));

    let whole = world.get("andrew", &format!("{path}?include=notes,tasks")).await.data();
    let texts: Vec<_> = whole["notes"].as_array().unwrap().iter().map(|note| note["text"].clone()).collect();
    assert_eq!(texts, [json!("Called"), json!("Хоче балкон 🏖")]);
    assert_eq!(whole["tasks"][0]["isCompleted"], true);
    let lost = made(&patch(&world, "olena", &path, "lost", json!({ "stageId": 143 })).await);
    assert_eq!((&lost["status"], lost["closedAt"].is_string()), (&json!("CLOSED"), true));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_write_whose_answer_is_lost_is_made_once_and_told_in_time() {
    let world = world(630).await;
    let amo = Amo::of(&world).await;
    let before = amo.list("/leads?limit=250&order[id]=desc", "leads").await;
    let id = before[0]["id"].as_u64().unwrap();
    let task = made(
        &post(
            &world,
            "olena",
            &format!("/leads/{id}/tasks"),
            "t",
            json!({
                "text": "First", "completeTill": "2026-12-24T09:00:00Z",
            }),
        )
        .await,
    );
    for (method, path, body) in [
        (Method::POST, "/leads".to_owned(), json!({ "name": "Lost and found", "guestPhone": "+380671234567" })),
        (Method::PATCH, format!("/leads/{id}"), json!({ "price": 77 })),
        (Method::POST, format!("/leads/{id}/notes"), json!({ "text": "Lost and found" })),
        (
            Method::POST,
            format!("/leads/{id}/tasks"),
            json!({ "text": "Lost and found", "completeTill": "2026-12-24T09:00:00Z" }),
        ),
        (Method::PATCH, format!("/tasks/{}", task["id"]), json!({ "text": "Changed" })),
    ] {
        for lost in [Failure::DropAfter, Failure::Cut, Failure::BadJson] {
            let key = format!("{path} {lost:?}").replace(' ', "-");
            let mut body = body.clone();
            if method == Method::POST {
                let (name, text) = if path == "/leads" { ("name", "name") } else { ("text", "text") };
                body[name] = json!(format!("{} {lost:?}", body[text].as_str().unwrap()));
            }
            world.sandbox.set_faults(Faults { fail_api: vec![lost], ..Faults::default() }).unwrap();
            let begun = Instant::now();
            let first = world.write("olena", method.clone(), &path, Some(&key), &body).await;
            assert!(begun.elapsed() < Duration::from_secs(15), "{key}");
            let first = made(&first);
            let again = made(&world.write("olena", method.clone(), &path, Some(&key), &body).await);
            assert_eq!(first["id"], again["id"], "{key}");
        }
    }
    let leads = amo.list("/leads?limit=250&order[id]=desc", "leads").await;
    let found = |text: &Value| text.as_str().is_some_and(|text| text.starts_with("Lost and found"));
    assert_eq!(leads.iter().filter(|lead| found(&lead["name"])).count(), 3);
    let notes = amo.list(&format!("/leads/{id}/notes?limit=250"), "notes").await;
    assert_eq!(notes.iter().filter(|note| found(&note["params"]["text"])).count(), 3);
    let tasks = amo.list(&format!("/tasks?limit=250&filter[entity_type]=leads&filter[entity_id]={id}"), "tasks").await;
    assert_eq!(tasks.iter().filter(|task| found(&task["text"])).count(), 3);

    // Without a key it is told as what it is, at once.
    world.sandbox.set_faults(Faults { fail_api: vec![Failure::DropAfter], ..Faults::default() }).unwrap();
    let unknown = world.write("olena", Method::POST, "/leads", None, &json!({ "name": "Once" })).await;
    assert_eq!(unknown.problem(), (502, "outcome_unknown"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_amocrm_refuses_is_named_as_the_app_named_it() {
    let world = world(630).await;
    let amo = Amo::of(&world).await;
    let id = amo.list("/leads?limit=1", "leads").await[0]["id"].as_u64().unwrap();
    for (method, path, body, field) in [
        (Method::POST, "/leads".to_owned(), json!({ "name": "a", "stageId": 7 }), "stageId"),
        (Method::POST, "/leads".to_owned(), json!({ "name": "a", "pipelineId": 7 }), "pipelineId"),
        (Method::POST, "/leads".to_owned(), json!({ "name": "a", "responsibleUserId": 7 }), "responsibleUserId"),
        (Method::PATCH, format!("/leads/{id}"), json!({ "stageId": 7 }), "stageId"),
        (Method::PATCH, format!("/leads/{id}"), json!({ "lossReasonId": 7, "stageId": 143 }), "lossReasonId"),
        (
            Method::POST,
            format!("/leads/{id}/tasks"),
            json!({ "text": "a", "completeTill": "2026-12-24T09:00:00Z", "typeId": 777 }),
            "typeId",
        ),
    ] {
        let refused = world.write("olena", method, &path, Some("k"), &body).await;
        assert_eq!(refused.problem(), (400, "invalid_request"), "{path} {body}: {refused:?}");
        assert_eq!(refused.json()["field"], field, "{path} {body}");
    }
    let missing = post(&world, "olena", "/leads/1/notes", "k", json!({ "text": "a" })).await;
    assert_eq!(missing.problem(), (404, "lead_not_found"));
    let missing = patch(&world, "olena", "/leads/1", "k", json!({ "price": 1 })).await;
    assert_eq!(missing.problem(), (404, "lead_not_found"));
    let missing = patch(&world, "olena", "/tasks/1", "k", json!({ "isCompleted": true })).await;
    assert_eq!(missing.problem(), (404, "task_not_found"));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_not_the_right_is_told_so_and_stays_connected() {
    let world = world(630).await;
    // Iryna may change her own leads alone.
    world.connect_as("iryna", ACCOUNT, 10_110_003).await;
    let others =
        world.get("olena", "/leads?limit=250&responsibleUserId=me").await.json()["data"][0]["amoLeadId"].clone();
    let refused = patch(&world, "iryna", &format!("/leads/{others}"), "k", json!({ "price": 1 })).await;
    assert!(refused.problem() == (403, "forbidden") || refused.problem() == (404, "lead_not_found"), "{refused:?}");
    assert_eq!(world.standing("iryna").await, ("connected".to_owned(), json!(null)));
    let lead = world.get("olena", &format!("/leads/{others}")).await.data();
    assert_ne!(lead["price"], 1);
}
