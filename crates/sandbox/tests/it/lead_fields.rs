//! Tags and custom fields of leads, as they are written and read.

use serde_json::{Value, json};

use crate::{leads::Leads, leads_write::errors};

#[tokio::test(flavor = "multi_thread")]
async fn tags_are_added_deleted_and_set_and_a_known_name_keeps_its_id() {
    let leads = Leads::start().await;
    let tags = |lead: &Value| lead["_embedded"]["tags"].clone();
    let id = leads.add(json!({"_embedded": {"tags": [{"id": 301}, {"name": "нове"}, {"name": "нове"}]}})).await;
    let vip = json!({"id": 301, "name": "VIP", "color": "FF8F92"});
    let new = json!({"id": 305, "name": "нове", "color": null});
    assert_eq!(tags(&leads.one(id).await), json!([vip, new]));
    let change = json!({"tags_to_add": [{"name": "instagram"}], "tags_to_delete": [{"name": "VIP"}, {"name": "none"}]});
    let instagram = json!({"id": 304, "name": "instagram", "color": null});
    assert_eq!(tags(&leads.changed(id, change).await), json!([new, instagram]));
    assert_eq!(tags(&leads.changed(id, json!({"_embedded": {"tags": [{"name": "VIP"}]}})).await), json!([vip]));
    assert_eq!(tags(&leads.changed(id, json!({"_embedded": {"tags": null}})).await), json!([]));
    let other = leads.add(json!({"tags_to_add": [{"name": "нове"}]})).await;
    assert_eq!(tags(&leads.one(other).await), json!([new]));
}

#[tokio::test(flavor = "multi_thread")]
async fn custom_fields_are_written_by_their_types_and_read_with_their_names() {
    let leads = Leads::start().await;
    let base = 594_000;
    let field = |id: u64, values: Value| json!({"field_id": base + id, "values": values});
    let id = leads
        .add(json!({"custom_fields_values": [
            field(8, json!([{"value": "2026-01-02T03:04:05+02:00"}])),
            field(1, json!([{"value": "Будинок"}])),
            field(2, json!([{"value": 75.5}])),
            field(4, json!([{"value": 1_700_000_000}])),
            field(5, json!([{"value": false}])),
            field(7, json!([{"enum_id": base + 110}, {"value": "Garden"}])),
            {"field_code": "DOCUMENTS", "values": [{"enum_code": "READY"}]},
        ]}))
        .await;
    let plain = |id: u64, name: &str, kind: &str, values: Value| {
        json!({"field_id": base + id, "field_name": name, "field_code": null, "field_type": kind,
               "is_computed": false, "values": values})
    };
    let mut documents =
        plain(9, "Документи", "radiobutton", json!([{"value": "Готові", "enum_id": base + 120, "enum_code": "READY"}]));
    documents["field_code"] = json!("DOCUMENTS");
    let chosen = |value: &str, id: u64| json!({"value": value, "enum_id": base + id, "enum_code": null});
    let expected = json!([
        plain(1, "Тип объекта", "select", json!([chosen("Будинок", 101)])),
        plain(2, "Площа, м²", "numeric", json!([{"value": "75.5"}])),
        plain(4, "Viewing", "date_time", json!([{"value": 1_700_000_000}])),
        plain(5, "Паркинг", "checkbox", json!([{"value": false}])),
        plain(7, "Зручності", "multiselect", json!([chosen("Балкон", 110), chosen("Garden", 112)])),
        plain(8, "Дата заїзду", "date", json!([{"value": 1_767_315_845}])),
        documents,
    ]);
    assert_eq!(leads.one(id).await["custom_fields_values"], expected);
    let found = leads.list(&format!("filter[custom_fields_values][{}][from]=75&filter[id]={id}", base + 2)).await;
    assert_eq!(found.len(), 1);

    let change = json!({"custom_fields_values": [field(7, json!([{"value": "Ліфт"}])), field(1, json!(null)),
                                                 field(2, json!([])), field(3, json!([{"value": "Abbey Lane"}]))]});
    let lead = leads.changed(id, change).await;
    let fields = lead["custom_fields_values"].as_array().unwrap();
    let names: Vec<_> = fields.iter().map(|field| field["field_id"].as_u64().unwrap() - base).collect();
    assert_eq!(names, [3, 4, 5, 7, 8, 9]);
    assert_eq!(fields[3]["values"], json!([chosen("Ліфт", 111)]));
    assert_eq!(leads.list("query=abbey%20lane&order[id]=desc").await[0]["id"], id);
}

#[tokio::test(flavor = "multi_thread")]
async fn custom_fields_that_cannot_be_are_refused_where_they_are() {
    let leads = Leads::start().await;
    let base = 594_000;
    let field = |id: u64, value: Value| json!({"field_id": base + id, "values": [value]});
    let refused = leads
        .post(json!([{"custom_fields_values": [
            {"field_id": 1, "values": [{"value": "x"}]},
            {"field_code": "NONE", "values": [{"value": "x"}]},
            field(1, json!({"value": "Замок"})),
            field(1, json!({"enum_id": 5})),
            field(2, json!({"value": "large"})),
            field(3, json!({"value": "x".repeat(257)})),
            field(3, json!({"value": true})),
            field(4, json!({"value": "tomorrow"})),
            field(5, json!({"value": "yes"})),
            field(9, json!({"enum_code": "LOST"})),
            field(3, json!("x")),
            field(3, json!({"value": "x".repeat(256)})),
        ]}]))
        .await;
    let at = |code: &str, path: &str| (code.to_owned(), format!("custom_fields_values.{path}"));
    assert_eq!(
        errors(&refused)[0].1,
        [
            at("NotSupportedChoice", "0.field_id"),
            at("NotSupportedChoice", "1.field_code"),
            at("NotSupportedChoice", "2.values.0.value"),
            at("NotSupportedChoice", "3.values.0.enum_id"),
            at("InvalidType", "4.values.0.value"),
            at("TooLong", "5.values.0.value"),
            at("InvalidType", "6.values.0.value"),
            at("InvalidType", "7.values.0.value"),
            at("InvalidType", "8.values.0.value"),
            at("NotSupportedChoice", "9.values.0.enum_code"),
            at("InvalidType", "10.values.0"),
        ]
    );
}
