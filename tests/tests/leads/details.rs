//! One lead with what belongs to it, and lists of that, against the local amoCRM.

use std::time::Instant;

use amo_connect_sandbox::Faults;
use amo_connect_tests::{Answer, jwt};
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::steps::{Amo, calls, ids, world};

fn time(entry: &Value, name: &str) -> Value {
    entry[name].as_i64().map(|at| jiff::Timestamp::from_second(at).unwrap().to_string()).into()
}

/// Nobody has the number 0.
fn who(entry: &Value) -> Value {
    entry["created_by"].as_u64().filter(|id| *id != 0).into()
}

fn note(theirs: &Value) -> Value {
    let params = &theirs["params"];
    let said = ["text", "address", "original_name", "phone"].iter().map(|name| &params[name]);
    let mut said = said.filter(|text| text.as_str().is_some_and(|text| !text.trim().is_empty()));
    json!({
        "id": theirs["id"], "type": theirs["note_type"], "text": said.next().cloned(), "params": params,
        "createdBy": who(theirs), "createdAt": time(theirs, "created_at"), "updatedAt": time(theirs, "updated_at"),
    })
}

fn task(theirs: &Value) -> Value {
    json!({
        "id": theirs["id"], "leadId": theirs["entity_id"], "text": theirs["text"], "typeId": theirs["task_type_id"],
        "completeTill": time(theirs, "complete_till"), "isCompleted": theirs["is_completed"],
        "result": theirs["result"].get("text"), "responsibleUserId": theirs["responsible_user_id"],
        "createdAt": time(theirs, "created_at"), "updatedAt": time(theirs, "updated_at"),
    })
}

fn event(theirs: &Value) -> Value {
    json!({
        "id": theirs["id"], "type": theirs["type"], "before": theirs["value_before"], "after": theirs["value_after"],
        "createdBy": who(theirs), "createdAt": time(theirs, "created_at"),
    })
}

