//! Leads as amoCRM has them, and as the app sees them.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Number;

use super::contact::Contact;
use super::custom_field::CustomField;
use super::pipeline::{Pipeline, status_of};

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

/// What leads are sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LeadSort {
    /// When they last changed.
    UpdatedAt,
    /// When they were made.
    CreatedAt,
    /// Their numbers.
    Id,
}

/// The order of a list of leads. The default is the newest change first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LeadOrder {
    /// What they are sorted by.
    pub by: LeadSort,
    /// Whether the newest, or the highest number, is the first.
    pub is_descending: bool,
}

impl Default for LeadOrder {
    fn default() -> Self {
        Self { by: LeadSort::UpdatedAt, is_descending: true }
    }
}

/// Which leads to list, and how. Unset means all; the default is the first page of 50.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LeadFilter {
    /// The page, from 1.
    pub page: u32,
    /// Leads a page, 1 to 250.
    pub limit: u32,
    /// Their order.
    pub order: LeadOrder,
    /// amoCRM's full-text search.
    pub query: Option<String>,
    /// Only this pipeline.
    pub pipeline: Option<u64>,
    /// Only leads with these numbers, at most 250.
    pub ids: Vec<u64>,
    /// Only these stages, as (pipeline, stage); at most [`MOST_STAGES`].
    pub stages: Vec<(u64, u64)>,
    /// Only leads that this person is responsible for.
    pub responsible_user: Option<u64>,
    /// Only leads changed at or after this moment, or in the same second.
    pub updated_since: Option<Timestamp>,
    /// Only leads made at or after this moment, or in the same second.
    pub created_since: Option<Timestamp>,
    /// Whether [`AmoLead::custom_fields`] is wanted.
    pub with_custom_fields: bool,
}

impl Default for LeadFilter {
    fn default() -> Self {
        Self {
            page: 1,
            limit: 50,
            order: LeadOrder::default(),
            query: None,
            pipeline: None,
            ids: Vec::new(),
            stages: Vec::new(),
            responsible_user: None,
            updated_since: None,
            created_since: None,
            with_custom_fields: false,
        }
    }
}

impl LeadFilter {
    /// Whether `lead` is one of those. What [`query`](Self::query) finds is the CRM's to say.
    pub fn admits(&self, lead: &AmoLead) -> bool {
        let is_in = |&(pipeline, stage): &(u64, u64)| (lead.pipeline, lead.stage) == (Some(pipeline), Some(stage));
        // The whole second counts, as it does for amoCRM.
        let is_since = |at: Option<Timestamp>, since: Option<Timestamp>| {
            since.is_none_or(|since| at.is_some_and(|at| at.as_second() >= since.as_second()))
        };
        self.pipeline.is_none_or(|pipeline| lead.pipeline == Some(pipeline))
            && (self.ids.is_empty() || self.ids.contains(&lead.id))
            && (self.stages.is_empty() || self.stages.iter().any(is_in))
            && self.responsible_user.is_none_or(|user| lead.responsible_user == Some(user))
            && is_since(lead.updated_at, self.updated_since)
            && is_since(lead.created_at, self.created_since)
    }
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
    /// Who made it; `None` if nobody did.
    pub created_by: Option<u64>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// When it last changed.
    pub updated_at: Option<Timestamp>,
    /// When it was won or lost.
    pub closed_at: Option<Timestamp>,
    /// Its tags.
    pub tags: Vec<Tag>,
    /// The main contact, else the first one.
    pub contact: Option<u64>,
    /// Its custom fields that have a value; `None` where they were not asked for.
    pub custom_fields: Option<Vec<CustomField>>,
}

/// A tag of a lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// Its number.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// Its color, as `c1c1c1`.
    pub color: Option<String>,
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
            created_by: None,
            created_at: None,
            updated_at: None,
            closed_at: None,
            tags: Vec::new(),
            contact: None,
            custom_fields: None,
        }
    }
}

/// A lead by its number, with what lists of leads do not have.
#[derive(Clone, Debug, PartialEq)]
pub struct AmoLeadDetails {
    /// The lead, with its custom fields.
    pub lead: AmoLead,
    /// All of its contacts, in the CRM's order.
    pub contacts: Vec<u64>,
    /// Why it was lost, if somebody said so.
    pub loss_reason: Option<LossReason>,
}

/// Why a lead was lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LossReason {
    /// Its number.
    pub id: u64,
    /// Its name.
    pub name: Option<String>,
}

impl From<AmoLead> for AmoLeadDetails {
    /// A lead with its main contact alone.
    fn from(lead: AmoLead) -> Self {
        Self { contacts: lead.contact.into_iter().collect(), loss_reason: None, lead }
    }
}

/// A page of leads.
#[derive(Clone, Debug, PartialEq)]
pub struct LeadPage {
    /// In the order that was asked for.
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
    /// Its stage's name, where a pipeline lists it.
    pub status_name: Option<String>,
    /// Its pipeline's name, where it is listed.
    pub pipeline_name: Option<String>,
    /// Its main contact, where it has one that can be read.
    pub guest: Option<Arc<Contact>>,
}

impl Lead {
    /// `lead` in its pipeline, if that is listed, and without its contact.
    pub fn in_pipeline(lead: AmoLead, pipeline: Option<&Pipeline>) -> Self {
        let status_name = pipeline.zip(lead.stage).and_then(|(pipeline, stage)| pipeline.name_of(stage));
        Self {
            status: status_of(&lead, pipeline),
            status_name: status_name.map(str::to_owned),
            pipeline_name: pipeline.map(|pipeline| pipeline.name.clone()),
            guest: None,
            lead,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_admits_what_is_in_its_stages_and_changed_since_its_second() {
        let at = |seconds| Timestamp::from_millisecond(seconds).unwrap();
        let lead = AmoLead {
            pipeline: Some(3),
            stage: Some(7),
            responsible_user: Some(5),
            updated_at: Some(at(9_000)),
            created_at: Some(at(4_000)),
            ..AmoLead::numbered(1)
        };
        let all = LeadFilter::default();
        for (filter, is_admitted) in [
            (all.clone(), true),
            (LeadFilter { pipeline: Some(3), ..all.clone() }, true),
            (LeadFilter { pipeline: Some(4), ..all.clone() }, false),
            (LeadFilter { stages: vec![(4, 7), (3, 7)], ..all.clone() }, true),
            (LeadFilter { stages: vec![(4, 7), (3, 8)], ..all.clone() }, false),
            (LeadFilter { ids: vec![2, 1], ..all.clone() }, true),
            (LeadFilter { ids: vec![2, 3], ..all.clone() }, false),
            (LeadFilter { responsible_user: Some(5), ..all.clone() }, true),
            (LeadFilter { responsible_user: Some(6), ..all.clone() }, false),
            (LeadFilter { updated_since: Some(at(9_999)), ..all.clone() }, true),
            (LeadFilter { updated_since: Some(at(10_000)), ..all.clone() }, false),
            (LeadFilter { created_since: Some(at(4_999)), ..all.clone() }, true),
            (LeadFilter { created_since: Some(at(5_000)), ..all.clone() }, false),
        ] {
            assert_eq!(filter.admits(&lead), is_admitted, "{filter:?}");
        }
        let moving = LeadFilter { stages: vec![(3, 7)], ..all };
        assert!(!moving.admits(&AmoLead { stage: None, ..lead }), "a lead in no stage is in none of these");
    }
}
