//! A note of an entity, `leads[note][0][note]` and `contacts[note][0][note]`.

use serde_json::{Map, Value, json};

use super::form::Item;
use crate::{
    AccountId, WebhookZone,
    store::{Kind, Note, Tables},
    times,
};

pub(super) fn write(item: &mut Item<'_>, note: &Note, account: AccountId, tables: &Tables, zone: WebhookZone) {
    let (entity, id) = note.entity;
    let mut put = |name: &str, value: String| item.put(&format!("[note][{name}]"), value);
    put("element_type", entity.element_type().to_string());
    put("element_id", id.to_string());
    if let Some(number) = note.kind.number {
        put("note_type", number.to_string());
    }
    put("text", text(note));
    if let Some(name) = note.params.get("file_name").and_then(Value::as_str) {
        put("attachement", name.to_owned());
    }
    put("metadata", metadata(note, tables).to_string());
    put("account_id", account.to_string());
    put("date_create", times::written(note.created_at, zone));
    put("timestamp_x", times::written(note.updated_at, zone));
    put("created_by", note.created_by.to_string());
    put("modified_by", note.updated_by.to_string());
    put("main_user_id", note.responsible_user_id.to_string());
    put("group_id", tables.group_of(note.responsible_user_id).to_string());
    put("id", note.id.to_string());
    put("created_at", note.created_at.to_string());
    put("updated_at", note.updated_at.to_string());
    if entity != Kind::Lead {
        item.put("[type]", entity.singular());
    }
}

/// The text of a plain note; of others JSON, its names as API v2 has them.
fn text(note: &Note) -> String {
    let params = &note.params;
    let own = |name: &str| params.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    match note.kind.name {
        "common" => own("text"),
        "attachment" => String::new(),
        "call_in" | "call_out" => renamed(params, &[("source", "SRC")]),
        "sms_in" | "sms_out" => renamed(params, &[]),
        _ => Value::Object(params.clone()).to_string(),
    }
}

/// The parameters with their names in capitals, or those that some of them have.
fn renamed(params: &Map<String, Value>, names: &[(&str, &str)]) -> String {
    let name = |name: &String| {
        let known = names.iter().find(|(from, _)| from == name);
        known.map_or_else(|| name.to_uppercase(), |(_, to)| (*to).to_owned())
    };
    let renamed: Map<_, _> = params.iter().map(|(from, value)| (name(from), value.clone())).collect();
    Value::Object(renamed).to_string()
}

/// Who wrote it, for clients that pass over their own notes.
fn metadata(note: &Note, tables: &Tables) -> Value {
    let author = tables.user(note.created_by.into()).map(|user| user.name.as_str());
    json!({"event_source": {"author_name": author}})
}
