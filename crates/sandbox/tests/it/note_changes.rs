//! Notes: changed, pinned, deleted; what their members must be.

use std::time::Duration;

use amo_connect_sandbox::{SinglePatch, UnknownId, UnknownMembers};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{leads::Leads, leads_write::errors, support::AGENCY};

#[tokio::test(flavor = "multi_thread")]
async fn notes_are_changed_one_by_one_and_in_lists_by_both_addresses() {
    let leads = Leads::start().await;
    leads.amo.sandbox.freeze_clock(true);
    let lead = leads.add(json!({})).await;
    let (one, two) = (leads.text(lead, "one").await, leads.text(lead, "two").await);
    leads.amo.sandbox.advance_clock(Duration::from_secs(5)).unwrap();
    let now = leads.amo.sandbox.clock().now;
    let host = leads.amo.sandbox.host(AGENCY).unwrap();
    let thin = |id: u64| {
        let href = format!("http://{host}/api/v4/leads/notes/{id}");
        json!({"id": id, "entity_id": lead, "updated_at": now, "_links": {"self": {"href": href}}})
    };
    let text = |text: &str| json!({"params": {"text": text}});
    let path = format!("leads/notes/{one}");
    let mut body = text("one!");
    body["note_type"] = json!("common");
    let answer = leads.send(Method::PATCH, &path, &body).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (200, thin(one)));
    let note = leads.get(&path).await.json();
    assert_eq!((&note["params"]["text"], &note["updated_at"]), (&json!("one!"), &json!(now)));
    leads.amo.switch(|switches| switches.single_patch = SinglePatch::Embedded);
    let answer = leads.send(Method::PATCH, &format!("leads/{lead}/notes/{one}"), &text("one!!")).await.json();
    assert_eq!(answer["_embedded"]["notes"], json!([thin(one)]));
    for (path, shout) in [("leads/notes".to_owned(), "!"), (format!("leads/{lead}/notes"), "?")] {
        let body = json!([
            {"id": one, "entity_id": lead, "note_type": "common", "params": {"text": format!("1{shout}")}},
            {"id": two, "params": {"text": format!("2{shout}")}},
        ]);
        let answer = leads.send(Method::PATCH, &path, &body).await.json();
        assert_eq!(answer["_embedded"]["notes"], json!([thin(one), thin(two)]), "{path}");
        let texts = leads.rows(&format!("leads/{lead}/notes")).await;
        let texts: Vec<_> = texts.iter().map(|note| note["params"]["text"].clone()).collect();
        assert_eq!(texts, [format!("1{shout}"), format!("2{shout}")], "{path}");
    }
    leads.send(Method::PATCH, &path, &json!({"note_type": "sms_in", "params": {"text": "s", "phone": "1"}})).await;
    let note = leads.get(&path).await.json();
    assert_eq!((&note["note_type"], &note["params"]), (&json!("sms_in"), &json!({"text": "s", "phone": "1"})));
    let kinds: Vec<_> = leads.events().await.into_iter().map(|(kind, ..)| kind).collect();
    assert_eq!(kinds, ["common_note_added", "common_note_added", "lead_added"], "a changed note is no event");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_bad_note_rejects_the_request_and_each_mistake_is_named() {
    let leads = Leads::start().await;
    let lead = leads.add(json!({})).await;
    let id = leads.text(lead, "good").await;
    let text = |text: Value| json!({"text": text});
    let post = async |body: Value| leads.send(Method::POST, "leads/notes", &body).await;
    for (item, code, path) in [
        (json!({"note_type": "common", "params": text(json!("x"))}), "FieldMissing", "entity_id"),
        (json!({"entity_id": 5, "note_type": "common", "params": text(json!("x"))}), "NotSupportedChoice", "entity_id"),
        (json!({"entity_id": lead, "params": text(json!("x"))}), "FieldMissing", "note_type"),
        (json!({"entity_id": lead, "note_type": "chat", "params": {}}), "NotSupportedChoice", "note_type"),
        (json!({"entity_id": lead, "note_type": "common"}), "FieldMissing", "params.text"),
        (json!({"entity_id": lead, "note_type": "common", "params": []}), "FieldMissing", "params.text"),
        (json!({"entity_id": lead, "note_type": "common", "params": text(json!(5))}), "InvalidType", "params.text"),
        (json!({"entity_id": lead, "note_type": "common", "params": "x"}), "InvalidType", "params"),
        (
            json!({"entity_id": lead, "note_type": "common", "params": text(json!("x")), "created_by": 10_110_004}),
            "NotSupportedChoice",
            "created_by",
        ),
        (
            json!({"entity_id": lead, "note_type": "common", "params": text(json!("x")), "responsible_user_id": 0}),
            "NotSupportedChoice",
            "responsible_user_id",
        ),
    ] {
        let good = json!({"entity_id": lead, "note_type": "common", "params": {"text": "y"}});
        let refused = errors(&post(json!([good, item])).await);
        assert_eq!(refused, [("1".to_owned(), vec![(code.to_owned(), path.to_owned())])], "{item}");
    }
    assert_eq!(leads.row_ids(&format!("leads/{lead}/notes")).await, [id], "nothing was written");
    let unknown = json!([{"entity_id": lead, "note_type": "common", "params": {"text": "y", "colour": 1}, "txet": 1}]);
    leads.amo.switch(|switches| switches.unknown_members = UnknownMembers::Refused);
    assert_eq!(errors(&post(unknown.clone()).await)[0].1, [("ExtraField".to_owned(), "txet".to_owned())]);
    leads.amo.switch(|switches| switches.unknown_members = UnknownMembers::Ignored);
    assert_eq!(post(unknown).await.status, 200);

    let patch = async |path: String, body: Value| leads.send(Method::PATCH, &path, &body).await;
    let not_there = vec![("NotSupportedChoice".to_owned(), "id".to_owned())];
    assert_eq!(errors(&patch("leads/notes/5".to_owned(), json!({"params": {"text": "x"}})).await)[0].1, not_there);
    let other = leads.add(json!({})).await;
    let elsewhere = patch(format!("leads/{other}/notes/{id}"), json!({"params": {"text": "x"}})).await;
    assert_eq!(errors(&elsewhere)[0].1, not_there, "a note of another lead");
    let moved = patch(format!("leads/notes/{id}"), json!({"entity_id": other})).await;
    assert_eq!(errors(&moved)[0].1, [("NotSupportedChoice".to_owned(), "entity_id".to_owned())]);
    let retyped = patch(format!("leads/notes/{id}"), json!({"note_type": "sms_in"})).await;
    assert_eq!(errors(&retyped)[0].1, [("FieldMissing".to_owned(), "params.text".to_owned())]);
    let text = json!([{"note_type": "common", "params": {"text": "x"}}]);
    assert_eq!(errors(&leads.send(Method::POST, "leads/5/notes", &text).await)[0].1, not_there);
    leads.amo.switch(|switches| switches.unknown_id = UnknownId::NotFound);
    assert_eq!(patch("leads/notes/5".to_owned(), json!({"params": {"text": "x"}})).await.status, 404);
    assert_eq!(post(json!({"entity_id": lead})).await.status, 400, "a list is wanted");
}

