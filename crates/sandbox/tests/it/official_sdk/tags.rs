//! `tags_actions.php`.

use serde_json::json;

use super::{Sdk, embedded, models};

#[tokio::test(flavor = "multi_thread")]
async fn a_tag_is_made_found_and_given_to_a_lead() {
    let sdk = Sdk::start().await;
    let made = sdk.post("leads/tags", json!([{ "name": "новый тег", "color": "247BA0", "request_id": "0" }])).await;
    let made = embedded(&made, "tags")[0]["id"].as_u64().unwrap();
    let found = sdk.get("leads/tags", &[("query", "новый тег")]).await;
    let found = embedded(&found, "tags");
    for entry in found {
        models::tag(entry);
    }
    assert_eq!(found.len(), 1);
    assert_eq!(found[0], json!({ "id": made, "name": "новый тег", "color": "247BA0" }));
    let lead = json!({
        "name": "Example", "_embedded": { "tags": [{ "name": "новый тег", "id": made }] }, "request_id": "0",
    });
    let lead = sdk.made("leads", "leads", lead).await;
    let lead = sdk.get(&format!("leads/{lead}"), &[]).await;
    models::lead(&lead);
    assert_eq!(embedded(&lead, "tags"), found);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_tags_of_leads_have_colours_that_the_library_knows() {
    let sdk = Sdk::start().await;
    for entity in ["leads", "contacts", "companies"] {
        let name = format!("тег {entity}");
        sdk.post(&format!("{entity}/tags"), json!([{ "name": name, "request_id": "0" }])).await;
        let tags = sdk.get(&format!("{entity}/tags"), &[("limit", "250")]).await;
        for entry in embedded(&tags, "tags") {
            models::tag(entry);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_of_leads_are_changed() {
    let sdk = Sdk::start().await;
    let body = json!([{ "name": "VIP", "id": 301, "color": "247BA0", "request_id": "0" }]);
    let changed = sdk.patch("leads/tags", body).await;
    let changed = &embedded(&changed, "tags")[0];
    models::tag(changed);
    assert_eq!((&changed["id"], &changed["color"]), (&json!(301), &json!("247BA0")));
    let body = json!({ "name": "VIP", "id": 301, "color": "FFC8C8", "request_id": "0" });
    let changed = sdk.patch("leads/tags/301", body).await;
    models::tag(&changed);
    assert_eq!((&changed["id"], &changed["color"]), (&json!(301), &json!("FFC8C8")));
}
