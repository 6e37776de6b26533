//! What an account consists of, as the API reads it.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::{AccountId, UserId};

/// An account with all that is in it.
pub(crate) struct Account {
    pub(crate) id: AccountId,
    pub(crate) name: &'static str,
    pub(crate) subdomain: &'static str,
    pub(crate) uuid: &'static str,
    pub(crate) country: &'static str,
    pub(crate) currency: &'static str,
    pub(crate) currency_symbol: &'static str,
    pub(crate) created_at: u64,
    pub(crate) users: Vec<User>,
    pub(crate) pipelines: Vec<Pipeline>,
    pub(crate) loss_reasons: Vec<LossReason>,
    /// By id, ascending; the deleted ones too.
    pub(crate) leads: Vec<Lead>,
    /// By id, ascending.
    pub(crate) contacts: Vec<Contact>,
    pub(crate) contact_places: HashMap<u64, usize>,
}

impl Account {
    pub(crate) fn user(&self, id: UserId) -> Option<&User> {
        self.users.iter().find(|user| user.id == id)
    }

    pub(crate) fn contact(&self, id: u64) -> Option<&Contact> {
        self.contact_places.get(&id).and_then(|&place| self.contacts.get(place))
    }

    pub(crate) fn lead(&self, id: u64) -> Option<&Lead> {
        let place = self.leads.binary_search_by_key(&id, |lead| lead.id).ok()?;
        self.leads.get(place)
    }
}

/// A person who works in the account and can log in.
pub(crate) struct User {
    pub(crate) id: UserId,
    pub(crate) name: &'static str,
    pub(crate) email: &'static str,
    pub(crate) lang: &'static str,
    pub(crate) is_admin: bool,
}

/// A pipeline with its stages in order.
pub(crate) struct Pipeline {
    pub(crate) id: u64,
    pub(crate) name: &'static str,
    pub(crate) sort: u32,
    pub(crate) is_main: bool,
    pub(crate) stages: Vec<Stage>,
}

/// A stage of a pipeline.
pub(crate) struct Stage {
    pub(crate) id: u64,
    pub(crate) name: &'static str,
    pub(crate) sort: u32,
    pub(crate) is_editable: bool,
    pub(crate) pipeline_id: u64,
    pub(crate) color: &'static str,
    /// 1 for the unsorted, 0 for all others.
    pub(crate) kind: u8,
}

/// Why a lead was lost.
pub(crate) struct LossReason {
    pub(crate) id: u64,
    pub(crate) name: &'static str,
    pub(crate) sort: u32,
    pub(crate) created_at: u64,
}

/// A tag.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Tag {
    pub(crate) id: u64,
    pub(crate) name: &'static str,
    pub(crate) color: Option<&'static str>,
}

/// Custom fields, as JSON that is written out as it is, and as values to search and filter.
pub(crate) struct CustomField {
    pub(crate) json: Box<RawValue>,
    pub(crate) values: Vec<(u64, String)>,
}

/// A lead.
pub(crate) struct Lead {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) price: u64,
    pub(crate) responsible_user_id: UserId,
    pub(crate) status_id: u64,
    pub(crate) pipeline_id: u64,
    pub(crate) loss_reason_id: Option<u64>,
    pub(crate) source_id: Option<u64>,
    pub(crate) created_by: u64,
    pub(crate) updated_by: u64,
    pub(crate) created_at: u64,
    pub(crate) updated_at: u64,
    pub(crate) closed_at: Option<u64>,
    pub(crate) closest_task_at: Option<u64>,
    pub(crate) is_deleted: bool,
    pub(crate) is_price_modified_by_robot: bool,
    pub(crate) score: Option<u32>,
    pub(crate) fields: Option<CustomField>,
    pub(crate) tags: Vec<Tag>,
    pub(crate) company_id: Option<u64>,
    /// The main one first.
    pub(crate) contacts: Vec<u64>,
    /// What `query` looks into, in lower case.
    pub(crate) search: String,
}

/// A contact.
pub(crate) struct Contact {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) first_name: String,
    pub(crate) last_name: String,
    pub(crate) responsible_user_id: UserId,
    pub(crate) created_by: u64,
    pub(crate) created_at: u64,
    pub(crate) updated_at: u64,
    pub(crate) fields: Option<CustomField>,
    pub(crate) tags: Vec<Tag>,
    pub(crate) leads: Vec<u64>,
    pub(crate) search: String,
}