#[tokio::test(flavor = "multi_thread")]
async fn notes_are_pinned_and_deleted_where_a_switch_says_so() {
    let leads = Leads::start().await;
    let lead = leads.add(json!({})).await;
    let id = leads.text(lead, "x").await;
    let list = format!("leads/{lead}/notes?with=is_pinned");
    assert_eq!(leads.rows(&list).await[0]["is_pinned"], false);
    let post = async |path: String| leads.send(Method::POST, &path, &json!({})).await;
    let pinned = post(format!("leads/notes/{id}/pin")).await;
    assert_eq!((pinned.status.as_u16(), pinned.body.as_str()), (204, ""));
    assert_eq!(leads.rows(&list).await[0]["is_pinned"], true);
    assert_eq!(leads.get(&format!("leads/notes/{id}")).await.json().get("is_pinned"), None, "only with with");
    assert_eq!(post(format!("leads/{lead}/notes/{id}/unpin")).await.status, 204);
    assert_eq!(leads.rows(&list).await[0]["is_pinned"], false);
    assert_eq!(post("leads/notes/5/pin".to_owned()).await.status, 400);
    assert_eq!(leads.get(&format!("leads/notes/{id}/pin")).await.status, 405);

    let delete = async || leads.send(Method::DELETE, &format!("leads/notes/{id}"), &json!({})).await.status;
    assert_eq!(delete().await, 405);
    leads.amo.switch(|switches| switches.note_delete = 204);
    assert_eq!(delete().await, 204);
    assert_eq!(leads.rows(&list).await, Vec::<Value>::new());
    assert_eq!(leads.get(&format!("leads/notes/{id}")).await.status, 204);
    assert_eq!(delete().await, 400);
    let (kind, before, _) = leads.events().await.remove(0);
    assert_eq!((kind.as_str(), before), ("common_note_deleted", json!([{"note": {"id": id}}])));
}