/// amoCRM's list at this path, in the service's words.
async fn truth(amo: &Amo<'_>, path: &str, name: &str, view: fn(&Value) -> Value) -> Vec<Value> {
    amo.list(path, name).await.iter().map(view).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lead_comes_with_its_contacts_its_loss_reason_and_its_newest_notes_tasks_and_events() {
    let world = world(630).await;
    let amo = Amo::of(&world).await;
    let page = amo.get("/leads?limit=250&with=contacts,loss_reason&order[updated_at]=desc").await;
    let leads = page["_embedded"]["leads"].as_array().unwrap();
    let lost = leads.iter().find(|lead| !lead["_embedded"]["loss_reason"].as_array().unwrap().is_empty()).unwrap();
    let met = leads.iter().find(|lead| !lead["_embedded"]["contacts"].as_array().unwrap().is_empty()).unwrap();
    for lead in [lost, met] {
        let id = &lead["id"];
        let ours = world.get("olena", &format!("/leads/{id}?include=notes,tasks,events")).await.data();
        let reason = lead["_embedded"]["loss_reason"].get(0);
        let reason = reason.map(|reason| json!({ "id": reason["id"], "name": reason["name"] }));
        assert_eq!(ours["lossReason"], json!(reason));
        assert_eq!(ours["missing"], json!([]));
        let linked = lead["_embedded"]["contacts"].as_array().unwrap();
        let mut contacts = Vec::new();
        for link in linked {
            let contact = amo.get(&format!("/contacts/{}", link["id"])).await;
            let reached = |code: &str| {
                let fields = contact["custom_fields_values"].as_array().into_iter().flatten();
                let values =
                    fields.filter(|field| field["field_code"] == code).filter_map(|field| field["values"].as_array());
                let view = |value: &Value| json!({ "value": value["value"], "kind": value["enum_code"] });
                values.flatten().map(view).collect::<Vec<_>>()
            };
            contacts.push(json!({
                "id": contact["id"], "name": contact["name"], "isMain": link["is_main"], "phones": reached("PHONE"),
                "emails": reached("EMAIL"),
            }));
        }
        assert_eq!(ours["contacts"], json!(contacts));
        let notes = truth(&amo, &format!("/leads/{id}/notes?limit=50&order[id]=desc"), "notes", note).await;
        assert_eq!(ours["notes"], json!(notes));
        let path = format!("/tasks?limit=50&filter[entity_type]=leads&filter[entity_id]={id}&order[id]=desc");
        let tasks = truth(&amo, &path, "tasks", task).await;
        assert_eq!(ours["tasks"], json!(tasks));
        let path = format!("/events?limit=50&filter[entity]=lead&filter[entity_id]={id}");
        assert_eq!(ours["events"], json!(truth(&amo, &path, "events", event).await));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_lead_costs_six_calls_in_two_steps() {
    let world = world(630).await;
    let with_guest = world.get("olena", "/leads?limit=50").await.json();
    let lead = with_guest["data"].as_array().unwrap().iter().find(|lead| lead["guestName"].is_string()).unwrap();
    let path = format!("/leads/{}?include=notes,tasks,events", lead["amoLeadId"]);
    // Nothing that was read before the connection is known after it.
    world.connect("olena", amo_connect_tests::ACCOUNT).await;
    world.sandbox.set_faults(Faults { latency_ms: 1_000, ..Faults::default() }).unwrap();
    let begun = Instant::now();
    let (answer, cost) = calls(&world, world.get("olena", &path)).await;
    assert_eq!((answer.status, cost), (200, 6), "{answer:?}");
    assert!((2..4).contains(&begun.elapsed().as_secs()), "two steps of a second: {:?}", begun.elapsed());
    let eight = join_all((0..8).map(|_| world.get("olena", &path)));
    let (answers, cost) = calls(&world, eight).await;
    assert_eq!(cost, 4, "pipelines and contacts are known, and equal requests share their calls");
    assert!(answers.iter().all(|answer| answer.status == 200 && answer.text == answers[0].text));
}

#[tokio::test(flavor = "multi_thread")]
async fn notes_tasks_and_events_of_a_lead_are_listed_in_pages_the_newest_first() {
    let world = world(630).await;
    let amo = Amo::of(&world).await;
    let id = ids(&world.get("olena", "/leads?order=-id&limit=1").await.json())[0];
    let texts: Vec<_> =
        (0..5).map(|number| json!({ "note_type": "common", "params": { "text": format!("note {number}") } })).collect();
    amo.post(&format!("/leads/{id}/notes"), &json!(texts)).await;
    let task_of = |number: i64| json!({ "text": format!("task {number}"), "complete_till": 1_795_500_000 + number, "entity_id": id, "entity_type": "leads" });
    amo.post("/tasks", &json!((0..5).map(task_of).collect::<Vec<_>>())).await;

    for (name, first) in [("notes", "note 4"), ("tasks", "task 4"), ("events", "")] {
        let path = format!("/leads/{id}/{name}");
        let all = world.get("olena", &format!("{path}?limit=100")).await.json();
        let all = all["data"].as_array().unwrap();
        assert!(all.len() >= 5, "{name}: {all:?}");
        assert!(name == "events" || all[0]["text"] == first, "{name}: {all:?}");
        // The numbers of notes and tasks rise; events have ids that do.
        let ids: Vec<_> = all.iter().map(|entry| (entry["id"].as_u64(), entry["id"].as_str())).collect();
        assert!(ids.is_sorted_by(|one, next| one > next), "{name}: {ids:?}");
        let (mut found, mut page) = (Vec::new(), 1);
        loop {
            let part = world.get("olena", &format!("{path}?limit=2&page={page}")).await.json();
            assert_eq!((&part["page"], &part["limit"]), (&json!(page), &json!(2)), "{name}");
            found.extend(part["data"].as_array().unwrap().clone());
            if part["hasMore"] == false {
                break;
            }
            page += 1;
        }
        assert_eq!(found, *all, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tasks_of_all_leads_come_by_when_they_are_due_with_the_names_of_their_leads() {
    let world = world(630).await;
    let amo = Amo::of(&world).await;
    let path = "/tasks?limit=50&filter[entity_type]=leads&filter[is_completed]=0&order[complete_till]=asc";
    let theirs = amo.get(path).await["_embedded"]["tasks"].as_array().unwrap().clone();
    let (ours, cost) = calls(&world, world.get("olena", "/tasks?isCompleted=false&order=completeTill")).await;
    assert_eq!(cost, 2);
    let ours = ours.json()["data"].as_array().unwrap().clone();
    assert_eq!(ours.len(), theirs.len());
    for (ours, theirs) in ours.iter().zip(&theirs) {
        let mut expected = task(theirs);
        expected["leadName"] = amo.get(&format!("/leads/{}", theirs["entity_id"])).await["name"].clone();
        assert_eq!(*ours, expected);
    }
    let due = |list: &Answer| {
        let list = list.json()["data"].as_array().unwrap().clone();
        list.iter().map(|task| task["completeTill"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let last = due(&world.get("olena", "/tasks?order=-completeTill&limit=250").await);
    assert!(!last.is_empty() && last.is_sorted_by(|one, next| one >= next), "{last:?}");
    let completed = world.get("olena", "/tasks?isCompleted=true&limit=1").await.data();
    let user = &completed[0]["responsibleUserId"];
    let of_one = world.get("olena", &format!("/tasks?responsibleUserId={user}&isCompleted=true")).await.data();
    let of_one = of_one.as_array().unwrap();
    assert!(
        !of_one.is_empty()
            && of_one.iter().all(|task| task["responsibleUserId"] == *user && task["isCompleted"] == true)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_of_a_lead_can_be_kept_by_the_app_and_refuse_what_they_do_not_know() {
    let world = world(630).await;
    let id = ids(&world.get("olena", "/leads?limit=1").await.json())[0];
    let of_lead = |rest: &str| format!("/leads/{id}{rest}");
    for path in
        [of_lead("?include=notes"), of_lead("/notes"), of_lead("/tasks"), of_lead("/events"), "/tasks".to_owned()]
    {
        let whole = world.get("olena", &path).await;
        assert_eq!((whole.status, whole.header("cache-control")), (200, "private, no-cache"), "{path}");
        let again =
            world.http().get(world.url(&path)).bearer_auth(jwt("olena")).header("if-none-match", whole.header("etag"));
        assert_eq!(Answer::to(again).await.status, 304, "{path}");
    }
    for (path, field) in [
        (of_lead("?include=customFields"), "include"),
        (of_lead("/notes?limit=251"), "limit"),
        (of_lead("/events?limit=101"), "limit"),
        (of_lead("/tasks?order=completeTill"), "order"),
        ("/leads/0/notes".to_owned(), "id"),
        ("/tasks?isCompleted=1".to_owned(), "isCompleted"),
        ("/tasks?leadId=1".to_owned(), "leadId"),
    ] {
        let (answer, cost) = calls(&world, world.get("olena", &path)).await;
        assert_eq!(answer.problem(), (400, "invalid_request"), "{path}");
        assert_eq!(cost, 0, "{path}");
        assert_eq!(answer.json()["field"], field, "{path}");
    }
    let empty = world.get("olena", "/leads/1/notes").await.json();
    assert_eq!((&empty["data"], &empty["hasMore"]), (&json!([]), &json!(false)));
}
