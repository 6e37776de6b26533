//! How the app is shown notes, tasks and events.

use amo_connect_domain::crm::event::Event;
use amo_connect_domain::crm::note::Note;
use amo_connect_domain::crm::page::PageRequest;
use amo_connect_domain::crm::task::Task;
use amo_connect_domain::usecase::NamedTask;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::lead_view::Text;
use super::schemas;

/// A page of a list.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Paged<T> {
    /// Always `true`.
    #[schema(schema_with = schemas::always_true)]
    success: bool,
    /// What is on the page.
    data: Vec<T>,
    /// The page that was asked for.
    page: u32,
    /// The limit that was asked for.
    limit: u32,
    /// Whether there may be more on the next page.
    has_more: bool,
}

impl<T> Paged<T> {
    /// That page.
    pub(super) fn of(data: Vec<T>, PageRequest { page, limit }: PageRequest, has_more: bool) -> Self {
        Self { success: true, data, page, limit, has_more }
    }
}

/// A note of a lead.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Note)]
pub(crate) struct NoteView<'a> {
    /// amoCRM's number.
    id: u64,
    /// amoCRM's word for its type; new ones are added.
    #[serde(rename = "type")]
    #[schema(required, example = "common")]
    kind: Option<&'a str>,
    /// What people can read of it, whatever its type.
    #[schema(required)]
    text: Option<&'a str>,
    /// What its type has, as amoCRM has it.
    #[schema(value_type = Value)]
    params: &'a Value,
    /// The number of the person who made it; `null` if nobody did.
    #[schema(required)]
    created_by: Option<u64>,
    /// When it was made.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    created_at: Option<Text<Timestamp>>,
    /// When it last changed.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    updated_at: Option<Text<Timestamp>>,
}

/// A task of a lead.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Task)]
pub(crate) struct TaskView<'a> {
    /// amoCRM's number.
    id: u64,
    /// The number of its lead.
    #[schema(required)]
    lead_id: Option<u64>,
    /// What is to be done.
    #[schema(required)]
    text: Option<&'a str>,
    /// amoCRM's number of its type: 1 is a call, 2 a meeting, others are the account's own.
    #[schema(required)]
    type_id: Option<u64>,
    /// When it is due.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    complete_till: Option<Text<Timestamp>>,
    /// Whether it is completed.
    is_completed: bool,
    /// What came of it.
    #[schema(required)]
    result: Option<&'a str>,
    /// The number of the person who is responsible.
    #[schema(required)]
    responsible_user_id: Option<u64>,
    /// When it was made.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    created_at: Option<Text<Timestamp>>,
    /// When it last changed.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    updated_at: Option<Text<Timestamp>>,
}

/// A task in a list of those of all leads.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NamedTask)]
pub(crate) struct NamedTaskView<'a> {
    #[serde(flatten)]
    task: TaskView<'a>,
    /// The name of its lead.
    #[schema(required)]
    lead_name: Option<&'a str>,
}

/// What happened to a lead.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Event)]
pub(crate) struct EventView<'a> {
    /// amoCRM's id.
    id: &'a str,
    /// amoCRM's word for its type; new ones are added.
    #[serde(rename = "type")]
    #[schema(required, example = "lead_status_changed")]
    kind: Option<&'a str>,
    /// What was before, as amoCRM has it.
    #[schema(value_type = Value)]
    before: &'a Value,
    /// What is after it, as amoCRM has it.
    #[schema(value_type = Value)]
    after: &'a Value,
    /// The number of the person who did it; `null` if nobody did.
    #[schema(required)]
    created_by: Option<u64>,
    /// When it happened.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    created_at: Option<Text<Timestamp>>,
}

impl<'a> From<&'a Note> for NoteView<'a> {
    fn from(note: &'a Note) -> Self {
        Self {
            id: note.id,
            kind: note.kind.as_deref(),
            text: note.text.as_deref(),
            params: &note.params,
            created_by: note.created_by,
            created_at: note.created_at.map(Text),
            updated_at: note.updated_at.map(Text),
        }
    }
}

impl<'a> From<&'a Task> for TaskView<'a> {
    fn from(task: &'a Task) -> Self {
        Self {
            id: task.id,
            lead_id: task.lead,
            text: task.text.as_deref(),
            type_id: task.kind,
            complete_till: task.complete_till.map(Text),
            is_completed: task.is_completed,
            result: task.result.as_deref(),
            responsible_user_id: task.responsible_user,
            created_at: task.created_at.map(Text),
            updated_at: task.updated_at.map(Text),
        }
    }
}

impl<'a> From<&'a NamedTask> for NamedTaskView<'a> {
    fn from(NamedTask { task, lead_name }: &'a NamedTask) -> Self {
        Self { task: task.into(), lead_name: lead_name.as_deref() }
    }
}

impl<'a> From<&'a Event> for EventView<'a> {
    fn from(event: &'a Event) -> Self {
        Self {
            id: &event.id,
            kind: event.kind.as_deref(),
            before: &event.before,
            after: &event.after,
            created_by: event.created_by,
            created_at: event.created_at.map(Text),
        }
    }
}
