//! Events: filters, names and notes on request, types, pages, and what was there before the start.

use std::{collections::BTreeSet, time::Duration};

use amo_connect_sandbox::{AccountId, LargerLimit, LeadAddedValue};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    leads::Leads,
    leads_write::{FIRST, MAIN, SECOND},
    notes::token,
    support::{AGENCY, ids},
};

impl Leads {
    /// The types of the events that a query asks for, the latest first.
    async fn types(&self, query: &str) -> Vec<String> {
        let events = self.rows(&format!("events?{query}")).await;
        events.iter().map(|event| event["type"].as_str().unwrap().to_owned()).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_filtered_by_type_entity_author_time_and_value() {
    let leads = Leads::start().await;
    leads.amo.sandbox.freeze_clock(true);
    let start = leads.amo.sandbox.clock().now;
    let id = leads.add(json!({"name": "One", "price": 1})).await;
    let other = leads.add(json!({"name": "Other"})).await;
    leads.amo.sandbox.advance_clock(Duration::from_secs(100)).unwrap();
    let later = start + 100;
    leads
        .changed(
            id,
            json!({"status_id": SECOND, "price": 2, "responsible_user_id": 10_110_002,
                   "custom_fields_values": [{"field_id": 594_001, "values": [{"enum_id": 594_101}]}]}),
        )
        .await;
    let task = json!([{"text": "x", "complete_till": 1_900_000_000, "entity_type": "leads", "entity_id": id}]);
    let task = ids(&leads.send(Method::POST, "tasks", &task).await.json(), "tasks")[0];
    leads.amo.sandbox.change_lead(AGENCY, &json!({"id": other, "name": "Else"})).unwrap();
    let body = json!({"account": 31_920_194, "user": 10_110_002, "change": {"id": id, "name": "Two"}});
    leads.amo.control("POST", "/leads", body).await;

    let all = leads.rows(&format!("events?filter[created_at]={start}")).await;
    let id_of = |place: usize| all[place]["id"].as_str().unwrap();
    let (moved, sale, user) = ("lead_status_changed", "sale_field_changed", "entity_responsible_changed");
    let field = "custom_field_594001_value_changed";
    let (name, added) = ("name_field_changed", "lead_added");
    let since = format!("filter[created_at]={start}");
    let chosen = all[3]["value_after"][0]["custom_field_value"]["text"].as_str().unwrap();
    let two_ids = format!("filter[id]={},{}", id_of(0), id_of(7));
    let of_id = format!("filter[entity]=lead&filter[entity_id]={id}");
    let stage = |side: &str, status: u64| {
        format!(
            "{since}&filter[{side}][leads_statuses][0][pipeline_id]={MAIN}&filter[{side}][leads_statuses][0][status_id]={status}"
        )
    };
    for (query, expected) in [
        (since.clone(), vec![name, name, "task_added", field, user, sale, moved, added, added]),
        (format!("filter[created_at]={later}"), vec![name, name, "task_added", field, user, sale, moved]),
        (format!("filter[created_at]={start},{start}"), vec![added, added]),
        (format!("filter[created_at][from]={start}&filter[created_at][to]={start}"), vec![added, added]),
        (format!("{since}&filter[type]=task_added,lead_added"), vec!["task_added", added, added]),
        (format!("{since}&filter[type][]=task_added&filter[type][]={sale}"), vec!["task_added", sale]),
        (format!("{since}&filter[type]={field},{sale}"), vec![field]),
        (two_ids, vec![name, added]),
        (format!("filter[id][]={}", id_of(2)), vec!["task_added"]),
        (format!("{since}&{of_id}"), vec![name, field, user, sale, moved, added]),
        (format!("{since}&{of_id},{other}"), vec![name, name, field, user, sale, moved, added, added]),
        (format!("filter[entity][]=task&filter[entity_id][]={task}"), vec!["task_added"]),
        (format!("{since}&filter[entity]=task,contact"), vec!["task_added"]),
        (format!("{since}&filter[entity]=customer,catalog_5"), vec![]),
        (format!("{since}&filter[created_by]=10110002"), vec![name]),
        (format!("{since}&filter[created_by][]=10110002&filter[created_by][]=0"), vec![name]),
        (stage("value_after", SECOND), vec![moved]),
        (stage("value_before", FIRST), vec![moved]),
        (stage("value_before", SECOND), vec![]),
        (format!("{since}&filter[value_after][responsible_user_id]=10110002"), vec![user]),
        (format!("{since}&filter[value_before][responsible_user_id]=10110002"), vec![]),
        (format!("{since}&filter[value_after][custom_field_values]=594101"), vec![field]),
        (format!("{since}&filter[value_after][value]=2"), vec![sale]),
        (format!("{since}&filter[value_after][value]={chosen}"), vec![field]),
        (format!("{since}&filter[value_before][value]=Other,One"), vec![name, name]),
        (format!("{since}&limit=2&page=2"), vec!["task_added", field]),
    ] {
        assert_eq!(leads.types(&query).await, expected, "{query}");
    }
    let many = |name: &str| format!("events?filter[entity]=lead&filter[{name}]=1,2,3,4,5,6,7,8,9,10,11");
    for (path, wrong) in [
        ("events?filter[entity_id]=5".to_owned(), "filter.entity"),
        ("events?filter[entity]=lead,task&filter[entity_id]=5".to_owned(), "filter.entity"),
        ("events?filter[entity]=leads".to_owned(), "filter.entity"),
        (many("entity_id"), "filter.entity_id"),
        (many("created_by"), "filter.created_by"),
        ("events?filter[created_at]=yesterday".to_owned(), "filter.created_at"),
    ] {
        let refused = leads.get(&path).await;
        assert_eq!(refused.status, 400, "{path}");
        assert_eq!(refused.json()["validation-errors"][0]["errors"][0]["path"], wrong, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_and_notes_come_with_the_events_when_asked_for() {
    let leads = Leads::start().await;
    let id = leads.add(json!({"name": "Flat"})).await;
    let body = json!([{"note_type": "common", "params": {"text": "Hello"}}]);
    leads.send(Method::POST, &format!("leads/{id}/notes"), &body).await;
    let path = format!("events?filter[entity]=lead&filter[entity_id]={id}");
    let plain = leads.rows(&path).await[0].clone();
    let host = leads.amo.sandbox.host(AGENCY).unwrap();
    let event = plain["id"].as_str().unwrap();
    assert_eq!(
        plain["_embedded"],
        json!({"entity": {"id": id, "_links": {"self": {"href": format!("http://{host}/api/v4/leads/{id}")}}}})
    );
    let with = leads.rows(&format!("{path}&with=contact_name,lead_name,note")).await[0].clone();
    assert_eq!(with["_embedded"]["entity"]["name"], "Flat");
    let note = &with["value_after"][0]["note"];
    assert_eq!((&note["id"], &note["params"]["text"]), (&plain["value_after"][0]["note"]["id"], &json!("Hello")));
    assert_eq!(leads.get(&format!("events/{event}")).await.json(), plain);
    let one = leads.get(&format!("events/{event}?with=lead_name")).await.json();
    assert_eq!(one["_embedded"]["entity"]["name"], "Flat");
    let mixed = leads.rows(&format!("{path}&with=company_name,contact_name")).await[0].clone();
    assert_eq!(mixed, plain, "a lead is no contact");
    assert_eq!(leads.get("events/01aaaaaaaaaaaaaaaaaaaaaaaa").await.status, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_events_has_at_most_a_hundred_and_the_types_are_listed() {
    let leads = Leads::start().await;
    assert_eq!(leads.rows("events").await.len(), 50);
    assert_eq!(leads.rows("events?limit=100").await.len(), 100);
    assert_eq!(leads.rows("events?limit=250").await.len(), 50, "as it fell in real life");
    leads.amo.switch(|switches| switches.larger_limit = LargerLimit::Most);
    assert_eq!(leads.rows("events?limit=250").await.len(), 100);
    leads.amo.switch(|switches| switches.larger_limit = LargerLimit::Refused);
    assert_eq!(leads.get("events?limit=101").await.status, 422);
    let types = leads.get("events/types").await.json();
    let listed = types["_embedded"]["events_types"].as_array().unwrap();
    assert_eq!(types["_total_items"], listed.len());
    assert_eq!(listed[0], json!({"key": "lead_added", "type": 1, "lang": "Новая сделка"}));
    let keys: BTreeSet<_> = listed.iter().map(|known| known["key"].as_str().unwrap()).collect();
    assert_eq!(keys.len(), listed.len());
    for seen in leads.rows("events?limit=100").await {
        assert!(keys.contains(seen["type"].as_str().unwrap()), "{seen}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lead_added_says_is_a_switch() {
    let leads = Leads::start().await;
    let added = async || {
        let id = leads.add(json!({})).await;
        leads.rows(&format!("events?filter[entity]=lead&filter[entity_id]={id}")).await[0]["value_after"].clone()
    };
    assert_eq!(added().await, json!([]));
    leads.amo.switch(|switches| switches.lead_added_value = LeadAddedValue::Note);
    let (one, two) = (added().await, added().await);
    let note = |value: &Value| value[0]["note"]["id"].as_u64().unwrap();
    assert_eq!(note(&two), note(&one) + 1, "{one} {two}");
}

#[tokio::test(flavor = "multi_thread")]
async fn leads_have_a_past_of_notes_tasks_and_events_and_two_runs_the_same() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let leads = Leads::start().await;
        let present = amo_connect_sandbox::Options::default().present;
        let notes = leads.rows("leads/notes?limit=250").await;
        let tasks = leads.rows("tasks?limit=250").await;
        let events = leads.rows("events?limit=100").await;
        assert_eq!((notes.len(), tasks.len(), events.len()), (250, 250, 100));
        assert!(events.iter().map(|event| event["created_at"].as_u64()).is_sorted_by(|one, next| one >= next));
        assert!(events.iter().all(|event| event["created_at"].as_u64().unwrap() <= present));
        assert!(tasks.iter().any(|task| task["result"]["text"].is_string()));
        assert!(tasks.iter().any(|task| task["task_type_id"] == 2_841_001));
        // The closest task of a lead is one of its tasks.
        let lead = leads.list("filter[closest_task_at][from]=1&order[id]=desc&limit=1").await[0].clone();
        let id = lead["id"].as_u64().unwrap();
        let open = format!("tasks?filter[entity_type]=leads&filter[entity_id]={id}&filter[is_completed]=0");
        let open = leads.rows(&open).await;
        assert_eq!(open.len(), 1);
        assert_eq!(open[0]["complete_till"], lead["closest_task_at"]);
        let of_lead = leads.types(&format!("filter[entity]=lead&filter[entity_id]={id}")).await;
        assert_eq!(of_lead.last().unwrap(), "lead_added");
        let oldest = leads.rows(&format!("events?filter[entity]=lead&filter[entity_id]={id}")).await;
        assert_eq!(oldest.last().unwrap()["created_at"], lead["created_at"]);
        let account = leads.get("account?with=task_types").await.json();
        assert_eq!(account["_embedded"]["task_types"][2]["id"], 2_841_001);
        runs.push((notes, tasks, events.iter().map(|event| event["id"].clone()).collect::<Vec<_>>()));
    }
    let host = |value: &Value| value["_links"]["self"]["href"].as_str().unwrap().to_owned();
    assert!(host(&runs[0].0[0]).contains("/api/v4/leads/notes/"));
    let bare = |list: &[Value]| -> Vec<Value> {
        list.iter()
            .map(|entry| {
                let mut entry = entry.clone();
                entry.as_object_mut().unwrap().remove("_links");
                entry
            })
            .collect()
    };
    assert_eq!(bare(&runs[0].0), bare(&runs[1].0));
    assert_eq!(bare(&runs[0].1), bare(&runs[1].1));
    assert_eq!(runs[0].2, runs[1].2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_account_has_no_past_and_a_user_sees_that_of_what_is_seen() {
    let leads = Leads::start().await;
    let empty = leads.amo.connect(AccountId::EMPTY).await.access;
    for list in ["leads/notes", "contacts/notes", "companies/notes", "tasks", "events"] {
        let answer = leads.amo.get(AccountId::EMPTY, &format!("/api/v4/{list}"), &empty).await;
        assert_eq!(answer.status, 204, "{list}");
    }
    let iryna = token(&leads.amo, 10_110_003).await;
    let hers = leads.amo.get(AGENCY, "/api/v4/leads?limit=250", &iryna).await.json();
    let hers: BTreeSet<_> = ids(&hers, "leads").into_iter().collect();
    let notes = leads.amo.get(AGENCY, "/api/v4/leads/notes?limit=250", &iryna).await.json();
    let notes = notes["_embedded"]["notes"].as_array().unwrap();
    assert!(!notes.is_empty() && notes.len() < 250);
    assert!(notes.iter().all(|note| hers.contains(&note["entity_id"].as_u64().unwrap())));
}
