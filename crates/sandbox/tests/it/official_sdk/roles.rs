//! `roles_actions.php`, and the list of `users_actions.php`.

use serde_json::{Value, json};

use super::{PIPELINE, Sdk, added, embedded, models, no_content};

/// Rights as the library writes them.
fn rights() -> Value {
    let letters = json!({ "add": "D", "view": "M", "delete": "A", "export": "M", "edit": "A" });
    json!({
        "leads": letters, "contacts": letters, "companies": letters, "tasks": { "delete": "A", "edit": "A" },
        "status_rights": [{
            "entity_type": "leads", "pipeline_id": PIPELINE, "status_id": 142,
            "rights": { "add": "D", "view": "M", "delete": "A", "export": "A" },
        }],
        "mail_access": false, "catalog_rights": [], "catalog_access": true,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_is_added_changed_listed_with_its_users_and_deleted() {
    let sdk = Sdk::start().await;
    let item = json!([{ "name": "Новая роль", "rights": rights(), "request_id": "0" }]);
    let made = sdk.post("roles", item).await;
    let id = added(&made, "roles", &["0"])[0];
    models::role(&embedded(&made, "roles")[0]);
    let mut rights = rights();
    rights["mail_access"] = json!(true);
    let body = json!({ "name": "Новое имя", "rights": rights, "request_id": "0" });
    let changed = sdk.patch(&format!("roles/{id}"), body).await;
    models::role(&changed);
    assert_eq!((&changed["name"], &changed["rights"]["mail_access"]), (&json!("Новое имя"), &json!(true)));
    let roles = sdk.get("roles", &[("with", "users")]).await;
    let users = embedded(&roles, "roles").iter().map(models::role);
    assert_eq!(users.collect::<Vec<_>>(), [vec![10_110_002], vec![10_110_003], vec![]]);
    no_content(&sdk.delete(&format!("roles/{id}"), json!([])).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_users_are_listed() {
    let sdk = Sdk::start().await;
    let users = sdk.get("users", &[("with", "role,uuid,group,amojo_id,user_rank,phone_number")]).await;
    let ids = embedded(&users, "users").iter().map(models::user);
    assert_eq!(ids.collect::<Vec<_>>(), [10_110_001, 10_110_002, 10_110_003, 10_110_004]);
}
