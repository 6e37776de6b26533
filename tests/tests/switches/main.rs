//! What nobody outside amoCRM knows is a switch of the local one: here each is turned through its
//! positions, and beside each position stands what our client and our service make of it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so loudly")]

mod alike;
mod crm;
mod limits;
mod refusals;
mod rights;
mod rotation;
mod service;

use amo_connect_sandbox::Switches;

/// A switch that no file here turns could stand in a position that our client never met.
/// The service does not meet these: it changes nothing in amoCRM, names no other user than who connected, takes no
/// webhooks, and always names its redirect URI. The local amoCRM's own tests turn them.
const UNMET: &[&str] = &[
    "larger_limit",
    "unknown_members",
    "single_patch",
    "unknown_id",
    "reopening",
    "loss_reason_required",
    "required_fields",
    "empty_custom_fields",
    "fractional_price",
    "default_order",
    "search_lag_s",
    "custom_fields_filter",
    "lead_added_value",
    "task_completion",
    "note_delete",
    "write_outside_rights",
    "unknown_context_user",
    "context_user_of_user",
    "webhooks_of_user",
    "webhook_plan",
    "webhook_dns",
    "webhook_created",
    "webhook_repost",
    "webhooks_of_disabled",
    "webhook_timeout_ms",
    "webhook_timeout_status",
    "webhook_request_id",
    "webhook_entities",
    "webhook_order",
    "webhook_duplicates",
    "webhook_delay_s",
    "webhook_update_with_status",
    "webhook_update_on_links",
    "webhook_update_on_tags",
    "webhook_zone",
    "refresh_redirect_uri",
];

#[test]
fn every_switch_is_turned() {
    let files = [
        include_str!("alike.rs"),
        include_str!("limits.rs"),
        include_str!("refusals.rs"),
        include_str!("rights.rs"),
        include_str!("rotation.rs"),
        include_str!("service.rs"),
    ]
    .concat();
    let switches = serde_json::to_value(Switches::default()).unwrap();
    for switch in switches.as_object().unwrap().keys().filter(|switch| !UNMET.contains(&switch.as_str())) {
        assert!(files.contains(&format!("switches.{switch} =")), "nothing turns {switch}");
    }
}
