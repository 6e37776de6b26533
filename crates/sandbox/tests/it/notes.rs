//! Notes: written as the official SDK does, read by both addresses, filtered; who may.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    leads::Leads,
    support::{AGENCY, Amo, ids, read},
};

impl Leads {
    /// The rows of a list; none if there are none.
    pub(crate) async fn rows(&self, path: &str) -> Vec<Value> {
        let answer = self.get(path).await;
        if answer.status == 204 {
            return Vec::new();
        }
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        let embedded = answer.json()["_embedded"].as_object().unwrap().clone();
        embedded.values().next().unwrap().as_array().unwrap().clone()
    }

    pub(crate) async fn row_ids(&self, path: &str) -> Vec<u64> {
        self.rows(path).await.iter().map(|entry| entry["id"].as_u64().unwrap()).collect()
    }

    /// Adds one text to a lead and gives its id.
    pub(crate) async fn text(&self, lead: u64, text: &str) -> u64 {
        let body = json!([{"note_type": "common", "params": {"text": text}}]);
        let answer = self.send(Method::POST, &format!("leads/{lead}/notes"), &body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        ids(&answer.json(), "notes")[0]
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn notes_of_all_types_are_written_as_the_official_sdk_writes_them() {
    let leads = Leads::start().await;
    let id = leads.add(json!({})).await;
    let body = json!([
        {"entity_id": id, "created_by": 0, "note_type": "service_message", "request_id": 1,
         "params": {"service": "Api Library", "text": "Текст"}},
        {"entity_id": id, "note_type": "call_in", "request_id": 2,
         "params": {"uniq": "8f52d38a", "duration": 148, "source": "integration name", "link": "https://example.test/t.mp3",
                    "phone": "+7912312321", "call_result": "Разговор состоялся", "call_status": 4, "call_responsible": 10_110_002}},
        {"entity_id": id, "created_by": 0, "note_type": "sms_out", "request_id": 3,
         "params": {"phone": "+7912312321", "text": "Исходящее SMS"}},
        {"entity_id": id, "note_type": "geolocation", "request_id": 4,
         "params": {"text": "x", "address": "ул. 1", "longitude": "37.618", "latitude": "55.756"}},
        {"entity_id": id, "note_type": "attachment", "request_id": 5,
         "params": {"file_uuid": "u", "version_uuid": "v", "file_name": "a.pdf"}},
    ]);
    let answer = leads.send(Method::POST, "leads/notes", &body).await;
    assert_eq!((answer.status.as_u16(), answer.content_type.as_str()), (200, "application/hal+json"));
    let host = leads.amo.sandbox.host(AGENCY).unwrap();
    let answer = answer.json();
    assert_eq!(answer["_links"]["self"]["href"], format!("http://{host}/api/v4/leads/notes"));
    let written = answer["_embedded"]["notes"].as_array().unwrap();
    assert_eq!(written.len(), 5);
    for (note, request_id) in written.iter().zip(["1", "2", "3", "4", "5"]) {
        let href = format!("http://{host}/api/v4/leads/notes/{}", note["id"]);
        let expected =
            json!({"id": note["id"], "entity_id": id, "request_id": request_id, "_links": {"self": {"href": href}}});
        assert_eq!(*note, expected);
    }

    let notes = leads.rows(&format!("leads/{id}/notes")).await;
    let now = leads.amo.sandbox.clock().now;
    assert!(notes[0]["created_at"].as_u64().unwrap().abs_diff(now) < 60);
    let expected = json!({
        "id": written[0]["id"], "entity_id": id, "created_by": 0, "updated_by": 10_110_001,
        "created_at": notes[0]["created_at"], "updated_at": notes[0]["created_at"],
        "responsible_user_id": 10_110_001, "group_id": 0, "note_type": "service_message",
        "params": {"service": "Api Library", "text": "Текст"}, "account_id": 31_920_194,
        "_links": {"self": {"href": format!("http://{host}/api/v4/leads/notes/{}", written[0]["id"])}},
    });
    assert_eq!(notes[0], expected);
    let call = &notes[1]["params"];
    assert_eq!((&call["duration"], &call["call_responsible"]), (&json!(148), &json!(10_110_002)));
    assert_eq!(
        notes[4]["params"],
        json!({"file_uuid": "u", "version_uuid": "v", "file_name": "a.pdf",
               "original_name": "a.pdf", "text": "a.pdf", "is_drive_attachment": true})
    );
    let kinds: Vec<_> = leads.events().await.into_iter().map(|(kind, _, after)| (kind, after)).collect();
    let of_note = |place: usize| json!([{"note": {"id": written[place]["id"]}}]);
    let expected = [
        ("attachment_note_added", of_note(4)),
        ("geo_note_added", of_note(3)),
        ("outgoing_sms", of_note(2)),
        ("incoming_call", of_note(1)),
        ("service_note_added", of_note(0)),
        ("lead_added", json!([])),
    ];
    assert_eq!(kinds, expected.map(|(kind, after)| (kind.to_owned(), after)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_note_is_found_by_both_addresses_and_by_those_of_its_own_entity_alone() {
    let leads = Leads::start().await;
    let (lead, other) = (leads.add(json!({})).await, leads.add(json!({})).await);
    let contact = leads.row_ids("contacts?limit=1").await[0];
    let id = leads.text(lead, "one").await;
    let body = json!([{"note_type": "common", "params": {"text": "of a contact"}}]);
    let of_contact = leads.send(Method::POST, &format!("contacts/{contact}/notes"), &body).await.json();
    let of_contact = ids(&of_contact, "notes")[0];
    let one = leads.get(&format!("leads/notes/{id}")).await.json();
    assert_eq!((&one["id"], &one["params"]["text"]), (&json!(id), &json!("one")));
    assert_eq!(leads.get(&format!("leads/{lead}/notes/{id}")).await.json(), one);
    for nobody in [
        format!("leads/{other}/notes/{id}"),
        format!("contacts/notes/{id}"),
        format!("leads/notes/{of_contact}"),
        "leads/notes/5".to_owned(),
        "leads/notes/99999999999999999999999".to_owned(),
        format!("leads/{other}/notes"),
        "leads/5/notes".to_owned(),
    ] {
        let answer = leads.get(&nobody).await;
        assert_eq!((answer.status.as_u16(), answer.body.as_str()), (204, ""), "{nobody}");
    }
    assert_eq!(leads.get("users/notes").await.status, 404);
    let link = leads.get(&format!("contacts/{contact}/notes")).await.json();
    let link = link["_embedded"]["notes"][0]["_links"]["self"]["href"].as_str().unwrap().to_owned();
    assert_eq!(leads.amo.get_url(&link, &leads.token).await.json()["id"], of_contact);
}

#[tokio::test(flavor = "multi_thread")]
async fn notes_are_filtered_and_ordered() {
    let leads = Leads::start().await;
    leads.amo.sandbox.freeze_clock(true);
    let (lead, other) = (leads.add(json!({})).await, leads.add(json!({})).await);
    let first = leads.text(lead, "first").await;
    leads.amo.sandbox.advance_clock(Duration::from_secs(100)).unwrap();
    let since = leads.amo.sandbox.clock().now;
    let second = leads.text(other, "second").await;
    let body = json!([{"entity_id": lead, "note_type": "call_out", "params": {"phone": "1"}}]);
    let call = ids(&leads.send(Method::POST, "leads/notes", &body).await.json(), "notes")[0];
    let both = format!("filter[entity_id][]={lead}&filter[entity_id][]={other}");
    let until = since - 1;
    for (query, expected) in [
        (both.clone(), vec![first, second, call]),
        (format!("filter[entity_id]={lead}"), vec![first, call]),
        (format!("filter[id]={first},{call}"), vec![first, call]),
        (format!("{both}&filter[note_type]=call_out"), vec![call]),
        (format!("{both}&filter[note_type][]=call_out&filter[note_type][]=common"), vec![first, second, call]),
        (format!("{both}&filter[updated_at]={since}"), vec![second, call]),
        (format!("{both}&filter[updated_at][to]={until}"), vec![first]),
        (format!("{both}&filter[updated_at][from]={since}&filter[updated_at][to]={since}"), vec![second, call]),
        (format!("{both}&order[id]=desc"), vec![call, second, first]),
        (format!("{both}&order[updated_at]=asc&limit=1"), vec![first]),
        (format!("{both}&limit=2&page=2"), vec![call]),
        ("filter[updated_at]=99999999999".to_owned(), vec![]),
    ] {
        assert_eq!(leads.row_ids(&format!("leads/notes?{query}")).await, expected, "{query}");
    }
    let of_lead = |query: String| format!("leads/{lead}/notes?{query}");
    assert_eq!(leads.row_ids(&of_lead("order[updated_at]=desc".to_owned())).await, [call, first]);
    assert_eq!(leads.row_ids(&of_lead(format!("filter[entity_id]={other}&filter[id]={first}"))).await, [first]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sees_an_entity_reads_its_notes_and_who_changes_it_writes_them() {
    let leads = Leads::start().await;
    let lead = leads.add(json!({})).await;
    let own = leads.add(json!({"responsible_user_id": 10_110_003})).await;
    let note = leads.text(lead, "x").await;
    let text = json!([{"note_type": "common", "params": {"text": "x"}}]);
    // Andrew sees everything and changes what is his own; Iryna sees her own alone.
    for (user, reads, writes) in [(10_110_002, 200, 403), (10_110_003, 204, 403)] {
        let token = token(&leads.amo, user).await;
        let send = async |method: Method, path: &str, body: &Value| {
            let url = leads.amo.url(AGENCY, &format!("/api/v4/{path}"));
            read(leads.amo.http.request(method, url).bearer_auth(&token).json(body).send().await.unwrap()).await
        };
        let get = async |path: String| leads.amo.get(AGENCY, &format!("/api/v4/{path}"), &token).await.status;
        assert_eq!(get(format!("leads/notes/{note}")).await, reads, "{user}");
        assert_eq!(get(format!("leads/{lead}/notes")).await, reads, "{user}");
        assert_eq!(get(format!("leads/notes?filter[id]={note}")).await, reads, "{user}");
        let written = [
            send(Method::POST, &format!("leads/{lead}/notes"), &text).await,
            send(Method::PATCH, &format!("leads/notes/{note}"), &json!({"params": {"text": "y"}})).await,
            send(Method::POST, &format!("leads/notes/{note}/pin"), &json!({})).await,
        ];
        assert_eq!(written.map(|answer| answer.status.as_u16()), [writes; 3], "{user}");
    }
    leads.amo.switch(|switches| switches.read_outside_rights = 403);
    let iryna = token(&leads.amo, 10_110_003).await;
    let get = async |path: String| leads.amo.get(AGENCY, &format!("/api/v4/{path}"), &iryna).await.status;
    assert_eq!([get(format!("leads/notes/{note}")).await, get(format!("leads/{lead}/notes")).await], [403, 403]);
    let url = leads.amo.url(AGENCY, &format!("/api/v4/leads/{own}/notes"));
    let written = read(leads.amo.http.post(url).bearer_auth(&iryna).json(&text).send().await.unwrap()).await;
    assert_eq!(written.status, 200, "{written:?}");
    let written = leads.get(&format!("leads/{own}/notes")).await.json()["_embedded"]["notes"][0].clone();
    assert_eq!((&written["created_by"], &written["group_id"]), (&json!(10_110_003), &json!(311_001)));
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_are_told_of_new_notes_and_the_notes_of_a_deleted_lead_are_gone() {
    let leads = Leads::start().await;
    let lead = leads.add(json!({})).await;
    let id = leads.text(lead, "x").await;
    leads.send(Method::PATCH, &format!("leads/notes/{id}"), &json!({"params": {"text": "y"}})).await;
    let changes = leads.changes().await;
    assert_eq!(changes.len(), 2, "{changes:?}");
    assert_eq!(changes[1]["settings"], json!(["note_lead"]));
    assert_eq!((&changes[1]["entity_type"], &changes[1]["entity_id"]), (&json!("lead"), &json!(lead)));
    leads.amo.sandbox.delete_lead(AGENCY, lead).unwrap();
    assert_eq!(leads.get(&format!("leads/notes/{id}")).await.status, 204);
    assert_eq!(leads.get(&format!("leads/{lead}/notes")).await.status, 204);
}

/// An access token that `user` granted.
pub(crate) async fn token(amo: &Amo, user: u64) -> String {
    let code = amo.sandbox.issue_code_for(AGENCY, user, "sandbox").unwrap().code;
    amo.token(AGENCY, &Amo::exchange_fields(&code)).await.pair().access
}
