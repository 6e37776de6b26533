//! What a user writes to the CRM.

use jiff::Timestamp;
use serde_json::Number;

use super::lead::AmoLead;
use super::task::Task;
use crate::idempotency::WriteKind;

/// A write.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Write {
    /// Makes a lead.
    Lead(NewLead),
    /// Changes a lead.
    LeadChange(u64, LeadChange),
    /// Makes a note on a lead.
    Note(NewNote),
    /// Makes a task on a lead.
    Task(NewTask),
    /// Changes a task.
    TaskChange(u64, TaskChange),
}

/// A lead to make.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct NewLead {
    /// Its title.
    pub name: Option<String>,
    /// The budget.
    pub price: Option<u64>,
    /// Its pipeline; else the main one.
    pub pipeline: Option<u64>,
    /// Its stage; else the pipeline's first.
    pub stage: Option<u64>,
    /// The responsible person; else whoever makes it.
    pub responsible_user: Option<u64>,
    /// The names of its tags.
    pub tags: Vec<String>,
    /// A contact to make with it.
    pub guest: Option<NewGuest>,
}

/// A contact to make with a lead.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct NewGuest {
    /// The person's name.
    pub name: Option<String>,
    /// A phone number.
    pub phone: Option<String>,
    /// An e-mail address.
    pub email: Option<String>,
}

/// What changes of a lead. What is unset stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct LeadChange {
    /// Its title.
    pub name: Option<String>,
    /// The budget.
    pub price: Option<u64>,
    /// Its pipeline.
    pub pipeline: Option<u64>,
    /// Its stage.
    pub stage: Option<u64>,
    /// The responsible person.
    pub responsible_user: Option<u64>,
    /// Why it is lost.
    pub loss_reason: Option<u64>,
    /// The names of tags that it gets.
    pub tags_to_add: Vec<String>,
    /// The names of tags that it loses.
    pub tags_to_remove: Vec<String>,
}

/// A note to make.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NewNote {
    /// The lead that it is on.
    pub lead: u64,
    /// What it says.
    pub text: String,
}

/// A task to make.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NewTask {
    /// The lead that it is on.
    pub lead: u64,
    /// What is to be done.
    pub text: String,
    /// When it is due.
    pub complete_till: Timestamp,
    /// The number of its type.
    pub kind: Option<u64>,
    /// The responsible person; else whoever makes it.
    pub responsible_user: Option<u64>,
}

/// What changes of a task. What is unset stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct TaskChange {
    /// What is to be done.
    pub text: Option<String>,
    /// When it is due.
    pub complete_till: Option<Timestamp>,
    /// Whether it is completed.
    pub is_completed: Option<bool>,
    /// What came of it.
    pub result: Option<String>,
}

/// A part of a write that the CRM can refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WriteField {
    /// The title of a lead.
    Name,
    /// The contact's name.
    GuestName,
    /// The contact's phone number.
    GuestPhone,
    /// The contact's e-mail address.
    GuestEmail,
    /// The budget.
    Price,
    /// The pipeline.
    Pipeline,
    /// The stage.
    Stage,
    /// The responsible person.
    ResponsibleUser,
    /// Why a lead is lost.
    LossReason,
    /// The tags of a new lead.
    Tags,
    /// The tags that a lead gets.
    TagsToAdd,
    /// The tags that a lead loses.
    TagsToRemove,
    /// The text of a note or a task.
    Text,
    /// When a task is due.
    CompleteTill,
    /// The type of a task.
    TaskType,
    /// Whether a task is completed.
    IsCompleted,
    /// What came of a task.
    Result,
}

impl NewLead {
    /// What it is called: by its name, else by what is known of its guest.
    pub fn title(&self) -> Option<&str> {
        let guest = self.guest.as_ref();
        let of_guest = |member: fn(&NewGuest) -> &Option<String>| guest.and_then(|guest| member(guest).as_deref());
        self.name
            .as_deref()
            .or_else(|| of_guest(|guest| &guest.name))
            .or_else(|| of_guest(|guest| &guest.phone))
            .or_else(|| of_guest(|guest| &guest.email))
    }
}

