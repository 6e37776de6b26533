//! `account_actions.php` and `user_context_actions.php`.

use super::{AGENT, Sdk, models::Model};
use serde_json::Value;

const WITH: &str = "amojo_id,uuid,amojo_rights,users_groups,task_types,version,datetime_settings,invoices_settings,\
                    is_api_filter_enabled,drive_url";

#[tokio::test(flavor = "multi_thread")]
async fn the_account_has_all_that_can_be_asked_for() {
    let sdk = Sdk::start().await;
    let account = sdk.get("account", &[("with", WITH)]).await;
    let model = Model(&account);
    assert_eq!(model.id(), 31_920_194);
    model.text("name").text("subdomain").text("country").text("currency").text("customers_mode");
    model.int("created_by").int("created_at").int("updated_by").int("updated_at").int("current_user_id");
    model.int("mobile_feature_version").int("contact_name_display_order").text("currency_symbol");
    model.flag("is_unsorted_on").flag("is_loss_reason_enabled").flag("is_helpbot_enabled").flag("is_technical_account");
    model.text("amojo_id").text("uuid").int("version").flag("is_api_filter_enabled").text("drive_url");
    Model(&account["_embedded"]["amojo_rights"]).flag("can_direct").flag("can_create_groups");
    let times = Model(&account["_embedded"]["datetime_settings"]);
    for name in ["date_pattern", "short_date_pattern", "short_time_pattern", "date_format", "time_format", "timezone"] {
        times.text(name);
    }
    times.text("timezone_offset");
    for group in account["_embedded"]["users_groups"].as_array().unwrap() {
        Model(group).int("id").text("name");
    }
    for kind in account["_embedded"]["task_types"].as_array().unwrap() {
        Model(kind).int("id").text("name").nullable_text("color").nullable_int("icon_id").nullable_text("code");
    }
    let invoices = &account["invoices_settings"];
    assert!(invoices.is_null() || invoices.is_object() || *invoices == Value::Array(Vec::new()), "{account}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_runs_as_the_user_of_its_context() {
    let sdk = Sdk { context_user: Some(AGENT), ..Sdk::start().await };
    assert_eq!(sdk.get("account", &[]).await["current_user_id"], AGENT);
}
