//! Unsorted: leads that came from outside and that nobody has accepted yet.

mod call;
mod changes;

use serde_json::{Map, Value};

use super::{Kind, Lead, Row, Table, Tables};
pub(super) use changes::lead_changed;
pub(crate) use changes::{UnsortedChange, UnsortedDraft};

/// Where an unsorted lead came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Category {
    Sip,
    Mail,
    Forms,
    Chats,
}

impl Category {
    pub(crate) const ALL: [Self; 4] = [Self::Sip, Self::Mail, Self::Forms, Self::Chats];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Sip => "sip",
            Self::Mail => "mail",
            Self::Forms => "forms",
            Self::Chats => "chats",
        }
    }

    /// Whether it can be linked with an entity that is there, instead of being accepted.
    pub(crate) const fn can_be_linked(self) -> bool {
        matches!(self, Self::Mail | Self::Chats)
    }
}

/// What became of an unsorted lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Waits,
    Accepted,
    Declined,
    /// What came was put to this entity.
    Linked(Kind, u64),
}

/// An unsorted lead.
#[derive(Debug, Clone)]
pub(crate) struct Unsorted {
    pub(crate) id: u64,
    pub(crate) category: Category,
    pub(crate) source_uid: String,
    pub(crate) source_name: String,
    pub(crate) pipeline_id: u64,
    pub(crate) created_at: u64,
    pub(crate) updated_at: u64,
    pub(crate) metadata: Map<String, Value>,
    pub(crate) lead: u64,
    pub(crate) contacts: Vec<u64>,
    pub(crate) companies: Vec<u64>,
    /// The contacts that came with it, which go to the bin with it.
    pub(crate) new_contacts: Vec<u64>,
    pub(crate) fate: Fate,
}

impl Unsorted {
    /// Its id in the API: 32 hexadecimal digits, of which the last 8 are the number.
    pub(crate) fn uid(&self) -> String {
        let mixed = self.id.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let more = mixed.rotate_left(29) ^ self.created_at;
        format!("{mixed:016x}{:08x}{:08x}", more & 0xffff_ffff, self.id)
    }

    /// The lead, if nobody has decided yet and it is still where unsorted leads are.
    pub(crate) fn waiting_lead<'t>(&self, tables: &'t Tables) -> Option<&'t Lead> {
        let lead = tables.leads.live(self.lead).filter(|_| self.fate == Fate::Waits)?;
        lead.is_unsorted(tables).then_some(lead)
    }
}

impl Row for Unsorted {
    fn id(&self) -> u64 {
        self.id
    }
}

impl Table<Unsorted> {
    /// The one with this id in the API.
    pub(crate) fn by_uid(&self, uid: &str) -> Option<&Unsorted> {
        let id = u64::from_str_radix(uid.get(24..)?, 16).ok()?;
        self.get(id).filter(|row| row.uid() == uid)
    }
}
