//! `pipelines_actions.php` and `statuses_actions.php`.

use serde_json::json;

use super::{PIPELINE, STAGE, Sdk, added, embedded, models, no_content};

#[tokio::test(flavor = "multi_thread")]
async fn a_main_pipeline_is_made_changed_and_deleted() {
    let sdk = Sdk::start().await;
    let stage =
        |name: &str, color: &str, request_id: &str| json!({ "name": name, "color": color, "request_id": request_id });
    let stages = [stage("Новый статус", "#fffd7f", "0"), stage("Новый статус 2", "#ccc8f9", "1")];
    let pipeline = json!({
        "name": "Новая главная воронка", "sort": 100, "is_main": true, "is_unsorted_on": true,
        "_embedded": { "statuses": stages }, "request_id": "0",
    });
    let answer = sdk.post("leads/pipelines", json!([pipeline])).await;
    let id = added(&answer, "pipelines", &["0"])[0];
    let made = &embedded(&answer, "pipelines")[0];
    assert_eq!(models::pipeline(made), id);
    assert_eq!((&made["is_main"], &made["sort"]), (&json!(true), &json!(1)));
    let names: Vec<_> = embedded(made, "statuses").iter().map(|stage| stage["name"].as_str().unwrap()).collect();
    assert_eq!(names[1..3], ["Новый статус", "Новый статус 2"]);

    let change = json!({
        "name": "Новое название воронки", "sort": 1, "is_main": false, "is_unsorted_on": true, "request_id": "0",
    });
    let changed = sdk.patch(&format!("leads/pipelines/{id}"), change).await;
    assert_eq!((models::pipeline(&changed), &changed["is_main"]), (id, &json!(false)));
    no_content(&sdk.delete(&format!("leads/pipelines/{id}"), json!([])).await);
    let left = sdk.get("leads/pipelines", &[]).await;
    let left: Vec<_> = embedded(&left, "pipelines").iter().map(models::pipeline).collect();
    assert_eq!(left, [PIPELINE, PIPELINE + 4]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stage_is_made_changed_and_deleted() {
    let sdk = Sdk::start().await;
    let path = format!("leads/pipelines/{PIPELINE}/statuses");
    let stage = json!({ "name": "Новый статус", "sort": 200, "color": "#fffd7f", "request_id": "0" });
    let answer = sdk.post(&path, json!([stage])).await;
    let id = added(&answer, "statuses", &["0"])[0];
    let made = &embedded(&answer, "statuses")[0];
    assert_eq!((models::stage(made), &made["color"]), (id, &json!("#fffd7f")));

    let change = json!({
        "name": "Новое название статуса", "sort": made["sort"], "color": "#fffd7f", "id": id, "request_id": "0",
    });
    let changed = sdk.patch(&format!("{path}/{id}"), change).await;
    assert_eq!((models::stage(&changed), &changed["name"]), (id, &json!("Новое название статуса")));
    assert_eq!(changed["sort"], made["sort"]);
    no_content(&sdk.delete(&format!("{path}/{id}"), json!([])).await);
    let left = sdk.get(&path, &[]).await;
    let left: Vec<_> = embedded(&left, "statuses").iter().map(models::stage).collect();
    assert_eq!(left, [STAGE - 4, STAGE, STAGE + 4, STAGE + 8, STAGE + 12, STAGE + 16, 142, 143]);
}
