//! `leads_complex_actions.php`.

use serde_json::{Value, json};

use super::{Sdk, embedded, models::Model};

fn lead(name: &str, person: &str, phone: &str, company: &str, tag: &str, request_id: &str) -> Value {
    json!({
        "name": name,
        "price": 54321.0,
        "_embedded": {
            "tags": [{ "name": tag }],
            "contacts": [{
                "first_name": person,
                "last_name": "Zinoviev",
                "custom_fields_values": [{
                    "field_id": null,
                    "field_code": "PHONE",
                    "values": [{ "value": phone, "enum_id": null, "enum_code": null }],
                }],
            }],
            "companies": [{ "name": company }],
        },
        "request_id": request_id,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn leads_are_made_with_their_contacts_and_companies_at_once() {
    let sdk = Sdk::start().await;
    let ids = ["0752a617-c834-4bde-b4a6-76ff0fe26871", "4268bc22-f568-4689-84ac-7d2df9599c08"];
    let mut form = lead("Lead name", "Ivan", "+79129876543", "Qwerty LLC", "Новый клиент", ids[0]);
    form["_embedded"]["metadata"] = json!({
        "form_id": "my_best_form",
        "form_name": "Обратная связь",
        "form_page": "https://example.com/form",
        "form_sent_at": 1_764_430_000,
        "ip": "192.168.0.1",
        "referer": "https://google.com/search",
        "category": "forms",
    });
    let plain = lead("Lead 2 name", "Masha", "+79123456789", "Asdfg LLC", "Важный клиент", ids[1]);
    let answer = sdk.post("leads/complex", json!([form, plain])).await;
    let answer = answer.as_array().unwrap();
    assert_eq!(answer.len(), 2);
    for (made, request_id) in answer.iter().zip(ids) {
        let model = Model(made);
        model.int("contact_id").int("company_id").flag("merged").array("request_id");
        assert_eq!((&made["merged"], &made["request_id"]), (&json!(false), &json!([request_id])));
    }

    let made = sdk.get(&format!("leads/{}", answer[1]["id"]), &[("with", "contacts")]).await;
    assert_eq!((&made["name"], &made["price"]), (&json!("Lead 2 name"), &json!(54321)));
    assert_eq!(embedded(&made, "tags")[0]["name"], "Важный клиент");
    assert_eq!(embedded(&made, "contacts")[0]["id"], answer[1]["contact_id"]);
    assert_eq!(embedded(&made, "companies")[0]["id"], answer[1]["company_id"]);
    let contact = sdk.get(&format!("contacts/{}", answer[1]["contact_id"]), &[]).await;
    assert_eq!(contact["name"], "Masha Zinoviev");
    assert_eq!(contact["custom_fields_values"][0]["values"][0]["value"], "+79123456789");
    // The contact and the company are linked with each other, too.
    assert_eq!(embedded(&contact, "companies")[0]["id"], answer[1]["company_id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lead_of_a_form_waits_unsorted() {
    let sdk = Sdk::start().await;
    let mut form = lead("Lead name", "Ivan", "+79129876543", "Qwerty LLC", "Новый клиент", "0");
    form["_embedded"]["metadata"] = json!({
        "form_id": "my_best_form", "form_name": "Обратная связь", "form_page": "https://example.com/form",
        "form_sent_at": 1_764_430_000, "category": "forms",
    });
    let made = sdk.post("leads/complex", json!([form])).await[0].clone();
    let waiting = sdk.get("leads/unsorted", &[("filter[category][0]", "forms")]).await;
    let leads: Vec<_> = embedded(&waiting, "unsorted").iter().map(|item| &embedded(item, "leads")[0]["id"]).collect();
    assert!(leads.contains(&&made["id"]), "{waiting}");
}
