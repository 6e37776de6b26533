//! `leads_actions.php`.

use reqwest::Method;
use serde_json::{Value, json};
use url::Url;

use super::{AGENT, PIPELINE, STAGE, Sdk, added, embedded, models, no_content};

/// The type of what is for sale, a choice, an address, when it is seen, and whether cars can be parked.
const OBJECT_TYPE: u64 = 594_001;
const HOUSE: u64 = 594_101;
const ADDRESS: u64 = 594_003;
const VIEWING: u64 = 594_004;
const PARKING: u64 = 594_005;
const AMENITIES: u64 = 594_007;

#[tokio::test(flavor = "multi_thread")]
async fn a_page_leads_to_the_next() {
    let sdk = Sdk::start().await;
    let first = sdk.get("leads", &[]).await;
    for lead in embedded(&first, "leads") {
        models::lead(lead);
    }
    // The library parses the link's query and sends it again.
    let next = Url::parse(first["_links"]["next"]["href"].as_str().unwrap()).unwrap();
    assert_eq!(next.path(), "/api/v4/leads");
    let query: Vec<_> = next.query_pairs().collect();
    let query: Vec<_> = query.iter().map(|(name, value)| (name.as_ref(), value.as_ref())).collect();
    let second = sdk.get("leads", &query).await;
    assert_eq!(second["_page"], 2);
    assert_ne!(embedded(&first, "leads")[0], embedded(&second, "leads")[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lead_is_made_with_tags_contacts_and_a_company() {
    let sdk = Sdk::start().await;
    let contacts = sdk.get("contacts", &[("limit", "2")]).await;
    let people: Vec<_> = embedded(&contacts, "contacts").iter().map(models::card).collect();
    let company = sdk.made("companies", "companies", json!({ "name": "Example", "request_id": "0" })).await;
    let lead = sdk
        .made(
            "leads",
            "leads",
            json!({
                "name": "Название сделки",
                "price": 54321.0,
                "tags_to_add": [{ "name": "Тег 123" }, { "name": "Тег 456" }],
                "_embedded": {
                    "contacts": [{ "id": people[0], "is_main": false }, { "id": people[1], "is_main": true }],
                    "companies": [{ "id": company }],
                },
                "request_id": "0",
            }),
        )
        .await;
    let lead = sdk.get(&format!("leads/{lead}"), &[("with", "contacts,catalog_elements")]).await;
    models::lead(&lead);
    assert_eq!((&lead["name"], &lead["price"]), (&json!("Название сделки"), &json!(54321)));
    let tags: Vec<_> = embedded(&lead, "tags").iter().map(|tag| tag["name"].as_str().unwrap()).collect();
    assert_eq!(tags, ["Тег 123", "Тег 456"]);
    let main = embedded(&lead, "contacts").iter().find(|contact| contact["is_main"] == true).unwrap();
    assert_eq!((&main["id"], embedded(&lead, "contacts").len()), (&json!(people[1]), 2));
    assert_eq!(embedded(&lead, "companies")[0]["id"], company);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_is_linked_with_a_lead_that_has_a_text() {
    let sdk = Sdk::start().await;
    let values = json!([{ "value": "Текст" }]);
    let lead = json!({
        "name": "Example",
        "custom_fields_values": [{ "field_id": ADDRESS, "field_code": null, "values": values }],
        "request_id": "0",
    });
    let lead = sdk.made("leads", "leads", lead).await;
    let contact = embedded(&sdk.get("contacts", &[]).await, "contacts")[0]["id"].as_u64().unwrap();
    models::card(&sdk.get(&format!("contacts/{contact}"), &[]).await);
    let link = json!([{
        "entity_type": null, "entity_id": null,
        "to_entity_type": "contacts", "to_entity_id": contact, "metadata": null,
    }]);
    let answer = sdk.post(&format!("leads/{lead}/link"), link.clone()).await;
    for entry in embedded(&answer, "links") {
        models::link(entry);
    }
    assert_eq!(embedded(&answer, "links")[0]["to_entity_id"], contact);
    let found = sdk.get(&format!("leads/{lead}"), &[("with", "contacts")]).await;
    assert_eq!(embedded(&found, "contacts")[0]["id"], contact);
    assert_eq!(found["custom_fields_values"][0]["values"], values);
    no_content(&sdk.send(Method::POST, &format!("leads/{lead}/unlink"), &[], Some(&link)).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn leads_are_found_and_written_back_as_they_were_read() {
    let sdk = Sdk::start().await;
    let values = json!([
        { "field_id": OBJECT_TYPE, "field_code": null, "values": [{ "value": null, "enum_id": HOUSE, "enum_code": null }] },
        { "field_id": VIEWING, "field_code": null, "values": [{ "value": "2026-11-30T10:00:00+00:00" }] },
        { "field_id": PARKING, "field_code": null, "values": [{ "value": true }] },
        { "field_id": AMENITIES, "field_code": null, "values": [{ "value": "Балкон", "enum_id": null, "enum_code": null }] },
    ]);
    let made = json!({
        "name": "Example", "price": 1.0, "responsible_user_id": AGENT, "custom_fields_values": values,
        "_embedded": { "tags": [{ "name": "тег" }] }, "request_id": "0",
    });
    let ids = [sdk.made("leads", "leads", made.clone()).await, sdk.made("leads", "leads", made).await];
    let [first, second] = ids.map(|id| id.to_string());
    let query = [
        ("filter[id][0]", first.as_str()),
        ("filter[id][1]", second.as_str()),
        ("filter[responsible_user_id][0]", "10110002"),
        ("with", "is_price_modified_by_robot,loss_reason,contacts"),
    ];
    let found = sdk.get("leads", &query).await;
    assert_eq!(embedded(&found, "leads").len(), 2);
    let back = embedded(&found, "leads").iter().enumerate().map(|(place, lead)| {
        models::lead(lead);
        json!({
            "id": lead["id"], "name": "Example lead", "price": 12.0, "responsible_user_id": AGENT,
            "status_id": lead["status_id"], "pipeline_id": lead["pipeline_id"], "created_by": lead["created_by"],
            "updated_by": lead["updated_by"], "created_at": lead["created_at"],
            "custom_fields_values": written_back(&lead["custom_fields_values"]),
            "_embedded": { "tags": null },
            "request_id": place.to_string(),
        })
    });
    let answer = sdk.patch("leads", back.collect()).await;
    let mut changed: Vec<_> = embedded(&answer, "leads").iter().map(|lead| lead["id"].as_u64().unwrap()).collect();
    changed.sort_unstable();
    assert_eq!(changed, ids);
    for (before, id) in embedded(&found, "leads").iter().zip(ids) {
        let after = sdk.get(&format!("leads/{id}"), &[]).await;
        assert_eq!((&after["name"], &after["price"]), (&json!("Example lead"), &json!(12)));
        assert!(embedded(&after, "tags").is_empty(), "{after}");
        assert_eq!(after["custom_fields_values"], before["custom_fields_values"]);
    }
}

/// The values of a lead as the library sends them after it has read them.
fn written_back(values: &Value) -> Value {
    let values = values.as_array().unwrap().iter().map(|value| {
        let parts =
            value["values"].as_array().unwrap().iter().map(|part| match value["field_type"].as_str().unwrap() {
                "select" | "multiselect" | "radiobutton" => {
                    json!({ "value": part["value"], "enum_id": part["enum_id"], "enum_code": part["enum_code"] })
                }
                "date_time" => json!({ "value": "2026-11-30T10:00:00+00:00" }),
                _ => json!({ "value": part["value"] }),
            });
        json!({ "field_id": value["field_id"], "field_code": value["field_code"], "values": parts.collect::<Value>() })
    });
    values.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn values_are_cleared_with_null() {
    let sdk = Sdk::start().await;
    let text = json!([{ "field_id": ADDRESS, "field_code": null, "values": [{ "value": "Текст" }] }]);
    let lead = json!({ "name": "Example", "custom_fields_values": text, "request_id": "0" });
    let lead = sdk.made("leads", "leads", lead).await;
    let cleared = json!([{ "field_id": ADDRESS, "field_code": null, "values": null }]);
    let back = json!({ "id": lead, "custom_fields_values": cleared, "request_id": "0" });
    sdk.patch(&format!("leads/{lead}"), back).await;
    let lead = sdk.get(&format!("leads/{lead}"), &[]).await;
    assert!(lead["custom_fields_values"].as_array().is_none_or(Vec::is_empty), "{lead}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_lead_tells_its_reason() {
    let sdk = Sdk::start().await;
    let reason = json!({ "name": "Причина отказа", "request_id": "0", "sort": 3 });
    let reason = sdk.made("leads/loss_reasons", "loss_reasons", reason).await;
    let lead = sdk.made("leads", "leads", json!({ "name": "Example", "request_id": "0" })).await;
    let lost =
        json!({ "id": lead, "status_id": 143, "pipeline_id": PIPELINE, "loss_reason_id": reason, "request_id": "0" });
    let answer = sdk.patch(&format!("leads/{lead}"), lost).await;
    models::Model(&answer).int("updated_at");
    let lead = sdk.get(&format!("leads/{lead}"), &[("with", "loss_reason")]).await;
    models::lead(&lead);
    assert_eq!(embedded(&lead, "loss_reason")[0]["name"], "Причина отказа");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lead_comes_from_a_source_of_the_integration() {
    let sdk = Sdk::start().await;
    let external = "my-integration-super-id";
    let source =
        json!([{ "name": "My super source", "external_id": external, "pipeline_id": PIPELINE, "request_id": "0" }]);
    let answer = sdk.post("sources", source).await;
    let id = added(&answer, "sources", &["0"])[0];
    let made = &embedded(&answer, "sources")[0];
    assert_eq!((&made["name"], &made["pipeline_id"]), (&json!("My super source"), &json!(PIPELINE)));
    assert_eq!(made["external_id"], external);
    let lead = json!({
        "name": "Название сделки", "price": 54321.0,
        "_embedded": { "source": { "type": "widget", "external_id": external } }, "request_id": "0",
    });
    let lead = sdk.made("leads", "leads", lead).await;
    let lead = sdk.get(&format!("leads/{lead}"), &[("with", "source_id,source")]).await;
    models::lead(&lead);
    assert_eq!((&lead["source_id"], &lead["status_id"]), (&json!(id), &json!(STAGE)));
    assert_eq!(lead["_embedded"]["source"]["id"], id);
}
