//! How the app is shown a lead.

mod conversions;

use std::fmt::Display;

use amo_connect_domain::crm::lead;
use amo_connect_domain::usecase::Part;
use jiff::Timestamp;
use serde::{Serialize, Serializer};
use serde_json::{Number, Value};
use utoipa::ToSchema;

use super::activity_view::{EventView, NoteView, TaskView};

/// A lead in a list.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Lead<'a> {
    #[serde(flatten)]
    members: LeadMembers<'a>,
    /// Its custom fields that have a value. Only there if they are asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    custom_fields: Option<Vec<CustomFieldView<'a>>>,
}

/// A lead with all that is known of it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LeadDetails<'a> {
    #[serde(flatten)]
    members: LeadMembers<'a>,
    /// Its custom fields that have a value.
    custom_fields: Vec<CustomFieldView<'a>>,
    /// Why it was lost, if somebody said so.
    #[schema(required)]
    loss_reason: Option<LossReasonView<'a>>,
    /// Its contacts that the user may read; `null` if they could not be read.
    #[schema(required, value_type = Option<Vec<LeadContactView>>)]
    contacts: Shown<LeadContactView<'a>>,
    /// Its newest 50 notes, if they are asked for; `null` if they could not be read.
    #[serde(skip_serializing_if = "Shown::is_unwanted")]
    #[schema(required = false, value_type = Option<Vec<NoteView>>)]
    notes: Shown<NoteView<'a>>,
    /// Its newest 50 tasks, if they are asked for; `null` if they could not be read.
    #[serde(skip_serializing_if = "Shown::is_unwanted")]
    #[schema(required = false, value_type = Option<Vec<TaskView>>)]
    tasks: Shown<TaskView<'a>>,
    /// The newest 50 events, if they are asked for; `null` if they could not be read.
    #[serde(skip_serializing_if = "Shown::is_unwanted")]
    #[schema(required = false, value_type = Option<Vec<EventView>>)]
    events: Shown<EventView<'a>>,
    /// Which of these are `null` because amoCRM refused them, or did not answer in time; and what is missing of a write.
    missing: Vec<LeadPart>,
}

/// A part of a lead that may be missing.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LeadPart {
    /// Its contacts.
    Contacts,
    /// Its notes.
    Notes,
    /// Its tasks.
    Tasks,
    /// Its events.
    Events,
    /// The comment that a new lead was to have: amoCRM refused it.
    Comment,
    /// What amoCRM has of a lead that was written: there is its number, and what was sent.
    Details,
}

/// A part of a lead as it is shown: a list, `null`, or not there.
enum Shown<T> {
    Unwanted,
    Missing,
    Read(Vec<T>),
}

impl<T> Shown<T> {
    fn of<'a, P>(part: &'a Part<P>) -> Self
    where
        T: From<&'a P>,
    {
        match part {
            Part::Unwanted => Self::Unwanted,
            Part::Missing => Self::Missing,
            Part::Read(all) => Self::Read(all.iter().map(T::from).collect()),
        }
    }

    fn is_unwanted(&self) -> bool {
        matches!(self, Self::Unwanted)
    }

    fn is_missing(&self) -> bool {
        matches!(self, Self::Missing)
    }
}

impl<T: Serialize> Serialize for Shown<T> {
    fn serialize<S: Serializer>(&self, json: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Unwanted | Self::Missing => json.serialize_none(),
            Self::Read(all) => all.serialize(json),
        }
    }
}

/// Why a lead was lost.
#[derive(Serialize, ToSchema)]
#[schema(as = LossReason)]
pub(crate) struct LossReasonView<'a> {
    /// amoCRM's number.
    id: u64,
    /// Its name.
    #[schema(required)]
    name: Option<&'a str>,
}

/// A contact of a lead.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = LeadContact)]
pub(crate) struct LeadContactView<'a> {
    /// amoCRM's number.
    id: u64,
    /// The person's name.
    #[schema(required)]
    name: Option<&'a str>,
    /// Whether it is the one whose name is `guestName`.
    is_main: bool,
    /// The phone numbers.
    phones: Vec<ReachedView<'a>>,
    /// The e-mail addresses.
    emails: Vec<ReachedView<'a>>,
}

/// A phone number or an e-mail address.
#[derive(Serialize, ToSchema)]
#[schema(as = Reached)]
pub(crate) struct ReachedView<'a> {
    /// The number or the address.
    value: &'a str,
    /// amoCRM's word for what it is for.
    #[schema(required, example = "WORK")]
    kind: Option<&'a str>,
}

