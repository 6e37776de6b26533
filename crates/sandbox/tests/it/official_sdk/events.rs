//! What `Events` and `EventTypes` of the library ask, filters as commas join them.

use serde_json::json;

use super::{PIPELINE, STAGE, Sdk, embedded, models};

#[tokio::test(flavor = "multi_thread")]
async fn events_are_found_by_lists_that_commas_join() {
    let sdk = Sdk::start().await;
    let lead = sdk.made("leads", "leads", json!({ "name": "Example", "request_id": "0" })).await;
    let contact = sdk.made("contacts", "contacts", json!({ "name": "Someone", "request_id": "0" })).await;
    let moved = json!({ "id": lead, "status_id": STAGE + 4, "pipeline_id": PIPELINE, "request_id": "0" });
    sdk.patch(&format!("leads/{lead}"), moved).await;
    let with = "contact_name,lead_name,company_name,catalog_element_name,customer_name,catalog_name,note";
    let types = "lead_added,lead_status_changed,contact_added";
    let query = [("filter[type]", types), ("filter[entity]", "lead,contact"), ("limit", "100"), ("with", with)];
    let all = sdk.get("events", &query).await;
    let all = embedded(&all, "events");
    for entry in all {
        models::event(entry);
    }
    let of = |id: u64| {
        let found = all.iter().filter(move |event| event["entity_id"] == id);
        found.map(|event| event["type"].as_str().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!((of(lead), of(contact)), (vec!["lead_status_changed", "lead_added"], vec!["contact_added"]));
    let added = all.iter().find(|event| event["entity_id"] == contact).unwrap();
    assert_eq!(added["_embedded"]["entity"]["name"], "Someone");

    let ids = format!("{},{}", all[0]["id"].as_str().unwrap(), all[1]["id"].as_str().unwrap());
    assert_eq!(embedded(&sdk.get("events", &[("filter[id]", &ids)]).await, "events").len(), 2);
    let after = format!("{},{}", added["created_at"], added["created_at"].as_u64().unwrap() + 60);
    let leads = format!("{lead},1");
    let query = [
        ("filter[entity]", "lead"),
        ("filter[entity_id]", leads.as_str()),
        ("filter[created_by]", "10110001"),
        ("filter[created_at]", after.as_str()),
        ("filter[value_after][leads_statuses][0][pipeline_id]", "7301200"),
        ("filter[value_after][leads_statuses][0][status_id]", "65710808"),
    ];
    let found = sdk.get("events", &query).await;
    let found = embedded(&found, "events");
    assert_eq!((found.len(), &found[0]["type"]), (1, &json!("lead_status_changed")));
    assert_eq!(found[0]["value_after"][0]["lead_status"], json!({ "id": STAGE + 4, "pipeline_id": PIPELINE }));
}

#[tokio::test(flavor = "multi_thread")]
async fn types_of_events_have_a_key_a_number_and_a_name() {
    let sdk = Sdk::start().await;
    let types = sdk.get("events/types", &[]).await;
    for kind in embedded(&types, "events_types") {
        models::Model(kind).text("key").int("type").text("lang");
    }
    assert!(embedded(&types, "events_types").iter().any(|kind| kind["key"] == "lead_added"), "{types}");
}
