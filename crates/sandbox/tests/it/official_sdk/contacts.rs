//! `contacts_actions.php` and `companies_actions.php`.

use serde_json::{Value, json};

use super::{Sdk, added, embedded, models};

fn link(entity_type: &str, id: u64) -> Value {
    json!([{
        "entity_type": null, "entity_id": null,
        "to_entity_type": entity_type, "to_entity_id": id, "metadata": null,
    }])
}

#[tokio::test(flavor = "multi_thread")]
async fn contacts_are_made_and_linked_with_a_lead() {
    let sdk = Sdk::start().await;
    let contact = sdk.made("contacts", "contacts", json!({ "name": "Example", "request_id": "0" })).await;
    let two = json!([{ "name": "Example 1", "request_id": "0" }, { "name": "Example 2", "request_id": "1" }]);
    let two = added(&sdk.post("contacts", two).await, "contacts", &["0", "1"]);
    let names =
        [&sdk.get(&format!("contacts/{}", two[0]), &[]).await, &sdk.get(&format!("contacts/{}", two[1]), &[]).await];
    assert_eq!(names.map(|contact| contact["name"].clone()), ["Example 1", "Example 2"]);
    let lead = sdk.made("leads", "leads", json!({ "name": "Example", "request_id": "0" })).await;
    let answer = sdk.post(&format!("contacts/{contact}/link"), link("leads", lead)).await;
    for entry in embedded(&answer, "links") {
        models::link(entry);
    }
    let contact = sdk.get(&format!("contacts/{contact}"), &[("with", "leads,customers,catalog_elements")]).await;
    models::card(&contact);
    assert_eq!(embedded(&contact, "leads")[0]["id"], lead);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_telephone_and_an_email_are_set() {
    let sdk = Sdk::start().await;
    let phone = |number: &str, kind: &str| json!({ "field_id": null, "field_code": "PHONE", "values": [{ "value": number, "enum_id": null, "enum_code": kind }] });
    let made = json!({ "name": "Example", "custom_fields_values": [phone("+70000", "WORK")], "request_id": "0" });
    let contact = sdk.made("contacts", "contacts", made).await;
    let read = sdk.get(&format!("contacts/{contact}"), &[]).await;
    models::card(&read);
    let back = json!({
        "id": contact, "name": "Example contact", "first_name": read["first_name"], "last_name": read["last_name"],
        "responsible_user_id": read["responsible_user_id"], "created_by": read["created_by"],
        "updated_by": read["updated_by"], "created_at": read["created_at"],
        "custom_fields_values": [phone("+79123", "WORKDD")], "request_id": "0",
    });
    let answer = sdk.patch(&format!("contacts/{contact}"), back).await;
    models::Model(&answer).int("updated_at");
    assert_eq!(answer["id"], contact);

    let id = contact.to_string();
    let found = sdk.get("contacts", &[("filter[id][0]", &id)]).await;
    let values = &embedded(&found, "contacts")[0]["custom_fields_values"];
    let number = &values[0]["values"][0];
    assert_eq!((&number["value"], &number["enum_code"]), (&json!("+79123"), &json!("WORKDD")));
    let email = json!({
        "field_id": null, "field_code": "EMAIL",
        "values": [{ "value": "example@test.com", "enum_id": null, "enum_code": "WORK" }],
    });
    let phone = json!({ "field_id": values[0]["field_id"], "field_code": "PHONE", "values": values[0]["values"] });
    let back = json!([{ "id": contact, "name": "Example contact", "custom_fields_values": [phone, email], "request_id": "0" }]);
    let answer = sdk.patch("contacts", back).await;
    assert_eq!(embedded(&answer, "contacts")[0]["id"], contact);
    let read = sdk.get(&format!("contacts/{contact}"), &[]).await;
    let codes: Vec<_> =
        read["custom_fields_values"].as_array().unwrap().iter().map(|value| &value["field_code"]).collect();
    assert_eq!((&read["name"], codes), (&json!("Example contact"), vec![&json!("PHONE"), &json!("EMAIL")]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_company_is_made_linked_and_found() {
    let sdk = Sdk::start().await;
    let company = sdk.made("companies", "companies", json!({ "name": "Example", "request_id": "0" })).await;
    let lead = sdk.made("leads", "leads", json!({ "name": "Example", "request_id": "0" })).await;
    sdk.post(&format!("companies/{company}/link"), link("leads", lead)).await;
    let contact = sdk.made("contacts", "contacts", json!({ "name": "Example", "request_id": "0" })).await;
    sdk.post(&format!("companies/{company}/link"), link("contacts", contact)).await;
    let id = company.to_string();
    let query = [("filter[id][0]", id.as_str()), ("with", "contacts,leads,catalog_elements")];
    let found = sdk.get("companies", &query).await;
    let found = &embedded(&found, "companies")[0];
    models::card(found);
    assert_eq!((&found["id"], &found["name"]), (&json!(company), &json!("Example")));
    assert_eq!(
        (&embedded(found, "leads")[0]["id"], &embedded(found, "contacts")[0]["id"]),
        (&json!(lead), &json!(contact))
    );
}
