//! Switches for what nobody knows of lists and of leads.

use std::time::Duration;

use amo_connect_sandbox::{DefaultOrder, EmptyCustomFields};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    leads::Leads,
    leads_write::{FIRST, MAIN, SECOND, errors},
    support::ids,
};

#[tokio::test(flavor = "multi_thread")]
async fn no_values_are_null_or_an_empty_list() {
    let leads = Leads::start().await;
    let (lead, contact) = (leads.add(json!({})).await, leads.add_to("contacts", json!({})).await);
    for (position, expected) in [(EmptyCustomFields::Null, Value::Null), (EmptyCustomFields::List, json!([]))] {
        leads.amo.switch(|switches| switches.empty_custom_fields = position);
        for path in [format!("leads/{lead}"), format!("contacts/{contact}")] {
            assert_eq!(leads.get(&path).await.json()["custom_fields_values"], expected, "{path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_begin_with_the_oldest_or_the_newest() {
    let leads = Leads::start().await;
    leads.amo.switch(|switches| switches.default_order = DefaultOrder::NewestFirst);
    let id = leads.add(json!({})).await;
    let first = async |query: &str| ids(&leads.answer(&format!("limit=3&{query}")).await.json(), "leads");
    let newest = first("").await;
    assert_eq!(newest[0], id);
    assert!(newest.is_sorted_by(|one, next| one > next));
    assert!(first("order[id]=asc").await.is_sorted());
    for list in ["leads/notes", "tasks"] {
        let name = list.rsplit('/').next().unwrap();
        let first = async |query: &str| ids(&leads.get(&format!("{list}?limit=3&{query}")).await.json(), name);
        assert!(first("").await.is_sorted_by(|one, next| one > next), "{list}");
        assert!(first("order[id]=asc").await.is_sorted(), "{list}");
        leads.amo.switch(|switches| switches.default_order = DefaultOrder::OldestFirst);
        assert!(first("").await.is_sorted(), "{list}");
        leads.amo.switch(|switches| switches.default_order = DefaultOrder::NewestFirst);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_search_lags_behind_changes_by_the_sandboxs_clock() {
    let leads = Leads::start().await;
    leads.amo.sandbox.freeze_clock(true);
    let contact = leads.add_to("contacts", json!({"name": "Перший"})).await;
    let lead = leads.add(json!({"name": "x", "_embedded": {"contacts": [{"id": contact}]}})).await;
    let found = async |name: &str| {
        let query: String = url::form_urlencoded::byte_serialize(name.as_bytes()).collect();
        let contacts = leads.entries("contacts", &format!("query={query}")).await;
        let of_lead = leads.list(&format!("query={query}&filter[id]={lead}")).await;
        (contacts.len(), of_lead.len())
    };
    leads.amo.switch(|switches| switches.search_lag_s = 30);
    for name in ["Другий", "Третій"] {
        leads.amo.sandbox.change_contact(crate::support::AGENCY, &json!({"id": contact, "name": name})).unwrap();
    }
    leads.add_to("contacts", json!({"name": "Третій"})).await;
    assert_eq!(leads.get(&format!("contacts/{contact}")).await.json()["name"], "Третій", "by its id it is new");
    assert_eq!((found("Перший").await, found("Другий").await, found("Третій").await), ((1, 1), (0, 0), (0, 0)));
    leads.amo.sandbox.advance_clock(Duration::from_secs(30)).unwrap();
    assert_eq!((found("Перший").await, found("Другий").await, found("Третій").await), ((0, 0), (0, 0), (2, 1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lead_is_lost_with_a_reason_if_the_account_wants_one() {
    let leads = Leads::start().await;
    let id = leads.add(json!({})).await;
    leads.amo.switch(|switches| switches.loss_reason_required = true);
    let missing = vec![("FieldMissing".to_owned(), "loss_reason_id".to_owned())];
    assert_eq!(errors(&leads.patch(id, json!({"status_id": 143})).await)[0].1, missing);
    assert_eq!(errors(&leads.post(json!([{"status_id": 143}])).await)[0].1, missing);
    leads.changed(id, json!({"status_id": 143, "loss_reason_id": 18_240_002})).await;
    leads.changed(id, json!({"status_id": 143, "price": 5})).await;
    leads.changed(id, json!({"status_id": FIRST})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lead_enters_a_stage_with_the_fields_that_are_required_there_if_the_account_wants_that() {
    let leads = Leads::start().await;
    let there = json!([{"status_id": SECOND, "pipeline_id": MAIN}]);
    let field = async |kind: &str, hidden: Value| {
        let field = json!([{"name": "x", "type": "text", "required_statuses": there, "hidden_statuses": hidden}]);
        let made = leads.send(Method::POST, &format!("{kind}/custom_fields"), &field).await;
        ids(&made.json(), "custom_fields")[0]
    };
    let (own, of_contact) = (field("leads", json!([])).await, field("contacts", json!([])).await);
    field("leads", there.clone()).await;
    let value = |field: u64| json!([{"field_id": field, "values": [{"value": "7"}]}]);
    let contact = leads.add_to("contacts", json!({})).await;
    let id = leads.add(json!({"_embedded": {"contacts": [{"id": contact}]}})).await;
    let enter = json!({"status_id": SECOND});
    leads.changed(id, enter.clone()).await;
    leads.changed(id, json!({"status_id": FIRST})).await;
    leads.amo.switch(|switches| switches.required_fields = true);
    let missing = |path: &str| ("FieldMissing".to_owned(), path.to_owned());
    let of_both = vec![missing("custom_fields_values"), missing("_embedded.contacts.0.custom_fields_values")];
    let refused = leads.patch(id, enter.clone()).await;
    assert_eq!(errors(&refused)[0].1, of_both);
    assert!(refused.body.contains(&format!("The field {own} (x) is required in this stage.")), "{refused:?}");
    leads
        .send(Method::PATCH, &format!("contacts/{contact}"), &json!({"custom_fields_values": value(of_contact)}))
        .await;
    assert_eq!(errors(&leads.patch(id, enter.clone()).await)[0].1, of_both[..1]);
    let filled = json!({"status_id": SECOND, "custom_fields_values": value(own)});
    leads.changed(id, filled).await;
    leads.changed(id, json!({"custom_fields_values": [{"field_id": own, "values": null}]})).await;
    leads.changed(id, json!({"status_id": SECOND, "price": 7})).await;
    let new =
        json!([{"status_id": SECOND, "_embedded": {"contacts": [{"id": leads.add_to("contacts", json!({})).await}]}}]);
    assert_eq!(errors(&leads.post(new).await)[0].1, of_both);
    leads.add(json!({"status_id": SECOND, "custom_fields_values": value(own)})).await;
}
