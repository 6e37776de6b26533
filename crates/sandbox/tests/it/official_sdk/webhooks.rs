//! `webhooks_actions.php`.

use amo_connect_sandbox::Options;
use serde_json::json;

use super::{Sdk, embedded, models::Model, no_content};
use crate::support::unlimited;

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_is_subscribed_and_unsubscribed() {
    // Its destination is not on this machine.
    let sdk = Sdk::with(Options { allow_non_loopback: true, ..unlimited() }).await;
    let hook = sdk.post("webhooks", json!({ "destination": "https://example.com/", "settings": ["add_lead"] })).await;
    let model = Model(&hook);
    model.id();
    model.text("destination").int("account_id").array("settings").int("created_by").int("created_at");
    model.int("updated_at").int("sort").flag("disabled");
    assert_eq!((&hook["destination"], &hook["settings"]), (&json!("https://example.com/"), &json!(["add_lead"])));
    let listed = sdk.get("webhooks", &[]).await;
    assert_eq!(embedded(&listed, "webhooks")[0]["id"], hook["id"]);
    no_content(&sdk.delete("webhooks", json!({ "destination": "https://example.com/" })).await);
}
