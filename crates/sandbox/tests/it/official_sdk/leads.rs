//! `leads_actions.php`.

use reqwest::Method;
use serde_json::json;
use url::Url;

use super::{Sdk, embedded, models, no_content};

/// The address of what is for sale.
const ADDRESS: u64 = 594_003;

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