impl NewLead {
    /// Whether `lead` is as this one makes it.
    pub fn is_made(&self, lead: &AmoLead) -> bool {
        self.title().is_none_or(|title| is_same_text(lead.name.as_deref(), title))
            && self.price.is_none_or(|price| lead.price.as_ref().and_then(Number::as_u64) == Some(price))
    }
}

impl LeadChange {
    /// Whether `lead`, lost for `loss_reason`, is as this change makes it.
    pub fn is_made(&self, lead: &AmoLead, loss_reason: Option<u64>) -> bool {
        // The CRM knows a tag whatever its case.
        let has = |tag: &String| lead.tags.iter().any(|known| known.name.to_lowercase() == tag.to_lowercase());
        is_told(self.name.as_ref(), lead.name.as_ref())
            && self.price.is_none_or(|price| lead.price.as_ref().and_then(Number::as_u64) == Some(price))
            && is_set(self.pipeline.as_ref(), lead.pipeline.as_ref())
            && is_set(self.stage.as_ref(), lead.stage.as_ref())
            && is_set(self.responsible_user.as_ref(), lead.responsible_user.as_ref())
            && is_set(self.loss_reason.as_ref(), loss_reason.as_ref())
            && self.tags_to_add.iter().all(has)
            && !self.tags_to_remove.iter().any(has)
    }
}

impl TaskChange {
    /// Whether `task` is as this change makes it.
    pub fn is_made(&self, task: &Task) -> bool {
        is_told(self.text.as_ref(), task.text.as_ref())
            && self
                .complete_till
                .is_none_or(|till| task.complete_till.map(Timestamp::as_second) == Some(till.as_second()))
            && self.is_completed.is_none_or(|is_completed| is_completed == task.is_completed)
            && is_told(self.result.as_ref(), task.result.as_ref())
    }
}

/// Whether a text is the one that was sent. The CRM may have other line ends, or fewer blanks.
pub fn is_same_text(known: Option<&str>, sent: &str) -> bool {
    known.is_some_and(|known| known.split_whitespace().eq(sent.split_whitespace()))
}

/// Whether the text that is to be set, if any, is there.
fn is_told(wanted: Option<&String>, there: Option<&String>) -> bool {
    wanted.is_none_or(|wanted| is_same_text(there.map(String::as_str), wanted))
}

/// Whether what is to be set, if anything, is there.
fn is_set<T: PartialEq>(wanted: Option<&T>, there: Option<&T>) -> bool {
    wanted.is_none_or(|wanted| there == Some(wanted))
}

impl NewTask {
    /// Whether `task` is as this one makes it.
    pub fn is_made(&self, task: &Task) -> bool {
        is_same_text(task.text.as_deref(), &self.text)
            && task.complete_till.map(Timestamp::as_second) == Some(self.complete_till.as_second())
            && self.kind.is_none_or(|kind| task.kind == Some(kind))
    }
}

impl Write {
    /// Who is to be responsible for what it makes, if it says so.
    pub fn responsible_user(&self) -> Option<u64> {
        match self {
            Self::Lead(lead) => lead.responsible_user,
            Self::Task(task) => task.responsible_user,
            Self::LeadChange(..) | Self::Note(_) | Self::TaskChange(..) => None,
        }
    }

    /// What it does.
    pub fn kind(&self) -> WriteKind {
        match self {
            Self::Lead(_) => WriteKind::Lead,
            Self::LeadChange(..) => WriteKind::LeadChange,
            Self::Note(_) => WriteKind::Note,
            Self::Task(_) => WriteKind::Task,
            Self::TaskChange(..) => WriteKind::TaskChange,
        }
    }

    /// What a note or a task is made on, or what is changed.
    pub fn target(&self) -> Option<u64> {
        match self {
            Self::Lead(_) => None,
            Self::LeadChange(id, _) | Self::TaskChange(id, _) => Some(*id),
            Self::Note(note) => Some(note.lead),
            Self::Task(task) => Some(task.lead),
        }
    }
}
