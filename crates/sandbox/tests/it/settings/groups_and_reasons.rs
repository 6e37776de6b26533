//! Groups of custom fields, and loss reasons.

use reqwest::Method;
use serde_json::{Value, json};

use super::without;
use crate::{
    leads::Leads,
    leads_write::errors,
    support::{AGENCY, ids},
};

const GROUPS: &str = "leads/custom_fields/groups";
const REASONS: &str = "leads/loss_reasons";

#[tokio::test(flavor = "multi_thread")]
async fn groups_take_fields_in_and_let_them_go() {
    let leads = Leads::start().await;
    let groups = leads.get(GROUPS).await.json();
    assert_eq!((&groups["_total_items"], groups.get("_page")), (&json!(2), None), "they come without pages");
    let gone = leads.send(Method::DELETE, &format!("{GROUPS}/leads_7"), &Value::Null).await;
    assert_eq!(gone.status, 404);
    let keys: Vec<_> =
        groups["_embedded"]["custom_field_groups"].as_array().unwrap().iter().map(|it| &it["id"]).collect();
    assert_eq!(keys, ["default", "statistic"]);
    let types = ["custom_field_group", "linked_group"];
    assert_eq!([0_usize, 1].map(|place| &groups["_embedded"]["custom_field_groups"][place]["type"]), types);
    let group = json!({"name": "Огляд", "sort": 15, "fields": [594_001, 594_003], "request_id": "g"});
    let group = leads.made(GROUPS, "custom_field_groups", 201, group).await;
    let host = leads.amo.sandbox.host(AGENCY).unwrap();
    let expected = json!({
        "id": "leads_1594001", "name": "Огляд", "is_predefined": false, "type": "custom_field_group", "entity_type": "leads",
        "sort": 15, "fields": [594_001, 594_003],
        "_links": {"self": {"href": format!("http://{host}/api/v4/leads/custom_fields/groups/leads_1594001")}},
    });
    assert_eq!(without(group, &["request_id"]), expected);
    let path = format!("{GROUPS}/leads_1594001");
    assert_eq!(leads.get(&path).await.json(), expected);
    let group_of = async |id: u64| leads.get(&format!("leads/custom_fields/{id}")).await.json()["group_id"].clone();
    assert_eq!((group_of(594_001).await, group_of(594_002).await), (json!("leads_1594001"), json!("default")));
    let changed = leads.send(Method::PATCH, &path, &json!({"name": "Осмотр", "fields": [594_003]})).await;
    assert_eq!((changed.status.as_u16(), &changed.json()["name"]), (200, &json!("Осмотр")));
    assert_eq!((group_of(594_001).await, group_of(594_003).await), (Value::Null, json!("leads_1594001")));
    let batch = leads.send(Method::PATCH, GROUPS, &json!([{"id": "leads_1594001", "sort": 1}])).await;
    assert_eq!(batch.json()["_embedded"]["custom_field_groups"][0]["sort"], 1);
    assert_eq!(leads.send(Method::DELETE, &path, &Value::Null).await.status, 204);
    assert_eq!((group_of(594_003).await, leads.get(&path).await.status.as_u16()), (Value::Null, 204));
    let refused = leads.send(Method::DELETE, &format!("{GROUPS}/default"), &Value::Null).await;
    assert_eq!(errors(&refused)[0].1, [("NotSupportedChoice".to_owned(), "id".to_owned())]);
    let refused = leads.send(Method::POST, GROUPS, &json!([{"fields": [1]}])).await;
    let expected =
        [("FieldMissing".to_owned(), "name".to_owned()), ("NotSupportedChoice".to_owned(), "fields.0".to_owned())];
    assert_eq!(errors(&refused)[0].1, expected);
    assert_eq!(leads.listed("contacts/custom_fields/groups", "custom_field_groups").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn loss_reasons_are_added_changed_deleted_and_shown_with_leads() {
    let leads = Leads::start().await;
    assert_eq!(leads.get(REASONS).await.json()["_total_items"], 4);
    let reason = leads.made(REASONS, "loss_reasons", 200, json!({"name": "Переїхав", "sort": 5})).await;
    let id = reason["id"].as_u64().unwrap();
    assert_eq!((id, &reason["sort"], &reason["request_id"]), (18_240_004, &json!(5), &json!("0")));
    let lead = leads.add(json!({"pipeline_id": 7_301_200, "status_id": 143, "loss_reason_id": id})).await;
    let path = format!("{REASONS}/{id}");
    leads.amo.sandbox.advance_clock(std::time::Duration::from_mins(1)).unwrap();
    let changed = leads.send(Method::PATCH, &path, &json!({"name": "Moved away"})).await.json();
    assert_eq!((&changed["name"], &changed["sort"]), (&json!("Moved away"), &json!(5)));
    assert!(changed["updated_at"].as_u64().unwrap() >= changed["created_at"].as_u64().unwrap() + 60);
    assert_eq!(leads.get(&path).await.json(), changed);
    let with = async || leads.get(&format!("leads/{lead}?with=loss_reason")).await.json();
    assert_eq!(with().await["_embedded"]["loss_reason"], json!([changed]));
    assert_eq!(leads.send(Method::DELETE, &path, &Value::Null).await.status, 204);
    let after = with().await;
    assert_eq!((&after["loss_reason_id"], &after["_embedded"]["loss_reason"]), (&json!(id), &json!([])));
    assert_eq!(leads.get(&path).await.status, 204);
    let refused = leads.post(json!([{"loss_reason_id": id}])).await;
    assert_eq!(errors(&refused)[0].1, [("NotSupportedChoice".to_owned(), "loss_reason_id".to_owned())]);
    let refused = leads.send(Method::POST, REASONS, &json!([{"sort": 1}])).await;
    assert_eq!(errors(&refused)[0].1, [("FieldMissing".to_owned(), "name".to_owned())]);
    let next = leads.made(REASONS, "loss_reasons", 200, json!({"name": "x"})).await;
    assert_eq!(next["id"], 18_240_005);
    let list = leads.get(REASONS).await.json();
    assert_eq!(ids(&list, "loss_reasons"), [18_240_000, 18_240_001, 18_240_002, 18_240_003, 18_240_005]);
}
