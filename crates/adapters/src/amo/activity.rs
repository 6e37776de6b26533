//! Notes, tasks and events in the domain's terms.

use amo_connect_domain::crm::event::Event;
use amo_connect_domain::crm::note::Note;
use amo_connect_domain::crm::page::Page;
use amo_connect_domain::crm::task::Task;
use serde::Deserialize;
use serde_json::Value;

use super::loose::{List, Object};
use super::members::{Flag, Id, Text, Time};
use super::reading::RawPage;

/// What people can read of a note, in whichever of these members its type has it.
const READABLE: [&str; 7] = ["text", "subject", "address", "original_name", "file_name", "attachment", "phone"];

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct RawNotes {
    notes: List<RawNote>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct RawTasks {
    tasks: List<RawTask>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct RawEvents {
    events: List<RawEvent>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct RawNote {
    id: Id,
    note_type: Text,
    params: Value,
    created_by: Id,
    created_at: Time,
    updated_at: Time,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct RawTask {
    id: Id,
    entity_id: Id,
    entity_type: Text,
    text: Text,
    task_type_id: Id,
    complete_till: Time,
    is_completed: Flag,
    result: Object<RawResult>,
    responsible_user_id: Id,
    created_by: Id,
    created_at: Time,
    updated_at: Time,
}

/// What came of a task. Without one it is an empty list.
#[derive(Default, Deserialize)]
#[serde(default)]
struct RawResult {
    text: Text,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawEvent {
    id: Text,
    #[serde(rename = "type")]
    kind: Text,
    value_before: Value,
    value_after: Value,
    created_by: Id,
    created_at: Time,
}

impl RawPage<RawNotes> {
    pub(super) fn notes(self) -> Option<Page<Note>> {
        self.listed(|all| all.notes, RawNote::read)
    }
}

impl RawPage<RawTasks> {
    pub(super) fn tasks(self) -> Option<Page<Task>> {
        self.listed(|all| all.tasks, RawTask::read)
    }
}

impl RawPage<RawEvents> {
    pub(super) fn events(self) -> Option<Page<Event>> {
        self.listed(|all| all.events, RawEvent::read)
    }
}

impl RawNote {
    pub(super) fn read(self) -> Option<Note> {
        Some(Note {
            id: self.id.0?,
            kind: self.note_type.0,
            text: readable(&self.params),
            params: self.params,
            created_by: self.created_by.0,
            created_at: self.created_at.0,
            updated_at: self.updated_at.0,
        })
    }
}

fn readable(params: &Value) -> Option<String> {
    READABLE.iter().find_map(|name| Text::deserialize(params.get(name)?).ok()?.0)
}

impl RawTask {
    pub(super) fn read(self) -> Option<Task> {
        let is_of_lead = self.entity_type.0.as_deref() == Some("leads");
        Some(Task {
            id: self.id.0?,
            lead: self.entity_id.0.filter(|_| is_of_lead),
            text: self.text.0,
            kind: self.task_type_id.0,
            complete_till: self.complete_till.0,
            is_completed: self.is_completed.0,
            result: self.result.0.and_then(|result| result.text.0),
            responsible_user: self.responsible_user_id.0,
            created_by: self.created_by.0,
            created_at: self.created_at.0,
            updated_at: self.updated_at.0,
        })
    }
}

impl RawEvent {
    fn read(self) -> Option<Event> {
        Some(Event {
            id: self.id.0?,
            kind: self.kind.0,
            before: self.value_before,
            after: self.value_after,
            created_by: self.created_by.0,
            created_at: self.created_at.0,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_readable_part_of_a_note_is_found_whatever_its_type() {
        for (params, text) in [
            (json!({"text": "Call back"}), Some("Call back")),
            (json!({"service": "Booking", "text": "Paid"}), Some("Paid")),
            (json!({"text": " ", "address": "Khreshchatyk 1", "longitude": "30.5"}), Some("Khreshchatyk 1")),
            (json!({"file_uuid": "1", "original_name": "plan.pdf", "file_name": "x.pdf"}), Some("plan.pdf")),
            (json!({"uniq": "1", "duration": 60, "phone": "+380501112233"}), Some("+380501112233")),
            (json!({"text": "Thanks", "phone": "+380501112233"}), Some("Thanks")),
            (json!({"text": ["odd"], "phone": 911}), Some("911")),
            (json!({"ai": {"text": "deep"}}), None),
            (json!([]), None),
            (json!(null), None),
        ] {
            assert_eq!(readable(&params).as_deref(), text, "{params}");
        }
    }
}
