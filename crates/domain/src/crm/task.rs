//! Tasks of leads.

use jiff::Timestamp;

use super::page::PageRequest;

/// The order of a list of tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TaskOrder {
    /// The newest first.
    Newest,
    /// By when they are due.
    CompleteTill {
        /// Whether the one that is due last is the first.
        is_descending: bool,
    },
}

/// Which tasks to list. Unset means all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TaskFilter {
    /// Which page; at most 250 tasks.
    pub page: PageRequest,
    /// Their order.
    pub order: TaskOrder,
    /// Only those of this lead; else those of all leads.
    pub lead: Option<u64>,
    /// Only those that this person is responsible for.
    pub responsible_user: Option<u64>,
    /// Only those that are completed, or are not.
    pub is_completed: Option<bool>,
}

/// A task of a lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// The CRM's number.
    pub id: u64,
    /// Its lead.
    pub lead: Option<u64>,
    /// What is to be done.
    pub text: Option<String>,
    /// The number of its type.
    pub kind: Option<u64>,
    /// When it is due.
    pub complete_till: Option<Timestamp>,
    /// Whether it is completed.
    pub is_completed: bool,
    /// What came of it.
    pub result: Option<String>,
    /// The responsible person.
    pub responsible_user: Option<u64>,
    /// Who made it; `None` if nobody did.
    pub created_by: Option<u64>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// When it last changed.
    pub updated_at: Option<Timestamp>,
}

impl Task {
    /// A task of which nothing else is known.
    pub fn numbered(id: u64) -> Self {
        Self {
            id,
            lead: None,
            text: None,
            kind: None,
            complete_till: None,
            is_completed: false,
            result: None,
            responsible_user: None,
            created_by: None,
            created_at: None,
            updated_at: None,
        }
    }
}
