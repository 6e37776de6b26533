//! Writes as amoCRM wants them, and no others.

use amo_connect_contract::{Asked, Reply};
use amo_connect_domain::crm::write::{LeadChange, NewGuest, NewLead, NewNote, NewTask, TaskChange, Write, WriteField};
use amo_connect_domain::idempotency::WrittenObject;
use amo_connect_domain::token::AccessToken;
use jiff::Timestamp;

use crate::{BEARER, crm, send};

const JSON: &str = "Content-Type: application/json; charset=utf-8\r\nAuthorization: Bearer t\r\n";

const LEAD: &str = r#"[{"name":"Flat","price":5,"pipeline_id":3,"status_id":8,"responsible_user_id":9,"_embedded":{"tags":[{"name":"sea"}],"contacts":[{"name":"Olha","custom_fields_values":[{"field_code":"PHONE","values":[{"value":"+380","enum_code":"WORK"}]},{"field_code":"EMAIL","values":[{"value":"o@x.example","enum_code":"WORK"}]}]}]}}]"#;
const NOTE: &str = r#"[{"note_type":"common","params":{"text":"Call back"}}]"#;
const TASK: &str = r#"[{"entity_id":5,"entity_type":"leads","text":"Call","complete_till":1795431600}]"#;

#[expect(clippy::unnecessary_wraps, reason = "it stands for members that may be missing")]
fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn lead() -> NewLead {
    NewLead {
        name: text("Flat"),
        price: Some(5),
        pipeline: Some(3),
        stage: Some(8),
        responsible_user: Some(9),
        tags: vec!["sea".to_owned()],
        guest: Some(NewGuest { name: text("Olha"), phone: text("+380"), email: text("o@x.example") }),
    }
}

#[tokio::test]
async fn a_write_is_read_whole_and_answered_in_amocrms_thin_way() {
    let crm = crm().await;
    let made = Reply::Made(WrittenObject { id: 41, is_new: false });
    let (kind, responsible_user, complete_till) = (None, None, Timestamp::from_second(1_795_431_600).unwrap());
    let changed = LeadChange { price: Some(0), tags_to_remove: vec!["sea".to_owned()], ..LeadChange::default() };
    let completed = TaskChange { is_completed: Some(true), result: text("Agreed"), ..TaskChange::default() };
    for (first_line, body, reply, write, answer) in [
        (
            "POST /api/v4/leads/complex",
            LEAD,
            made.clone(),
            Write::Lead(lead()),
            r#"[{"id":41,"contact_id":42,"company_id":null,"request_id":["0"],"merged":true}]"#,
        ),
        (
            "PATCH /api/v4/leads/5",
            r#"{"price":0,"tags_to_delete":[{"name":"sea"}]}"#,
            Reply::Changed,
            Write::LeadChange(5, changed),
            r#"{"id":5,"updated_at":"#,
        ),
        (
            "POST /api/v4/leads/5/notes",
            NOTE,
            made.clone(),
            Write::Note(NewNote { lead: 5, text: "Call back".to_owned() }),
            r#""_embedded":{"notes":[{"id":41,"entity_id":5,"request_id":"0""#,
        ),
        (
            "POST /api/v4/tasks",
            TASK,
            made,
            Write::Task(NewTask { lead: 5, text: "Call".to_owned(), complete_till, kind, responsible_user }),
            r#""_embedded":{"tasks":[{"id":41,"request_id":"0""#,
        ),
        (
            "PATCH /api/v4/tasks/12",
            r#"{"is_completed":true,"result":{"text":"Agreed"}}"#,
            Reply::Changed,
            Write::TaskChange(12, completed),
            r#"{"id":12,"updated_at":"#,
        ),
    ] {
        crm.will(reply).await.unwrap();
        let (asked, answered) = send(&crm, first_line, JSON, body).await;
        assert_eq!(asked, Asked::Write { host: crm.host(), token: AccessToken::new("t"), write }, "{first_line}");
        assert!(answered.starts_with("HTTP/1.1 200 ") && answered.contains(answer), "{answered}");
    }
}

