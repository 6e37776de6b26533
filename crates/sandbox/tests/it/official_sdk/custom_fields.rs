//! `custom_fields_actions.php`, `custom_field_groups_actions.php` and `loss_reasons_actions.php`.

use serde_json::{Value, json};

use super::{Sdk, added, embedded, models, no_content};

#[tokio::test(flavor = "multi_thread")]
async fn fields_are_found_by_their_types() {
    let sdk = Sdk::start().await;
    let all = sdk.get("leads/custom_fields", &[]).await;
    for field in embedded(&all, "custom_fields") {
        models::custom_field(field);
    }
    let query = [("filter[type][0]", "text"), ("filter[type][1]", "url")];
    let found = sdk.get("leads/custom_fields", &query).await;
    let kinds: Vec<_> = embedded(&found, "custom_fields").iter().map(|field| field["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["text", "url"]);
    let one = sdk.get("leads/custom_fields/594001", &[]).await;
    assert_eq!((models::custom_field(&one), &one["entity_type"]), (594_001, &json!("leads")));
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_are_made_changed_and_deleted() {
    let sdk = Sdk::start().await;
    let choice = |value: &str, sort: u64| json!({ "value": value, "sort": sort });
    let fields = json!([
        { "type": "text", "name": "Поле Текст", "sort": 10, "request_id": "0" },
        { "type": "checkbox", "name": "Поле Чекбокс", "code": "MYSUPERCHECKBOX100", "sort": 20, "request_id": "1" },
        {
            "type": "select", "name": "Поле Список", "code": "MYSUPERLISTCF100", "sort": 30, "request_id": "2",
            "enums": [choice("Значение 1", 10), choice("Значение 2", 20), choice("Значение 3", 30)],
        },
    ]);
    let answer = sdk.post("leads/custom_fields", fields).await;
    // Each is given back whole, so that the library can build its model.
    let made = embedded(&answer, "custom_fields");
    for field in made {
        models::custom_field(field);
    }
    let ids = added(&answer, "custom_fields", &["0", "1", "2"]);
    let by_code = |code: &str| made.iter().find(|field| field["code"] == code).unwrap();
    let checkbox = by_code("MYSUPERCHECKBOX100");
    assert_eq!((&checkbox["id"], &checkbox["type"]), (&json!(ids[1]), &json!("checkbox")));
    no_content(&sdk.delete(&format!("leads/custom_fields/{}", ids[1]), json!([])).await);

    let list = by_code("MYSUPERLISTCF100");
    let mut enums: Vec<Value> = list["enums"].as_array().unwrap().clone();
    assert_eq!(enums.len(), 3);
    enums.push(choice("Значение 4", 40));
    let back = json!({
        "type": "select", "id": ids[2], "name": list["name"], "code": list["code"], "sort": list["sort"],
        "is_api_only": true, "request_id": "0", "enums": enums,
    });
    let changed = sdk.patch(&format!("leads/custom_fields/{}", ids[2]), back).await;
    models::custom_field(&changed);
    assert_eq!(changed["is_api_only"], true);
    let values: Vec<_> =
        changed["enums"].as_array().unwrap().iter().map(|choice| choice["value"].as_str().unwrap()).collect();
    assert_eq!(values, ["Значение 1", "Значение 2", "Значение 3", "Значение 4"]);
    assert_eq!(changed["enums"][0]["id"], list["enums"][0]["id"]);
    let left = sdk.get("leads/custom_fields", &[("limit", "250")]).await;
    let left: Vec<_> = embedded(&left, "custom_fields").iter().map(models::custom_field).collect();
    assert!(left.contains(&ids[0]) && left.contains(&ids[2]) && !left.contains(&ids[1]), "{left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_of_fields_is_made_and_deleted() {
    let sdk = Sdk::start().await;
    let groups = json!([{ "name": "Группа полей", "sort": 15, "request_id": "0" }]);
    let answer = sdk.post("leads/custom_fields/groups", groups).await;
    let made = &embedded(&answer, "custom_field_groups")[0];
    assert_eq!((&made["name"], &made["request_id"]), (&json!("Группа полей"), &json!("0")));
    let id = made["id"].as_str().unwrap();
    let listed = || sdk.get("leads/custom_fields/groups", &[]);
    let before = listed().await;
    assert!(embedded(&before, "custom_field_groups").iter().any(|group| group["id"] == id), "{before}");
    no_content(&sdk.delete(&format!("leads/custom_fields/groups/{id}"), json!([])).await);
    let after = listed().await;
    for group in embedded(&after, "custom_field_groups") {
        let model = models::Model(group);
        model.text("id").text("name").int("sort").flag("is_predefined").text("entity_type").array("fields");
        assert_ne!(group["id"], id);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loss_reason_is_made_renamed_and_deleted() {
    let sdk = Sdk::start().await;
    let reason = json!({ "name": "Причина отказа", "request_id": "0", "sort": 3 });
    let id = sdk.made("leads/loss_reasons", "loss_reasons", reason).await;
    let back = json!({ "name": "Новое название причины отказа", "request_id": "0", "sort": 3 });
    let changed = sdk.patch(&format!("leads/loss_reasons/{id}"), back).await;
    assert_eq!((&changed["id"], &changed["name"]), (&json!(id), &json!("Новое название причины отказа")));
    no_content(&sdk.delete(&format!("leads/loss_reasons/{id}"), json!([])).await);
    let left = sdk.get("leads/loss_reasons", &[]).await;
    for entry in embedded(&left, "loss_reasons") {
        models::loss_reason(entry);
    }
    assert!(embedded(&left, "loss_reasons").iter().all(|reason| reason["id"] != id), "{left}");
}

/// `chained_list_custom_field_actions.php`: PHP keys the lists by their catalogs, which makes an object of them.
#[tokio::test(flavor = "multi_thread")]
async fn a_chained_list_names_its_catalogs() {
    let sdk = Sdk::start().await;
    let level =
        |id: u64, parent: Value, title: &str| json!({ "catalog_id": id, "parent_catalog_id": parent, "title": title });
    let (upper, lower) = (level(9929, Value::Null, "Модель"), level(9931, json!(9929), "Марка"));
    let field = json!([{
        "type": "chained_list", "name": "Вложенные списки", "chained_lists": { "9929": upper, "9931": lower },
        "request_id": "0",
    }]);
    let made = sdk.post("leads/custom_fields", field).await;
    let made = &embedded(&made, "custom_fields")[0];
    let id = models::custom_field(made);
    assert_eq!(made["chained_lists"], json!([upper, lower]));
    let body =
        json!({ "id": id, "type": "chained_list", "name": "Списки", "chained_lists": [lower], "request_id": "0" });
    let changed = sdk.patch(&format!("leads/custom_fields/{id}"), body).await;
    assert_eq!(changed["chained_lists"], json!([lower]));
    let values = json!([{ "field_id": id, "values": [{ "catalog_id": 9931, "catalog_element_id": 1_600_411 }] }]);
    let lead = sdk.made("leads", "leads", json!({ "custom_fields_values": values, "request_id": "0" })).await;
    models::lead(&sdk.get(&format!("leads/{lead}"), &[]).await);
}
