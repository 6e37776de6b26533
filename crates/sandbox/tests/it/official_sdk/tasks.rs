//! `tasks_actions.php`.

use serde_json::json;

use super::{AGENT, Sdk, embedded, models};

#[tokio::test(flavor = "multi_thread")]
async fn a_task_is_made_completed_and_found_by_its_type() {
    let sdk = Sdk::start().await;
    let lead = sdk.made("leads", "leads", json!({ "name": "Example", "request_id": "0" })).await;
    let task = |kind: u64| {
        json!({
            "text": "Новая задач", "responsible_user_id": AGENT, "duration": 1800, "entity_type": "leads",
            "entity_id": lead, "complete_till": 1_601_719_200, "task_type_id": kind, "request_id": "0",
        })
    };
    let id = sdk.made("tasks", "tasks", task(1)).await;
    let read = sdk.get(&format!("tasks/{id}"), &[]).await;
    assert_eq!(models::task(&read), id);
    assert_eq!((&read["is_completed"], &read["duration"]), (&json!(false), &json!(1800)));
    let back = json!({
        "id": id, "text": read["text"], "responsible_user_id": read["responsible_user_id"],
        "created_by": read["created_by"], "updated_by": read["updated_by"], "created_at": read["created_at"],
        "updated_at": read["updated_at"], "duration": read["duration"], "entity_type": read["entity_type"],
        "entity_id": read["entity_id"], "is_completed": true, "complete_till": read["complete_till"],
        "task_type_id": read["task_type_id"], "result": { "text": "Выполнено" }, "request_id": "0",
    });
    let answer = sdk.patch(&format!("tasks/{id}"), back).await;
    models::Model(&answer).int("updated_at");
    assert_eq!(answer["id"], id);
    let done = sdk.get(&format!("tasks/{id}"), &[]).await;
    models::task(&done);
    assert_eq!((&done["is_completed"], &done["result"]["text"]), (&json!(true), &json!("Выполнено")));

    // The library sends the type under both of its names.
    let meeting = sdk.made("tasks", "tasks", task(2)).await;
    let found =
        sdk.get("tasks", &[("filter[task_type]", "2"), ("filter[task_type_id]", "2"), ("order[id]", "desc")]).await;
    let found: Vec<_> =
        embedded(&found, "tasks").iter().map(|task| (models::task(task), &task["task_type_id"])).collect();
    assert!(found.iter().any(|(id, _)| *id == meeting) && found.iter().all(|(_, kind)| **kind == 2), "{found:?}");
}
