//! Notes of a lead: what people and programs wrote, calls, messages.

use jiff::Timestamp;
use serde_json::Value;

/// A note of a lead.
#[derive(Clone, Debug, PartialEq)]
pub struct Note {
    /// The CRM's number.
    pub id: u64,
    /// Its type, in the CRM's word. New ones are added.
    pub kind: Option<String>,
    /// What people can read of it, whatever its type.
    pub text: Option<String>,
    /// What its type has, as the CRM has it.
    pub params: Value,
    /// Who made it; `None` if nobody did.
    pub created_by: Option<u64>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// When it last changed.
    pub updated_at: Option<Timestamp>,
}

impl Note {
    /// A note of which nothing else is known.
    pub fn numbered(id: u64) -> Self {
        let (created_at, updated_at) = (None, None);
        Self { id, kind: None, text: None, params: Value::Null, created_by: None, created_at, updated_at }
    }
}
