//! Definitions of custom fields: listed, added, changed, deleted, and what becomes of the values.

use reqwest::Method;
use serde_json::{Value, json};

use super::without;
use crate::{
    leads::Leads,
    leads_write::errors,
    support::{AGENCY, ids},
};

const FIELDS: &str = "leads/custom_fields";

#[tokio::test(flavor = "multi_thread")]
async fn fields_are_listed_with_totals_in_pages_by_type_and_in_order() {
    let leads = Leads::start().await;
    let page = leads.get(&format!("{FIELDS}?limit=20&page=2")).await.json();
    assert_eq!((&page["_total_items"], &page["_page"], &page["_page_count"]), (&json!(49), &json!(2), &json!(3)));
    let (next, last) = (&page["_links"]["next"]["href"], &page["_links"]["last"]["href"]);
    assert!(next == last && next.as_str().unwrap().contains("page=3"), "{page}");
    assert_eq!(ids(&page, "custom_fields").len(), 20);
    assert_eq!(leads.get(&format!("{FIELDS}?limit=20&page=4")).await.status, 204);
    let types = leads.get(&format!("{FIELDS}?filter[type][0]=select&filter[type][1]=url")).await.json();
    assert_eq!(ids(&types, "custom_fields"), [594_001, 594_006]);
    let backwards = leads.get(&format!("{FIELDS}?order[id]=desc&limit=1")).await.json();
    assert_eq!(ids(&backwards, "custom_fields"), [594_089]);
    for (entities, fields) in [("contacts", 4), ("companies", 5)] {
        assert_eq!(leads.listed(&format!("{entities}/custom_fields"), "custom_fields").await.len(), fields);
    }
    let phone = leads.get("contacts/custom_fields/594210").await.json();
    for (member, value) in [
        ("code", json!("PHONE")),
        ("type", json!("multitext")),
        ("entity_type", json!("contacts")),
        ("is_predefined", json!(true)),
        ("is_deletable", json!(false)),
        ("group_id", json!("default")),
        ("required_statuses", Value::Null),
    ] {
        assert_eq!(phone[member], value, "{member}");
    }
    assert_eq!(phone["enums"][0], json!({"id": 594_212, "value": "WORK", "sort": 212, "code": "WORK"}));
    assert_eq!(leads.get(&format!("{FIELDS}/1")).await.status, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_field_is_answered_whole_and_can_be_filled_at_once() {
    let leads = Leads::start().await;
    let answer = leads
        .send(
            Method::POST,
            FIELDS,
            &json!([
                {"type": "text", "name": "Поле Текст", "sort": 10, "request_id": "t"},
                {"type": "select", "name": "Поле Список", "code": "LIST", "is_api_only": true, "group_id": "statistic",
                 "required_statuses": [{"pipeline_id": 7_301_200, "status_id": 142}],
                 "enums": [{"value": "Один", "sort": 10}, {"value": "Два", "sort": 20, "code": "TWO"}]},
            ]),
        )
        .await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let [text, list] = answer.json()["_embedded"]["custom_fields"].as_array().unwrap().clone().try_into().unwrap();
    assert_eq!((&text["id"], &text["request_id"]), (&json!(1_594_001), &json!("t")));
    let host = leads.amo.sandbox.host(AGENCY).unwrap();
    let expected = json!({
        "id": 1_594_002, "name": "Поле Список", "type": "select", "account_id": 31_920_194, "code": "LIST", "sort": 90,
        "is_api_only": true,
        "enums": [{"id": 4_594_001, "value": "Один", "sort": 10, "code": null},
                  {"id": 4_594_002, "value": "Два", "sort": 20, "code": "TWO"}],
        "group_id": "statistic", "required_statuses": [{"status_id": 142, "pipeline_id": 7_301_200}],
        "is_deletable": true, "is_predefined": false, "entity_type": "leads", "remind": null, "triggers": [],
        "currency": null, "hidden_statuses": [], "chained_lists": null, "nested": null, "tracking_callback": null,
        "search_in": null, "settings": null, "is_computed": false,
        "_links": {"self": {"href": format!("http://{host}/api/v4/leads/custom_fields/1594002")}},
    });
    assert_eq!(without(list, &["request_id"]), expected);
    assert_eq!(leads.get(&format!("{FIELDS}/1594002")).await.json(), expected);
    let id = leads
        .add(json!({"custom_fields_values": [
            {"field_id": 1_594_001, "values": [{"value": "a"}]}, {"field_code": "LIST", "values": [{"value": "Два"}]},
        ]}))
        .await;
    let values = leads.one(id).await["custom_fields_values"].clone();
    assert_eq!(values[1]["values"], json!([{"value": "Два", "enum_id": 4_594_002, "enum_code": "TWO"}]));
    assert_eq!(leads.changes().await.len(), 1, "webhooks are told of the lead alone");
}

#[tokio::test(flavor = "multi_thread")]
async fn changed_fields_show_in_the_values_that_leads_have() {
    let leads = Leads::start().await;
    let field = json!({"type": "multiselect", "name": "Вид", "enums": [{"value": "Море"}, {"value": "Парк"}]});
    let field = leads.made(FIELDS, "custom_fields", 201, field).await;
    let (id, enums) = (field["id"].as_u64().unwrap(), field["enums"].clone());
    let values = json!([{"value": "Море"}, {"value": "Парк"}]);
    let lead = leads.add(json!({"custom_fields_values": [{"field_id": id, "values": values}]})).await;
    let before = leads.one(lead).await;
    let path = format!("{FIELDS}/{id}");
    let rename = json!({"type": "multiselect", "name": "Вид из окна",
                        "enums": [{"id": enums[0]["id"], "value": "Чорне море"}, {"value": "Парк"}]});
    let changed = leads.send(Method::PATCH, &path, &rename).await;
    assert_eq!(changed.status, 201, "{changed:?}");
    let new = changed.json()["enums"].clone();
    assert_eq!((&new[0]["id"], &new[0]["value"]), (&enums[0]["id"], &json!("Чорне море")));
    assert_ne!(new[1]["id"], enums[1]["id"], "a choice without its id is a new one");
    let after = leads.one(lead).await;
    let value = &after["custom_fields_values"][0];
    assert_eq!(value["field_name"], "Вид из окна");
    assert_eq!(value["values"], json!([{"value": "Чорне море", "enum_id": enums[0]["id"], "enum_code": null}]));
    assert_eq!(after["updated_at"], before["updated_at"], "that was no change of the lead");
    assert_eq!(leads.list("query=%D1%87%D0%BE%D1%80%D0%BD%D0%B5%20%D0%BC%D0%BE%D1%80%D0%B5").await.len(), 1);
    let both = json!([{"id": id, "sort": 3}, {"id": 594_001, "sort": 900, "group_id": null}]);
    let both = leads.send(Method::PATCH, FIELDS, &both).await;
    assert_eq!(ids(&both.json(), "custom_fields"), [id, 594_001]);
    let order = leads.listed(FIELDS, "custom_fields").await;
    let place = |id: u64| order.iter().position(|field| field["id"] == id).unwrap();
    assert!(place(id) < place(594_006) && place(594_001) == order.len() - 1);
    assert_eq!(order[place(594_001)]["group_id"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_values_of_a_deleted_field_vanish() {
    let leads = Leads::start().await;
    let filled = leads.list("limit=250").await;
    let area = |lead: &Value| {
        let fields = lead["custom_fields_values"].as_array().cloned().unwrap_or_default();
        fields.into_iter().find(|field| field["field_id"] == 594_002)
    };
    let lead = filled.iter().find(|lead| area(lead).is_some()).unwrap();
    let deleted = leads.send(Method::DELETE, &format!("{FIELDS}/594002"), &Value::Null).await;
    assert_eq!((deleted.status.as_u16(), deleted.body.as_str()), (204, ""));
    assert_eq!(leads.get(&format!("{FIELDS}/594002")).await.status, 204);
    let after = leads.one(lead["id"].as_u64().unwrap()).await;
    assert_eq!(area(&after), None);
    assert_eq!(after["updated_at"], lead["updated_at"]);
    let refused = leads.post(json!([{"custom_fields_values": [{"field_id": 594_002, "values": [{"value": "1"}]}]}]));
    let path = "custom_fields_values.0.field_id".to_owned();
    assert_eq!(errors(&refused.await), [("0".to_owned(), vec![("NotSupportedChoice".to_owned(), path)])]);
    let again = leads.made(FIELDS, "custom_fields", 201, json!({"type": "numeric", "name": "Площа"})).await;
    assert_eq!(again["id"], 1_594_001);
    leads.send(Method::DELETE, &format!("{FIELDS}/1594001"), &Value::Null).await;
    let again = leads.made(FIELDS, "custom_fields", 201, json!({"type": "numeric", "name": "Площа"})).await;
    assert_eq!(again["id"], 1_594_002, "no id comes twice");
    leads.amo.sandbox.reset().unwrap();
    let fresh = leads.amo.connect(AGENCY).await.access;
    let list = leads.amo.get(AGENCY, "/api/v4/leads/custom_fields?limit=250", &fresh).await.json();
    assert_eq!(list["_total_items"], 49, "a reset brings it back");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_of_a_contact_is_renamed_and_its_leads_are_still_found() {
    let leads = Leads::start().await;
    let field = json!({"type": "radiobutton", "name": "Канал", "enums": [{"value": "Телеграма"}]});
    let field = leads.made("contacts/custom_fields", "custom_fields", 201, field).await;
    assert_eq!((&field["id"], &field["entity_type"]), (&json!(2_594_001), &json!("contacts")));
    assert_eq!(field.get("is_computed"), None);
    let gone = leads.send(Method::DELETE, "contacts/custom_fields/594210", &Value::Null).await;
    let choice = ("NotSupportedChoice".to_owned(), "id".to_owned());
    assert_eq!(errors(&gone), [("0".to_owned(), vec![choice])], "a telephone is amoCRM's own");
    let path = format!("contacts/custom_fields/{}", field["id"]);
    assert_eq!(leads.send(Method::DELETE, &path, &Value::Null).await.status, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_that_cannot_be_are_refused_where_they_are() {
    let leads = Leads::start().await;
    let refused = leads
        .send(
            Method::POST,
            FIELDS,
            &json!([
                {},
                {"name": " ", "type": "text", "code": "DOCUMENTS", "group_id": "none"},
                {"name": "x", "type": "price"},
                {"name": "x", "type": "select", "enums": [{"sort": 1}, {"id": 5, "value": "x"}],
                 "required_statuses": [{"pipeline_id": 1, "status_id": 142}],
                 "hidden_statuses": [{"pipeline_id": 7_301_200, "status_id": 3}]},
                {"name": "good", "type": "text"},
            ]),
        )
        .await;
    let at = |code: &str, path: &str| (code.to_owned(), path.to_owned());
    assert_eq!(
        errors(&refused),
        [
            ("0".to_owned(), vec![at("FieldMissing", "name"), at("FieldMissing", "type")]),
            (
                "1".to_owned(),
                vec![at("IsBlank", "name"), at("NotUnique", "code"), at("NotSupportedChoice", "group_id")]
            ),
            ("2".to_owned(), vec![at("NotSupportedChoice", "type")]),
            (
                "3".to_owned(),
                vec![
                    at("NotSupportedChoice", "required_statuses.0.pipeline_id"),
                    at("NotSupportedChoice", "hidden_statuses.0.status_id"),
                    at("FieldMissing", "enums.0.value"),
                    at("NotSupportedChoice", "enums.1.id"),
                ]
            ),
        ]
    );
    assert_eq!(leads.get(FIELDS).await.json()["_total_items"], 49, "nothing was added");
    let other = leads.send(Method::PATCH, &format!("{FIELDS}/594001"), &json!({"type": "text"})).await;
    assert_eq!(errors(&other), [("0".to_owned(), vec![at("NotSupportedChoice", "type")])]);
    let missing = leads.send(Method::PATCH, &format!("{FIELDS}/77"), &json!({"name": "x"})).await;
    assert_eq!(errors(&missing), [("0".to_owned(), vec![at("NotSupportedChoice", "id")])]);
}
