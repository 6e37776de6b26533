//! `unsorted_actions.php`.

use serde_json::{Value, json};

use super::{PIPELINE, Sdk, embedded, models, success};

const NOW: u64 = 1_764_430_000;

fn item(metadata: &Value, contact: &Value) -> Value {
    json!([{
        "source_name": "Название источника",
        "source_uid": "my_unique_uid",
        "pipeline_id": PIPELINE,
        "created_at": NOW,
        "metadata": metadata,
        "_embedded": {
            "leads": [{ "name": "Сделка", "price": 500_000.0, "request_id": "0" }],
            "contacts": [contact],
        },
        "request_id": "0",
    }])
}

fn form() -> Value {
    let phone = json!({
        "field_id": null, "field_code": "PHONE",
        "values": [{ "value": "+79123456789", "enum_id": null, "enum_code": null }],
    });
    item(
        &json!({
            "form_id": "my_best_form", "form_name": "Обратная связь", "form_page": "https://example.com/form",
            "form_sent_at": NOW, "ip": "192.168.0.1", "referer": "https://google.com/search",
        }),
        &json!({ "name": "Контакт", "custom_fields_values": [phone], "request_id": "0" }),
    )
}

fn call() -> Value {
    item(
        &json!({
            "phone": "135", "called_at": NOW, "duration": 135, "link": "https://example.com/example.mp3",
            "service_code": "my_best_telephony", "uniq": "8f52d38a-5fb3-406d-93a3-a4832dc28f8b",
            "is_call_event_needed": true, "call_responsible": null, "from": "+79123456789",
        }),
        &json!({ "name": "Контакт", "request_id": "0" }),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_and_a_call_are_accepted_and_declined() {
    let sdk = Sdk::start().await;
    let (from, to) = ((NOW - 864_000).to_string(), (NOW + 864_000).to_string());
    let days = [("filter[created_at][from]", from.as_str()), ("filter[created_at][to]", to.as_str())];
    let before = sdk.get("leads/unsorted/summary", &days).await;
    let mut uids = Vec::new();
    for (category, body) in [("sip", call()), ("forms", form())] {
        let made = sdk.post(&format!("leads/unsorted/{category}"), body).await;
        let made = &embedded(&made, "unsorted")[0];
        assert_eq!(made["request_id"], "0");
        models::Model(made).text("uid");
        uids.push(made["uid"].as_str().unwrap().to_owned());
        models::lead(&embedded(made, "leads")[0]);
        models::card(&embedded(made, "contacts")[0]);
    }
    let query = [("filter[category][0]", "forms"), ("filter[category][1]", "sip"), ("limit", "250")];
    let waiting = sdk.get("leads/unsorted", &query).await;
    let waiting = embedded(&waiting, "unsorted");
    for item in waiting {
        let model = models::Model(item);
        model.text("uid").text("source_uid").text("source_name").text("category").int("pipeline_id").int("created_at");
        if item["category"] == "forms" {
            models::Model(&item["metadata"]).text("form_id").text("form_name").text("form_page").int("form_sent_at");
        }
        models::lead(&embedded(item, "leads")[0]);
    }
    for uid in &uids {
        assert!(waiting.iter().any(|item| item["uid"] == uid.as_str()), "{uid} is not waiting: {waiting:?}");
    }

    // An empty array is what PHP sends for nothing.
    let uid = uids[0].as_str();
    let accepted = sdk.post(&format!("leads/unsorted/{uid}/accept"), json!([])).await;
    models::sorted(&accepted);
    assert_eq!(accepted["uid"], uid);
    let lead = sdk.get(&format!("leads/{}", embedded(&accepted, "leads")[0]["id"]), &[("with", "contacts")]).await;
    assert_eq!((&lead["name"], &lead["price"]), (&json!("Сделка"), &json!(500_000)));
    assert_eq!(embedded(&lead, "contacts").len(), 1);
    // The library asks for the call in the card unless told otherwise.
    let notes = sdk.get(&format!("leads/{}/notes", lead["id"]), &[]).await;
    models::note(&embedded(&notes, "notes")[0]);
    assert_eq!(embedded(&notes, "notes")[0]["note_type"], "call_in");

    let uid = uids[1].as_str();
    let declined = success(&sdk.delete(&format!("leads/unsorted/{uid}/decline"), json!([])).await);
    models::sorted(&declined);
    assert_eq!(declined["uid"], uid);

    let summary = sdk.get("leads/unsorted/summary", &days).await;
    models::Model(&summary).int("total").int("accepted").int("declined").int("average_sort_time").array("categories");
    let of = |summary: &Value| ["total", "accepted", "declined"].map(|name| summary[name].as_u64().unwrap());
    let [total, accepted, declined] = of(&before);
    assert_eq!(of(&summary), [total + 2, accepted + 1, declined + 1]);
}
