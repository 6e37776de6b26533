//! Tasks: added, changed, completed, filtered; the closest one of an entity.

use std::time::Duration;

use amo_connect_sandbox::SinglePatch;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    leads::Leads,
    leads_write::{FIRST, MAIN, SECOND},
    support::{AGENCY, ids},
};

pub(crate) const TILL: u64 = 1_900_000_000;

impl Leads {
    pub(crate) async fn post_task(&self, task: Value) -> u64 {
        let answer = self.send(Method::POST, "tasks", &json!([task])).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        ids(&answer.json(), "tasks")[0]
    }

    /// A task of a lead.
    pub(crate) async fn task(&self, lead: u64, till: u64) -> u64 {
        self.post_task(json!({"text": "Call", "complete_till": till, "entity_type": "leads", "entity_id": lead})).await
    }

    pub(crate) async fn patch_task(&self, id: u64, body: Value) -> Value {
        let answer = self.send(Method::PATCH, &format!("tasks/{id}"), &body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        self.get(&format!("tasks/{id}")).await.json()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tasks_are_written_and_read_as_the_official_sdk_does() {
    let leads = Leads::start().await;
    let lead = leads.add(json!({})).await;
    let body = json!([
        {"task_type_id": 1, "text": "Новая задача", "complete_till": TILL, "entity_type": "leads", "entity_id": lead,
         "duration": 1800, "responsible_user_id": 10_110_002, "request_id": 1},
        {"text": "Of nothing", "complete_till": TILL.to_string().parse::<f64>().unwrap()},
    ]);
    let answer = leads.send(Method::POST, "tasks", &body).await;
    assert_eq!((answer.status.as_u16(), answer.content_type.as_str()), (200, "application/hal+json"));
    let answer = answer.json();
    let [one, two] = ids(&answer, "tasks")[..] else { panic!("{answer}") };
    let host = leads.amo.sandbox.host(AGENCY).unwrap();
    let link = |id: u64| json!({"self": {"href": format!("http://{host}/api/v4/tasks/{id}")}});
    assert_eq!(
        answer["_embedded"]["tasks"],
        json!([{"id": one, "request_id": "1", "_links": link(one)}, {"id": two, "request_id": "1", "_links": link(two)}])
    );
    let task = leads.get(&format!("tasks/{one}")).await.json();
    let now = task["created_at"].as_u64().unwrap();
    assert!(now.abs_diff(leads.amo.sandbox.clock().now) < 60);
    assert_eq!(
        task,
        json!({
            "id": one, "created_by": 10_110_001, "updated_by": 10_110_001, "created_at": now, "updated_at": now,
            "responsible_user_id": 10_110_002, "group_id": 0, "entity_id": lead, "entity_type": "leads",
            "duration": 1800, "is_completed": false, "task_type_id": 1, "text": "Новая задача", "result": [],
            "complete_till": TILL, "account_id": 31_920_194, "_links": link(one),
        })
    );
    let task = leads.get(&format!("tasks/{two}")).await.json();
    let (entity, kind) = (&task["entity_id"], &task["entity_type"]);
    assert_eq!((entity, kind, &task["responsible_user_id"]), (&Value::Null, &Value::Null, &json!(10_110_001)));
    assert_eq!((&task["task_type_id"], &task["duration"]), (&json!(1), &json!(0)));
    for nobody in ["tasks/5", "tasks/99999999999999999999999", "tasks?filter[id]=5"] {
        assert_eq!(leads.get(nobody).await.status, 204, "{nobody}");
    }
    for (method, path) in [(Method::DELETE, "tasks".to_owned()), (Method::DELETE, format!("tasks/{one}"))] {
        assert_eq!(leads.send(method, &path, &json!({})).await.status, 405, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_a_task_writes_its_events_and_tells_webhooks() {
    let leads = Leads::start().await;
    leads.amo.sandbox.freeze_clock(true);
    let lead = leads.add(json!({})).await;
    let id = leads.task(lead, TILL).await;
    leads.amo.sandbox.advance_clock(Duration::from_secs(5)).unwrap();
    let now = leads.amo.sandbox.clock().now;
    let body = json!([{"id": id, "text": "Meet", "complete_till": TILL + 60, "task_type_id": 2,
                       "responsible_user_id": 10_110_002, "request_id": "mine"}]);
    let answer = leads.send(Method::PATCH, "tasks", &body).await.json();
    let written = &answer["_embedded"]["tasks"][0];
    assert_eq!(
        (&written["id"], &written["updated_at"], &written["request_id"]),
        (&json!(id), &json!(now), &json!("mine"))
    );
    let answer =
        leads.send(Method::PATCH, &format!("tasks/{id}"), &json!({"request_id": 7, "duration": 60})).await.json();
    assert_eq!((&answer["id"], &answer["updated_at"], &answer["request_id"]), (&json!(id), &json!(now), &json!("7")));
    leads.amo.switch(|switches| switches.single_patch = SinglePatch::Embedded);
    let done = json!({"is_completed": true, "result": {"text": "Agreed"}});
    let answer = leads.send(Method::PATCH, &format!("tasks/{id}"), &done).await.json();
    assert_eq!(ids(&answer, "tasks"), [id]);
    let task = leads.get(&format!("tasks/{id}")).await.json();
    assert_eq!(
        (&task["is_completed"], &task["result"], &task["duration"]),
        (&json!(true), &json!({"text": "Agreed"}), &json!(60))
    );

    let mut events = leads.events().await;
    events.reverse();
    let note = events.last().unwrap().2[0]["note"]["id"].as_u64().unwrap();
    let of = |name: &str, before: Value, after: Value| {
        let shape = |value: Value| json!([{(name): value}]);
        (shape(before), shape(after))
    };
    let (text, texts) = of("task", json!({"text": "Call"}), json!({"text": "Meet"}));
    let (till, tills) = of("task_deadline", json!({"timestamp": TILL}), json!({"timestamp": TILL + 60}));
    let (kind, kinds) = of("task_type", json!({"id": 1}), json!({"id": 2}));
    let (user, users) = of("responsible_user", json!({"id": 10_110_001}), json!({"id": 10_110_002}));
    let expected = [
        ("lead_added", json!([]), json!([])),
        ("task_added", json!([]), json!([])),
        ("task_text_changed", text, texts),
        ("task_deadline_changed", till, tills),
        ("task_type_changed", kind, kinds),
        ("entity_responsible_changed", user, users),
        ("task_completed", json!([]), json!([])),
        ("task_result_added", json!([]), json!([{"note": {"id": note}}])),
    ];
    assert_eq!(events, expected.map(|(name, before, after)| (name.to_owned(), before, after)));
    let changes = leads.changes().await;
    let settings: Vec<_> = changes.iter().map(|change| change["settings"].clone()).collect();
    assert_eq!(
        settings,
        [
            json!(["add_lead"]),
            json!(["add_task"]),
            json!(["update_task", "responsible_task"]),
            json!(["update_task"]),
            json!(["update_task"])
        ]
    );
    assert_eq!((&changes[2]["entity_type"], &changes[2]["entity_id"]), (&json!("task"), &json!(id)));
    assert_eq!(changes[2]["changed"], json!(["text", "complete_till", "task_type_id", "responsible_user_id"]));
    assert_eq!(changes[2]["old_responsible_user_id"], 10_110_001);
    assert_eq!(changes[4]["changed"], json!(["is_completed", "result"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_closest_task_of_an_entity_follows_its_tasks() {
    let leads = Leads::start().await;
    let (lead, other) = (leads.add(json!({})).await, leads.add(json!({})).await);
    let updated_at = leads.one(lead).await["updated_at"].clone();
    let closest = async |id: u64| leads.one(id).await["closest_task_at"].clone();
    assert_eq!(closest(lead).await, Value::Null);
    let later = leads.task(lead, TILL + 60).await;
    let sooner = leads.task(lead, TILL).await;
    assert_eq!(closest(lead).await, TILL);
    leads.patch_task(sooner, json!({"is_completed": true})).await;
    assert_eq!(closest(lead).await, TILL + 60);
    leads.patch_task(sooner, json!({"is_completed": false, "complete_till": TILL + 30})).await;
    assert_eq!(closest(lead).await, TILL + 30);
    leads.patch_task(sooner, json!({"entity_type": "leads", "entity_id": other})).await;
    assert_eq!((closest(lead).await, closest(other).await), (json!(TILL + 60), json!(TILL + 30)));
    let free = leads.patch_task(later, json!({"entity_id": null})).await;
    assert_eq!((closest(lead).await, &free["entity_type"]), (Value::Null, &Value::Null));
    assert_eq!(leads.one(lead).await["updated_at"], updated_at, "that is no change of the lead");
    let found = leads.row_ids(&format!("leads?filter[closest_task_at][from]={TILL}")).await;
    assert_eq!(found, [other]);
}

#[tokio::test(flavor = "multi_thread")]
async fn tasks_are_filtered_and_ordered() {
    let leads = Leads::start().await;
    leads.amo.sandbox.freeze_clock(true);
    let lead = leads.add(json!({"status_id": SECOND})).await;
    let contact = leads.row_ids("contacts?limit=1").await[0];
    let one = leads.task(lead, TILL + 60).await;
    leads.amo.sandbox.advance_clock(Duration::from_secs(100)).unwrap();
    let since = leads.amo.sandbox.clock().now;
    let of_contact = json!({"text": "x", "complete_till": TILL, "entity_type": "contacts", "entity_id": contact,
                            "task_type_id": 2_841_001, "responsible_user_id": 10_110_002, "is_completed": true});
    let two = leads.post_task(of_contact).await;
    let three = leads.post_task(json!({"text": "x", "complete_till": TILL + 30, "task_type_id": 2})).await;
    let mine = format!("filter[id][]={one}&filter[id][]={two}&filter[id][]={three}");
    for (query, expected) in [
        (mine.clone(), vec![one, two, three]),
        (format!("{mine}&filter[responsible_user_id]=10110002"), vec![two]),
        (
            format!("{mine}&filter[responsible_user_id][]=10110002&filter[responsible_user_id][]=10110001"),
            vec![one, two, three],
        ),
        (format!("{mine}&filter[created_by][]=10110001"), vec![one, two, three]),
        (format!("{mine}&filter[is_completed]=1"), vec![two]),
        (format!("{mine}&filter[is_completed][]=0"), vec![one, three]),
        (format!("{mine}&filter[task_type]=2841001"), vec![two]),
        (format!("{mine}&filter[task_type_id][]=2841001&filter[task_type_id][]=2"), vec![two, three]),
        (format!("{mine}&filter[entity_type]=leads"), vec![one]),
        (format!("{mine}&filter[entity_type]=companies"), vec![]),
        (format!("{mine}&filter[entity_type]=customers"), vec![]),
        (format!("filter[entity_type]=contacts&filter[entity_id][]={contact}&filter[entity_id][]={lead}"), vec![two]),
        (format!("filter[entity_type]=leads&filter[entity_id]={lead}"), vec![one]),
        (format!("{mine}&filter[entity_id]={lead}"), vec![one, two, three]),
        (format!("{mine}&filter[updated_at]={since}"), vec![two, three]),
        (format!("{mine}&filter[updated_at][to]={}", since - 1), vec![one]),
        (
            format!("{mine}&filter[lead_statuses][0][pipeline_id]={MAIN}&filter[lead_statuses][0][status_id]={SECOND}"),
            vec![one],
        ),
        (format!("{mine}&filter[lead_statuses][0][status_id]={FIRST}"), vec![]),
        (format!("{mine}&order[complete_till]=asc"), vec![two, three, one]),
        (format!("{mine}&order[created_at]=desc&limit=2"), vec![two, three]),
        (format!("{mine}&order[id]=desc"), vec![three, two, one]),
        (format!("{mine}&query=nothing"), vec![one, two, three]),
    ] {
        assert_eq!(leads.row_ids(&format!("tasks?{query}")).await, expected, "{query}");
    }
}
