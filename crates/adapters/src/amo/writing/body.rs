//! The bodies of writes. What is unset is left out: amoCRM decides it, or leaves it as it is.

use amo_connect_domain::crm::write::{LeadChange, NewGuest, NewLead, NewNote, NewTask, TaskChange, Write};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Error;

/// What `write` sends, as JSON. What is made is in a list, what is changed is not.
pub(in super::super) fn body(write: &Write) -> Result<Vec<u8>, Error> {
    match write {
        Write::Lead(lead) => serde_json::to_vec(&[LeadBody::of(lead)]),
        Write::LeadChange(_, change) => serde_json::to_vec(&LeadChangeBody::of(change)),
        Write::Note(note) => serde_json::to_vec(&[NoteBody::of(note)]),
        Write::Task(task) => serde_json::to_vec(&[TaskBody::of(task)]),
        Write::TaskChange(_, change) => serde_json::to_vec(&TaskChangeBody::of(change)),
    }
}

#[derive(Serialize)]
struct LeadBody<'w> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'w str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pipeline_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    responsible_user_id: Option<u64>,
    #[serde(rename = "_embedded", skip_serializing_if = "Option::is_none")]
    embedded: Option<OfLead<'w>>,
}

#[derive(Serialize)]
struct OfLead<'w> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<Named<'w>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    contacts: Option<[ContactBody<'w>; 1]>,
}

#[derive(Serialize)]
struct Named<'w> {
    name: &'w str,
}

#[derive(Serialize)]
struct ContactBody<'w> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'w str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    responsible_user_id: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    custom_fields_values: Vec<FieldBody<'w>>,
}

#[derive(Serialize)]
struct FieldBody<'w> {
    field_code: &'static str,
    values: [ReachedBody<'w>; 1],
}

#[derive(Serialize)]
struct ReachedBody<'w> {
    value: &'w str,
    enum_code: &'static str,
}

impl<'w> LeadBody<'w> {
    fn of(lead: &'w NewLead) -> Self {
        let contacts = lead.guest.as_ref().map(|guest| [ContactBody::of(guest, lead.responsible_user)]);
        let embedded = OfLead { tags: named(&lead.tags), contacts };
        let is_empty = embedded.tags.is_empty() && embedded.contacts.is_none();
        Self {
            name: lead.title(),
            price: lead.price,
            pipeline_id: lead.pipeline,
            status_id: lead.stage,
            responsible_user_id: lead.responsible_user,
            embedded: (!is_empty).then_some(embedded),
        }
    }
}

impl<'w> ContactBody<'w> {
    /// A contact is its lead's responsible person's.
    fn of(guest: &'w NewGuest, responsible_user_id: Option<u64>) -> Self {
        let reached = |field_code, value: &'w Option<String>| {
            value.as_deref().map(|value| FieldBody { field_code, values: [ReachedBody { value, enum_code: "WORK" }] })
        };
        let fields = [reached("PHONE", &guest.phone), reached("EMAIL", &guest.email)];
        Self {
            name: guest.name.as_deref(),
            responsible_user_id,
            custom_fields_values: fields.into_iter().flatten().collect(),
        }
    }
}

fn named(tags: &[String]) -> Vec<Named<'_>> {
    tags.iter().map(|name| Named { name }).collect()
}

#[derive(Serialize)]
struct LeadChangeBody<'w> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'w str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pipeline_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    responsible_user_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    loss_reason_id: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags_to_add: Vec<Named<'w>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags_to_delete: Vec<Named<'w>>,
}

impl<'w> LeadChangeBody<'w> {
    fn of(change: &'w LeadChange) -> Self {
        Self {
            name: change.name.as_deref(),
            price: change.price,
            pipeline_id: change.pipeline,
            status_id: change.stage,
            responsible_user_id: change.responsible_user,
            loss_reason_id: change.loss_reason,
            tags_to_add: named(&change.tags_to_add),
            tags_to_delete: named(&change.tags_to_remove),
        }
    }
}

#[derive(Serialize)]
struct NoteBody<'w> {
    note_type: &'static str,
    params: TextBody<'w>,
}

#[derive(Serialize)]
struct TextBody<'w> {
    text: &'w str,
}

impl<'w> NoteBody<'w> {
    fn of(note: &'w NewNote) -> Self {
        Self { note_type: "common", params: TextBody { text: &note.text } }
    }
}

#[derive(Serialize)]
struct TaskBody<'w> {
    entity_id: u64,
    entity_type: &'static str,
    text: &'w str,
    complete_till: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    task_type_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    responsible_user_id: Option<u64>,
}

impl<'w> TaskBody<'w> {
    fn of(task: &'w NewTask) -> Self {
        Self {
            entity_id: task.lead,
            entity_type: "leads",
            text: &task.text,
            complete_till: task.complete_till.as_second(),
            task_type_id: task.kind,
            responsible_user_id: task.responsible_user,
        }
    }
}

#[derive(Serialize)]
struct TaskChangeBody<'w> {
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'w str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    complete_till: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_completed: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<TextBody<'w>>,
}

impl<'w> TaskChangeBody<'w> {
    fn of(change: &'w TaskChange) -> Self {
        Self {
            text: change.text.as_deref(),
            complete_till: change.complete_till.map(Timestamp::as_second),
            is_completed: change.is_completed,
            result: change.result.as_deref().map(|text| TextBody { text }),
        }
    }
}
