//! Tasks: what their members must be, who may change them, and what somebody does to them in the UI.

use amo_connect_sandbox::TaskCompletion;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    leads::Leads,
    leads_write::errors,
    notes::token,
    support::{AGENCY, ids, read},
    tasks::TILL,
};

#[tokio::test(flavor = "multi_thread")]
async fn one_bad_task_rejects_the_request_and_each_mistake_is_named() {
    let leads = Leads::start().await;
    let lead = leads.add(json!({})).await;
    let good = json!({"text": "x", "complete_till": TILL});
    let before = leads.rows("tasks?order[id]=desc&limit=1").await;
    let missing = "FieldMissing";
    let choice = "NotSupportedChoice";
    for (members, expected) in [
        (json!({"text": null, "complete_till": null}), vec![(missing, "text"), (missing, "complete_till")]),
        (json!({"complete_till": "tomorrow"}), vec![("InvalidType", "complete_till")]),
        (json!({"entity_id": lead}), vec![(missing, "entity_type")]),
        (json!({"entity_id": lead, "entity_type": "lead"}), vec![(choice, "entity_type")]),
        (json!({"entity_id": lead, "entity_type": "contacts"}), vec![(choice, "entity_id")]),
        (json!({"task_type_id": 99}), vec![(choice, "task_type_id")]),
        (
            json!({"responsible_user_id": 10_110_004, "created_by": 5}),
            vec![(choice, "responsible_user_id"), (choice, "created_by")],
        ),
        (json!({"is_completed": "yes"}), vec![("InvalidType", "is_completed")]),
        (json!({"result": "done"}), vec![("InvalidType", "result")]),
    ] {
        let mut bad = good.clone();
        bad.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        let refused = errors(&leads.send(Method::POST, "tasks", &json!([good, bad])).await);
        let expected = expected.into_iter().map(|(code, path)| (code.to_owned(), path.to_owned())).collect();
        assert_eq!(refused, [("1".to_owned(), expected)], "{bad}");
    }
    assert_eq!(leads.rows("tasks?order[id]=desc&limit=1").await, before, "nothing was written");
    let not_there = [("NotSupportedChoice".to_owned(), "id".to_owned())];
    assert_eq!(errors(&leads.send(Method::PATCH, "tasks/5", &json!({"text": "x"})).await)[0].1, not_there);
    let id = leads.post_task(good).await;
    assert_eq!(leads.patch_task(id, json!({"result": []})).await["result"], json!([]), "as the SDK sends none");
    leads.amo.switch(|switches| switches.task_completion = TaskCompletion::NeedsResult);
    let path = format!("tasks/{id}");
    let alone = leads.send(Method::PATCH, &path, &json!({"is_completed": true})).await;
    assert_eq!(errors(&alone)[0].1, [("FieldMissing".to_owned(), "result.text".to_owned())]);
    let done = leads.patch_task(id, json!({"is_completed": true, "result": {"text": "y"}})).await;
    assert_eq!(done["is_completed"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn tasks_are_seen_with_their_entity_and_changed_by_the_letters_of_tasks() {
    let leads = Leads::start().await;
    let lead = leads.add(json!({})).await;
    let (of_lead, free) =
        (leads.task(lead, TILL).await, leads.post_task(json!({"text": "x", "complete_till": TILL})).await);
    let hers = leads.task(lead, TILL).await;
    leads.patch_task(hers, json!({"responsible_user_id": 10_110_003})).await;
    let iryna = token(&leads.amo, 10_110_003).await;
    let get = async |path: String| leads.amo.get(AGENCY, &format!("/api/v4/{path}"), &iryna).await;
    let patch = async |id: u64| {
        let url = leads.amo.url(AGENCY, &format!("/api/v4/tasks/{id}"));
        let body = json!({"text": "y"});
        read(leads.amo.http.patch(url).bearer_auth(&iryna).json(&body).send().await.unwrap()).await.status.as_u16()
    };
    let list = get(format!("tasks?filter[id]={of_lead},{free},{hers}")).await.json();
    assert_eq!(ids(&list, "tasks"), [free, hers], "she does not see the lead");
    assert_eq!(get(format!("tasks/{of_lead}")).await.status, 204);
    assert_eq!([patch(of_lead).await, patch(free).await, patch(hers).await], [403, 403, 200]);
    let events = get(format!("events?filter[entity]=task&filter[entity_id]={of_lead},{free}")).await.json();
    let events = events["_embedded"]["events"].as_array().unwrap();
    assert_eq!(events.iter().map(|event| event["entity_id"].clone()).collect::<Vec<_>>(), [free]);
    let set = json!({"account": 31_920_194, "user": 10_110_003, "rights": {"tasks": {"edit": "A"}}});
    assert_eq!(leads.amo.control("PATCH", "/users", set).await.status, 200);
    assert_eq!([patch(of_lead).await, patch(free).await], [403, 200], "who may not see may not change");
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_in_the_ui_adds_changes_and_deletes_tasks_and_notes() {
    let leads = Leads::start().await;
    let lead = leads.add(json!({})).await;
    let control = async |path: &str, body: Value| {
        let mut whole = json!({"account": 31_920_194});
        whole.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
        leads.amo.control("POST", path, whole).await
    };
    let task = json!({"text": "Call", "complete_till": TILL, "entity_type": "leads", "entity_id": lead});
    let added = control("/tasks", json!({"user": 10_110_002, "add": task})).await.json();
    let id = added["tasks"][0]["id"].as_u64().unwrap();
    leads.amo.sandbox.change_task(AGENCY, &json!({"id": id, "text": "Meet"})).unwrap();
    let task = leads.get(&format!("tasks/{id}")).await.json();
    assert_eq!((&task["created_by"], &task["text"]), (&json!(10_110_002), &json!("Meet")));
    assert_eq!(leads.one(lead).await["closest_task_at"], TILL);
    let foreign = control("/tasks", json!({"user": 10_110_003, "delete": id})).await;
    assert_eq!((foreign.status.as_u16(), &foreign.json()["field"]), (400, &json!("delete")), "she may not");
    assert_eq!(control("/tasks", json!({"delete": [id]})).await.status, 200);
    assert_eq!(leads.get(&format!("tasks/{id}")).await.status, 204);
    assert!(leads.row_ids(&format!("tasks?filter[entity_type]=leads&filter[entity_id]={lead}")).await.is_empty());
    assert_eq!(leads.one(lead).await["closest_task_at"], Value::Null);

    let note = json!({"entity_type": "leads", "entity_id": lead, "note_type": "common", "params": {"text": "x"}});
    let note = leads.amo.sandbox.add_note(AGENCY, &note).unwrap();
    assert_eq!(leads.row_ids(&format!("leads/{lead}/notes")).await, [note]);
    leads.amo.sandbox.delete_note(AGENCY, note).unwrap();
    assert!(leads.row_ids(&format!("leads/{lead}/notes")).await.is_empty());

    let kinds: Vec<_> = leads.events().await.into_iter().map(|(kind, ..)| kind).collect();
    let expected =
        ["common_note_deleted", "common_note_added", "task_deleted", "task_text_changed", "task_added", "lead_added"];
    assert_eq!(kinds, expected);
    let changes = leads.changes().await;
    let settings: Vec<_> = changes.iter().map(|change| change["settings"].clone()).collect();
    let expected = ["add_lead", "add_task", "update_task", "delete_task", "note_lead"];
    assert_eq!(settings, expected.map(|setting| json!([setting])));
    assert_eq!((&changes[2]["old_text"], &changes[4]["note_id"]), (&json!("Call"), &json!(note)));
    for (path, body, field) in [
        ("/tasks", json!({"restore": id}), "restore"),
        ("/tasks", json!({"add": {"complete_till": TILL}}), "add.text"),
        ("/tasks", json!({"add": {"txet": "x"}}), "add.txet"),
        ("/notes", json!({"add": {"entity_id": lead, "note_type": "common"}}), "add.entity_type"),
        (
            "/notes",
            json!({"add": {"entity_type": "lead", "entity_id": lead, "note_type": "common"}}),
            "add.entity_type",
        ),
        (
            "/notes",
            json!({"add": {"entity_type": "leads", "entity_id": lead, "note_type": "common", "params": {"txet": 1}}}),
            "add.params.text",
        ),
        ("/notes", json!({"delete": 5}), "delete.id"),
        ("/notes", json!({}), "add"),
    ] {
        let refused = control(path, body.clone()).await;
        assert_eq!((refused.status.as_u16(), &refused.json()["field"]), (400, &json!(field)), "{body}");
    }
}
