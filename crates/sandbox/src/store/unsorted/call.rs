//! The call that an unsorted lead came by, as a note of the lead.

use serde_json::{Map, Value};

use super::{Category, Unsorted};
use crate::store::{Context, Kind, Note, NoteKind, Tables, attached};

/// The parameters of the note, and the members of the metadata that they are. Who called is the `phone`: that `from`
/// is left out is what integrators of 2022 saw, amocrm-api-php#441.
const PARAMS: [(&str, &str); 6] = [
    ("uniq", "uniq"),
    ("duration", "duration"),
    ("source", "service_code"),
    ("link", "link"),
    ("phone", "phone"),
    ("call_responsible", "call_responsible"),
];

/// Notes the call in the card of the lead, which was just accepted, if its sender asked for that.
pub(super) fn note(row: &Unsorted, tables: &mut Tables, context: &Context<'_>) {
    let is_asked_for = row.metadata.get("is_call_event_needed").and_then(Value::as_bool) == Some(true);
    let kind = NoteKind::named("call_in").filter(|_| row.category == Category::Sip && is_asked_for);
    let responsible = tables.leads.live(row.lead).map(|lead| lead.card.responsible_user_id);
    let (Some(kind), Some(responsible_user_id)) = (kind, responsible) else { return };
    let author = context.author.user.get();
    attached::add(tables, context, |id| Note {
        id,
        entity: (Kind::Lead, row.lead),
        kind,
        params: params(&row.metadata),
        responsible_user_id,
        created_by: author,
        updated_by: author,
        created_at: context.now,
        updated_at: context.now,
        is_pinned: false,
        is_deleted: false,
    });
}

fn params(metadata: &Map<String, Value>) -> Map<String, Value> {
    let param = |(name, of_metadata): (&str, &str)| {
        let value = metadata.get(of_metadata).filter(|value| !value.is_null())?;
        // A telephone may have come as a number.
        let value = if name == "phone" { as_text(value) } else { value.clone() };
        Some((name.to_owned(), value))
    };
    PARAMS.into_iter().filter_map(param).collect()
}

fn as_text(value: &Value) -> Value {
    if value.is_number() { value.to_string().into() } else { value.clone() }
}