/// What every lead shows.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LeadMembers<'a> {
    /// amoCRM's number, as a text.
    #[schema(value_type = String, pattern = "^[0-9]+$", example = "10000")]
    id: Text<u64>,
    /// amoCRM's number.
    #[schema(minimum = 1, example = 10_000)]
    amo_lead_id: u64,
    /// Its title.
    #[schema(required)]
    name: Option<&'a str>,
    /// The main contact's name.
    #[schema(required)]
    guest_name: Option<&'a str>,
    /// The main contact's phone.
    #[schema(required)]
    guest_phone: Option<&'a str>,
    /// The main contact's e-mail.
    #[schema(required)]
    guest_email: Option<&'a str>,
    status: LeadStatus,
    /// The name of its stage; `null` where no pipeline lists that.
    #[schema(required)]
    status_name: Option<&'a str>,
    /// The budget: a whole number exactly, any other as a double.
    #[schema(required, value_type = Option<f64>)]
    price: Option<&'a Number>,
    /// The number of its pipeline.
    #[schema(required)]
    pipeline_id: Option<u64>,
    /// The name of its pipeline; `null` where that is not listed.
    #[schema(required)]
    pipeline_name: Option<&'a str>,
    /// The number of its stage.
    #[schema(required)]
    stage_id: Option<u64>,
    /// The number of the person who is responsible.
    #[schema(required)]
    responsible_user_id: Option<u64>,
    /// Its tags.
    tags: Vec<TagView<'a>>,
    /// When it was made.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    created_at: Option<Text<Timestamp>>,
    /// When it last changed.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    updated_at: Option<Text<Timestamp>>,
    /// When it was won or lost.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    closed_at: Option<Text<Timestamp>>,
}

/// A tag of a lead.
#[derive(Serialize, ToSchema)]
#[schema(as = Tag)]
pub(crate) struct TagView<'a> {
    /// amoCRM's number.
    id: u64,
    /// Its name.
    name: &'a str,
    /// Its color.
    #[schema(required, example = "c1c1c1")]
    color: Option<&'a str>,
}

/// A custom field of a lead that has a value.
#[derive(Serialize, ToSchema)]
#[schema(as = CustomField)]
pub(crate) struct CustomFieldView<'a> {
    /// amoCRM's number of the field.
    id: u64,
    /// Its name.
    #[schema(required)]
    name: Option<&'a str>,
    /// The code by which programs know it, where it has one.
    #[schema(required)]
    code: Option<&'a str>,
    /// amoCRM's word for its type.
    #[serde(rename = "type")]
    #[schema(required, example = "select")]
    kind: Option<&'a str>,
    /// Its values; a choice of several has several.
    values: Vec<CustomValueView<'a>>,
}

/// A value of a custom field.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CustomValue)]
pub(crate) struct CustomValueView<'a> {
    /// As amoCRM has it: a text, a number, a flag or an object.
    #[schema(value_type = Value)]
    value: &'a Value,
    /// The number of the choice, where the field is one.
    #[schema(required)]
    enum_id: Option<u64>,
    /// The choice's code, where it has one.
    #[schema(required)]
    enum_code: Option<&'a str>,
}

/// What the app makes of a lead's stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum LeadStatus {
    /// In its pipeline's unsorted stage or in its first ordinary one.
    New,
    /// In any other open stage.
    InProgress,
    /// Won or lost.
    Closed,
}

impl From<lead::LeadStatus> for LeadStatus {
    fn from(status: lead::LeadStatus) -> Self {
        match status {
            lead::LeadStatus::New => Self::New,
            lead::LeadStatus::InProgress => Self::InProgress,
            lead::LeadStatus::Closed => Self::Closed,
        }
    }
}

impl From<LeadStatus> for lead::LeadStatus {
    fn from(status: LeadStatus) -> Self {
        match status {
            LeadStatus::New => Self::New,
            LeadStatus::InProgress => Self::InProgress,
            LeadStatus::Closed => Self::Closed,
        }
    }
}

/// A value that is written as its text.
pub(crate) struct Text<T>(pub(in crate::handlers) T);

impl<T: Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, json: S) -> Result<S::Ok, S::Error> {
        json.collect_str(&self.0)
    }
}
