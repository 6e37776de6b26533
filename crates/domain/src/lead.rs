//! Leads, contacts and pipelines as amoCRM has them, and leads as the app sees them.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Number;

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
    /// The responsible person.
    pub responsible_user: Option<u64>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// When it last changed.
    pub updated_at: Option<Timestamp>,
    /// The main contact, else the first one.
    pub contact: Option<u64>,
}

/// A page of leads.
#[derive(Clone, Debug, PartialEq)]
pub struct LeadPage {
    /// In amoCRM's order.
    pub leads: Vec<AmoLead>,
    /// Whether amoCRM names a next page.
    pub has_more: bool,
}

/// What we need of a contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// amoCRM's number.
    pub id: u64,
    /// The person's name.
    pub name: Option<String>,
    /// The first phone number (`field_code` `PHONE`).
    pub phone: Option<String>,
    /// The first e-mail address (`field_code` `EMAIL`).
    pub email: Option<String>,
}

/// amoCRM's two closed stages, the same in every pipeline: won and lost.
const CLOSED_STAGES: [u64; 2] = [142, 143];

/// amoCRM's type of a pipeline's unsorted stage.
const UNSORTED: i64 = 1;

/// A stage of a pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    /// amoCRM's number; unique only within its pipeline. 142 is won and 143 lost in each.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// Its place; stages go by it.
    pub sort: i64,
    /// Whether it can be renamed or removed.
    pub is_editable: bool,
    /// Its color, as `#fffeb2`.
    pub color: Option<String>,
    /// amoCRM's type: 1 unsorted, 0 ordinary.
    pub kind: Option<i64>,
}

/// A pipeline with its stages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pipeline {
    /// amoCRM's number.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// Its place; pipelines go by it.
    pub sort: i64,
    /// Whether new leads come here.
    pub is_main: bool,
    /// Whether it has an unsorted stage.
    pub is_unsorted_on: bool,
    /// Whether it was put away. Leads may still be in it.
    pub is_archived: bool,
    /// Its stages.
    pub stages: Vec<Stage>,
}

/// What the app calls a lead in `stage` of a pipeline, which amoCRM may have deleted since.
pub fn status_of(pipeline: Option<&Pipeline>, stage: Option<u64>) -> LeadStatus {
    match (pipeline, stage) {
        (_, Some(stage)) if CLOSED_STAGES.contains(&stage) => LeadStatus::Closed,
        (Some(pipeline), Some(stage)) => pipeline.status_of(stage),
        _ => LeadStatus::InProgress,
    }
}

impl Pipeline {
    /// What the app calls `stage`: closed, new (the unsorted stage and the first ordinary
    /// one), or in progress.
    pub fn status_of(&self, stage: u64) -> LeadStatus {
        if CLOSED_STAGES.contains(&stage) {
            return LeadStatus::Closed;
        }
        let ordinary = |other: &&Stage| other.kind != Some(UNSORTED) && !CLOSED_STAGES.contains(&other.id);
        let first = self.stages.iter().filter(ordinary).min_by_key(|other| other.sort);
        let unsorted = self.stages.iter().any(|other| other.id == stage && other.kind == Some(UNSORTED));
        if unsorted || first.is_some_and(|first| first.id == stage) { LeadStatus::New } else { LeadStatus::InProgress }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_map_to_the_apps_three_statuses() {
        let stage = |id, sort, kind| Stage { id, name: String::new(), sort, is_editable: true, color: None, kind };
        let pipeline = Pipeline {
            id: 1,
            name: String::new(),
            sort: 1,
            is_main: true,
            is_unsorted_on: true,
            is_archived: false,
            stages: vec![
                stage(12, 30, Some(0)),
                stage(11, 20, Some(0)),
                stage(10, 10, Some(1)),
                stage(142, 10_000, Some(0)),
                stage(143, 11_000, Some(0)),
            ],
        };
        let expected = [
            (10, LeadStatus::New),
            (11, LeadStatus::New),
            (12, LeadStatus::InProgress),
            (142, LeadStatus::Closed),
            (143, LeadStatus::Closed),
            (99, LeadStatus::InProgress),
        ];
        for (id, status) in expected {
            assert_eq!(status_of(Some(&pipeline), Some(id)), status, "{id}");
        }
        assert_eq!(status_of(None, Some(143)), LeadStatus::Closed);
        assert_eq!(status_of(None, Some(10)), LeadStatus::InProgress);
    }
}
