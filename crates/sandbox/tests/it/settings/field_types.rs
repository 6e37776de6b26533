//! Every type of custom fields that leads can have: how its values are written, read and refused.

use serde_json::{Value, json};

use crate::{leads::Leads, leads_write::errors};

/// Adds a field of a type.
async fn field(leads: &Leads, kind: &str, enums: Value) -> u64 {
    let field = json!({"type": kind, "name": kind, "enums": enums});
    leads.made("leads/custom_fields", "custom_fields", 201, field).await["id"].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn values_of_every_type_are_read_as_they_were_written() {
    let leads = Leads::start().await;
    let legal = json!({"name": "ТОВ", "entity_type": 2, "address": null, "vat_id": "1", "kpp": "2"});
    let file = json!({"file_uuid": "5f0d7c2e-41b6-4a3c-9d8e-1c2b3a4d5e6f", "version_uuid": "8a6b1f90",
                      "file_name": "a.pdf", "file_size": 3});
    let element = |id: u64| json!({"catalog_id": 7, "catalog_element_id": id});
    let plain = |value: Value| json!([{"value": value}]);
    for (kind, written, read) in [
        ("text", plain(json!("x")), plain(json!("x"))),
        ("textarea", plain(json!("x".repeat(300))), plain(json!("x".repeat(300)))),
        ("numeric", plain(json!(7)), plain(json!("7"))),
        ("monetary", plain(json!("10.5")), plain(json!("10.5"))),
        ("streetaddress", plain(json!("Abbey Road")), plain(json!("Abbey Road"))),
        ("tracking_data", plain(json!("utm")), plain(json!("utm"))),
        ("url", plain(json!("https://a.example")), plain(json!("https://a.example"))),
        ("checkbox", plain(json!(true)), plain(json!(true))),
        ("date", plain(json!("2020-05-08T00:00:00+00:00")), plain(json!(1_588_896_000))),
        ("date_time", plain(json!(1_588_896_001)), plain(json!(1_588_896_001))),
        ("birthday", plain(json!("1980-01-12")), plain(json!(316_483_200))),
        ("legal_entity", plain(legal.clone()), plain(legal)),
        ("file", plain(file.clone()), plain(file)),
        ("chained_list", json!([element(1), element(2)]), json!([element(1), element(2)])),
        (
            "smart_address",
            json!([{"value": "Київ", "enum_id": 3}, {"value": "01001", "enum_code": "zip"}]),
            json!([{"value": "Київ", "enum_id": 3, "enum_code": "city"},
                   {"value": "01001", "enum_id": 5, "enum_code": "zip"}]),
        ),
    ] {
        let id = field(&leads, kind, Value::Null).await;
        let lead = leads.add(json!({"custom_fields_values": [{"field_id": id, "values": written}]})).await;
        let value = leads.one(lead).await["custom_fields_values"][0].clone();
        assert_eq!(
            value,
            json!({"field_id": id, "field_name": kind, "field_code": null, "field_type": kind, "is_computed": false,
                   "values": read}),
        );
        let cleared = leads.changed(lead, json!({"custom_fields_values": [{"field_id": id, "values": null}]})).await;
        assert_eq!(cleared["custom_fields_values"], Value::Null, "{kind}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn choices_are_named_by_value_by_id_and_by_code() {
    let leads = Leads::start().await;
    for kind in ["select", "radiobutton", "multiselect", "multitext"] {
        let enums = json!([{"value": "Один", "code": "ONE"}, {"value": "Два", "code": "TWO"}]);
        let id = field(&leads, kind, enums).await;
        let field = leads.get(&format!("leads/custom_fields/{id}")).await.json();
        let second = field["enums"][1]["id"].clone();
        let is_label = kind == "multitext";
        let shown = if is_label { "note" } else { "Два" };
        for mut written in [json!({"enum_id": second}), json!({"enum_code": "TWO"}), json!({"value": "Два"})] {
            if is_label {
                let is_named = written.get("value").is_none();
                written["value"] = json!("note");
                if !is_named {
                    continue;
                }
            }
            let lead = leads.add(json!({"custom_fields_values": [{"field_id": id, "values": [written]}]})).await;
            let values = leads.one(lead).await["custom_fields_values"][0]["values"].clone();
            assert_eq!(values, json!([{"value": shown, "enum_id": second, "enum_code": "TWO"}]), "{kind}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn values_that_a_type_cannot_have_are_refused_where_they_are() {
    let leads = Leads::start().await;
    let elements: Vec<_> = (1..7).map(|id| json!({"catalog_id": 7, "catalog_element_id": id})).collect();
    for (kind, values, code, path) in [
        ("text", json!([{"value": "x".repeat(257)}]), "TooLong", "values.0.value"),
        ("numeric", json!([{"value": "many"}]), "InvalidType", "values.0.value"),
        ("date", json!([{"value": "12.01.1980"}]), "InvalidType", "values.0.value"),
        ("checkbox", json!([{"value": "yes"}]), "InvalidType", "values.0.value"),
        ("legal_entity", json!([{"value": {"vat_id": "1"}}]), "FieldMissing", "values.0.value.name"),
        (
            "legal_entity",
            json!([{"value": {"name": "x", "entity_type": 3}}]),
            "NotSupportedChoice",
            "values.0.value.entity_type",
        ),
        ("file", json!([{"value": {"file_name": "a"}}]), "FieldMissing", "values.0.value.file_uuid"),
        ("smart_address", json!([{"value": "x", "enum_id": 7}]), "NotSupportedChoice", "values.0.enum_id"),
        ("chained_list", json!([{"catalog_id": 7}]), "FieldMissing", "values.0.catalog_element_id"),
        ("chained_list", json!(elements), "TooMany", "values"),
        ("select", json!([{"value": "none"}]), "NotSupportedChoice", "values.0.value"),
    ] {
        let id = field(&leads, kind, json!([{"value": "some"}])).await;
        let refused = leads.post(json!([{"custom_fields_values": [{"field_id": id, "values": values}]}])).await;
        let path = format!("custom_fields_values.0.{path}");
        assert_eq!(errors(&refused), [("0".to_owned(), vec![(code.to_owned(), path)])], "{kind}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_of_a_new_field_is_an_event_of_that_field() {
    let leads = Leads::start().await;
    let id = field(&leads, "select", json!([{"value": "Один"}])).await;
    let lead = leads.add(json!({})).await;
    leads.changed(lead, json!({"custom_fields_values": [{"field_id": id, "values": [{"value": "Один"}]}]})).await;
    let (kind, before, after) = leads.events().await.swap_remove(0);
    assert_eq!((kind, before), (format!("custom_field_{id}_value_changed"), json!([])));
    let value = json!({"field_id": id, "field_type": 4, "enum_id": 4_594_001, "text": "Один"});
    assert_eq!(after, json!([{"custom_field_value": value}]));
}
