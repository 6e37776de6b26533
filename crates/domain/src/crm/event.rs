//! Events: what happened to a lead.

use jiff::Timestamp;
use serde_json::Value;

/// An event of a lead.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// The CRM's id, a text.
    pub id: String,
    /// Its type, in the CRM's word. New ones are added.
    pub kind: Option<String>,
    /// What was before, as the CRM has it.
    pub before: Value,
    /// What is after it, as the CRM has it.
    pub after: Value,
    /// Who did it; `None` if nobody did.
    pub created_by: Option<u64>,
    /// When it happened.
    pub created_at: Option<Timestamp>,
}

impl Event {
    /// An event of which nothing else is known.
    pub fn named(id: &str) -> Self {
        let (before, after) = (Value::Null, Value::Null);
        Self { id: id.to_owned(), kind: None, before, after, created_by: None, created_at: None }
    }
}