#[tokio::test]
async fn a_write_that_says_more_or_less_than_is_wanted_is_unintelligible() {
    let crm = crm().await;
    let complex = "POST /api/v4/leads/complex";
    let notes = "POST /api/v4/leads/5/notes";
    for (first_line, headers, body, expected) in [
        (complex, BEARER, LEAD, "the body is not said to be JSON"),
        (complex, JSON, r#"{"name":"Flat"}"#, "the body is no list"),
        (complex, JSON, "[]", "the body has no item"),
        (complex, JSON, r#"[{"name":"Flat"},{"name":"House"}]"#, "a list has more than one entry"),
        (complex, JSON, r#"[{"name":"Flat","price":null}]"#, "a member has a value of another type"),
        (complex, JSON, r#"[{"name":"Flat","_embedded":{"tags":[]}}]"#, "a list is empty"),
        (complex, JSON, r#"[{"name":"Flat","_embedded":{}}]"#, "an object is empty"),
        (complex, JSON, r#"[{"name":"Flat","budget":5}]"#, "a member is unknown"),
        ("PATCH /api/v4/leads/5", JSON, "{}", "an object is empty"),
        ("PATCH /api/v4/leads/five", JSON, r#"{"price":5}"#, "a parameter is not a number"),
        ("PATCH /api/v4/leads/5?with=contacts", JSON, r#"{"price":5}"#, "a write has a query"),
        (notes, JSON, r#"[{"note_type":"call_in","params":{"text":"x"}}]"#, "the note is not of the common type"),
        (notes, JSON, r#"[{"note_type":"common"}]"#, "a member is missing"),
        ("POST /api/v4/tasks", JSON, r#"[{"entity_id":5,"text":"Call"}]"#, "the task is not on a lead"),
        ("PATCH /api/v4/tasks/12", JSON, r#"{"result":[]}"#, "it is no object"),
        ("DELETE /api/v4/leads/5", JSON, "", "there is no such method and path"),
        ("POST /api/v4/leads", JSON, LEAD, "there is no such method and path"),
    ] {
        let (asked, _) = send(&crm, first_line, headers, body).await;
        assert_eq!(asked, Asked::Unintelligible { host: crm.host(), why: expected }, "{first_line} {body}");
    }
}

#[tokio::test]
async fn a_refusal_has_the_path_of_what_is_refused() {
    let crm = crm().await;
    let complex = "POST /api/v4/leads/complex";
    for (first_line, body, reply, status, said) in [
        (complex, LEAD, Reply::Refuses(WriteField::Stage), 400, r#""path":"status_id""#),
        (
            complex,
            LEAD,
            Reply::Refuses(WriteField::GuestPhone),
            400,
            "contacts.0.custom_fields_values.0.values.0.value",
        ),
        (
            complex,
            LEAD,
            Reply::Refuses(WriteField::GuestEmail),
            400,
            "contacts.0.custom_fields_values.1.values.0.value",
        ),
        ("POST /api/v4/leads/5/notes", NOTE, Reply::Refuses(WriteField::Text), 400, r#""path":"params.text""#),
        ("POST /api/v4/leads/5/notes", NOTE, Reply::TargetMissing, 404, "Not Found"),
        ("POST /api/v4/tasks", TASK, Reply::TargetMissing, 400, r#""path":"entity_id""#),
        ("PATCH /api/v4/leads/5", r#"{"price":5}"#, Reply::TargetMissing, 400, r#""path":"id""#),
    ] {
        crm.will(reply.clone()).await.unwrap();
        let (_, answered) = send(&crm, first_line, JSON, body).await;
        assert!(
            answered.starts_with(&format!("HTTP/1.1 {status} ")) && answered.contains(said),
            "{reply:?}: {answered}"
        );
    }
}

#[tokio::test]
async fn one_note_and_one_task_are_read_by_their_numbers() {
    let crm = crm().await;
    let (host, token) = (crm.host(), AccessToken::new("t"));
    for (target, expected) in [
        ("/api/v4/leads/5/notes/12", Asked::Note { host: host.clone(), token: token.clone(), lead: 5, id: 12 }),
        ("/api/v4/tasks/12", Asked::Task { host, token, id: 12 }),
    ] {
        crm.will(Reply::Nothing).await.unwrap();
        let (asked, answered) = send(&crm, &format!("GET {target}"), BEARER, "").await;
        assert_eq!(asked, expected);
        assert!(answered.starts_with("HTTP/1.1 204 "), "{answered}");
    }
}
