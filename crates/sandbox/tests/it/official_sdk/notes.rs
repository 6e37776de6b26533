//! `notes_actions.php`.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Sdk, added, embedded, models, no_content};

async fn lead_with_notes(sdk: &Sdk) -> (u64, Vec<u64>) {
    let lead = sdk.made("leads", "leads", json!({ "name": "Example", "request_id": "0" })).await;
    let notes = json!([
        {
            "entity_id": lead, "created_by": 0, "request_id": "0", "note_type": "service_message",
            "params": { "service": "Api Library", "text": "Текст примечания" },
        },
        {
            "entity_id": lead, "created_by": 0, "request_id": "1", "note_type": "sms_out",
            "params": { "text": "Исходящее SMS", "phone": "+7912312321" },
        },
        {
            "entity_id": lead, "request_id": "2", "note_type": "call_in",
            "params": {
                "uniq": "8f52d38a-5fb3-406d-93a3-a4832dc28f8b", "duration": 148, "source": "integration name",
                "link": "https://example.test/test.mp3", "phone": "+7912312321",
                "call_result": "Разговор состоялся", "call_status": 4,
            },
        },
    ]);
    let answer = sdk.post("leads/notes", notes).await;
    for note in embedded(&answer, "notes") {
        assert_eq!(note["entity_id"], lead, "{answer}");
    }
    (lead, added(&answer, "notes", &["0", "1", "2"]))
}

#[tokio::test(flavor = "multi_thread")]
async fn notes_of_three_types_are_made_and_found() {
    let sdk = Sdk::start().await;
    let (lead, ids) = lead_with_notes(&sdk).await;
    let calls = sdk.get(&format!("leads/{lead}/notes"), &[("filter[note_type][0]", "call_in")]).await;
    let calls = embedded(&calls, "notes");
    assert_eq!(calls.iter().map(models::note).collect::<Vec<_>>(), [ids[2]]);
    let params = &calls[0]["params"];
    assert_eq!((&params["duration"], &params["call_status"]), (&json!(148), &json!(4)));
    assert_eq!(
        (&params["uniq"], &params["call_result"]),
        (&json!("8f52d38a-5fb3-406d-93a3-a4832dc28f8b"), &json!("Разговор состоялся"))
    );

    let all = sdk.get("leads/notes", &[]).await;
    for note in embedded(&all, "notes") {
        models::note(note);
    }
    let service = sdk.get(&format!("leads/{lead}/notes/{}", ids[0]), &[]).await;
    models::note(&service);
    let expected = json!({ "service": "Api Library", "text": "Текст примечания" });
    assert_eq!((&service["params"], &service["created_by"]), (&expected, &Value::from(0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_note_is_written_back_and_pinned() {
    let sdk = Sdk::start().await;
    let (lead, ids) = lead_with_notes(&sdk).await;
    let path = format!("leads/{lead}/notes/{}", ids[1]);
    let read = sdk.get(&path, &[]).await;
    let back = json!({
        "entity_id": lead, "id": ids[1], "responsible_user_id": read["responsible_user_id"],
        "created_by": read["created_by"], "updated_by": read["updated_by"], "created_at": read["created_at"],
        "updated_at": read["updated_at"], "request_id": "0", "note_type": "sms_out",
        "params": { "text": "Другое SMS", "phone": "+7912312321" },
    });
    let answer = sdk.patch(&path, back).await;
    assert_eq!((&answer["id"], &answer["entity_id"]), (&json!(ids[1]), &json!(lead)));
    assert_eq!(sdk.get(&path, &[]).await["params"]["text"], "Другое SMS");

    // An empty array is what PHP sends for nothing.
    let nothing = json!([]);
    no_content(&sdk.send(Method::POST, &format!("leads/notes/{}/pin", ids[1]), &[], Some(&nothing)).await);
    assert!(is_pinned(&sdk, lead, ids[1]).await);
    no_content(&sdk.send(Method::POST, &format!("leads/notes/{}/unpin", ids[1]), &[], Some(&nothing)).await);
    assert!(!is_pinned(&sdk, lead, ids[1]).await);
}

async fn is_pinned(sdk: &Sdk, lead: u64, note: u64) -> bool {
    let notes = sdk.get(&format!("leads/{lead}/notes"), &[("with", "is_pinned")]).await;
    let note = embedded(&notes, "notes").iter().find(|found| found["id"] == note);
    note.unwrap()["is_pinned"].as_bool().unwrap()
}
