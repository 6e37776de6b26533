//! Leads as amoCRM has them, and as the app sees them.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Number;

use super::contact::Contact;

/// What the app makes of a lead's stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LeadStatus {
    /// In its pipeline's unsorted stage or in its first ordinary one.
    New,
    /// In any other open stage.
    InProgress,
    /// Won or lost.
    Closed,
}

/// The most stages that a [`LeadFilter`] names: with the longest search beside them they fit
/// into the 8 kB that web servers take of a request's first line.
pub const MOST_STAGES: usize = 50;

/// Which leads to list. Unset means all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeadFilter {
    /// The page, from 1.
    pub page: u32,
    /// Leads a page, 1 to 250.
    pub limit: u32,
    /// amoCRM's full-text search.
    pub query: Option<String>,
    /// Only this pipeline.
    pub pipeline: Option<u64>,
    /// Only these stages, as (pipeline, stage); at most [`MOST_STAGES`].
    pub stages: Vec<(u64, u64)>,
    /// Only leads changed at or after this moment, or in the same second.
    pub updated_since: Option<Timestamp>,
}

/// A lead as amoCRM lists it.
#[derive(Clone, Debug, PartialEq)]
pub struct AmoLead {
    /// amoCRM's number.
    pub id: u64,
    /// Its title.
    pub name: Option<String>,
    /// The budget: a whole number of at most 64 bits exactly, any other as the nearest double.
    pub price: Option<Number>,
    /// Its pipeline.
    pub pipeline: Option<u64>,
    /// Its stage.
    pub stage: Option<u64>,
    /// Whether the lead itself says that it is won or lost. It is then closed also in a pipeline
    /// that is not listed any more.
    pub is_closed: bool,
    /// The responsible person.
    pub responsible_user: Option<u64>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// When it last changed.
    pub updated_at: Option<Timestamp>,
    /// The main contact, else the first one.
    pub contact: Option<u64>,
}

impl AmoLead {
    /// A lead of which nothing else is known.
    pub fn numbered(id: u64) -> Self {
        Self {
            id,
            name: None,
            price: None,
            pipeline: None,
            stage: None,
            is_closed: false,
            responsible_user: None,
            created_at: None,
            updated_at: None,
            contact: None,
        }
    }
}

/// A page of leads.
#[derive(Clone, Debug, PartialEq)]
pub struct LeadPage {
    /// In amoCRM's order.
    pub leads: Vec<AmoLead>,
    /// Whether amoCRM names a next page.
    pub has_more: bool,
}

/// A lead as the app sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Lead {
    /// What amoCRM has.
    pub lead: AmoLead,
    /// What the app calls its stage.
    pub status: LeadStatus,
    /// Its main contact, where it has one that can be read.
    pub guest: Option<Arc<Contact>>,
}
