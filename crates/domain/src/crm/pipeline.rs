//! Pipelines and their stages, and what the app calls a lead in one of them.

use super::lead::{AmoLead, LeadStatus};

/// What a stage is for. The app's three statuses are made of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StageKind {
    /// Where leads wait that nobody has taken on.
    Unsorted,
    /// Any other stage of a lead that is not closed.
    Open,
    /// Closed with success.
    Won,
    /// Closed without.
    Lost,
}

impl StageKind {
    /// Whether a lead in such a stage is closed.
    pub fn is_closed(self) -> bool {
        matches!(self, Self::Won | Self::Lost)
    }
}

/// A stage of a pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    /// Its number; unique only within its pipeline.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// Its place; stages go by it.
    pub sort: i64,
    /// Whether it can be renamed or removed.
    pub is_editable: bool,
    /// Its color, as `#fffeb2`.
    pub color: Option<String>,
    /// What it is for.
    pub kind: StageKind,
    /// The number that the app is shown as its `type`: amoCRM's own. A CRM without one leaves it out.
    pub type_number: Option<i64>,
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

/// What the app calls `lead`, given its pipeline, which may have been deleted since.
pub fn status_of(lead: &AmoLead, pipeline: Option<&Pipeline>) -> LeadStatus {
    match (pipeline, lead.stage) {
        _ if lead.is_closed => LeadStatus::Closed,
        (Some(pipeline), Some(stage)) => pipeline.status_of(stage),
        _ => LeadStatus::InProgress,
    }
}

impl Pipeline {
    /// The name of `stage`, if it is one of these.
    pub fn name_of(&self, stage: u64) -> Option<&str> {
        self.stages.iter().find(|known| known.id == stage).map(|known| known.name.as_str())
    }

    /// What the app calls `stage`: closed, new (the unsorted stage and the first ordinary
    /// one), or in progress.
    pub fn status_of(&self, stage: u64) -> LeadStatus {
        let is_a = |kind: fn(StageKind) -> bool| self.stages.iter().any(|other| other.id == stage && kind(other.kind));
        if is_a(StageKind::is_closed) {
            return LeadStatus::Closed;
        }
        let open = self.stages.iter().filter(|other| other.kind == StageKind::Open);
        let is_first = open.min_by_key(|other| other.sort).is_some_and(|first| first.id == stage);
        if is_first || is_a(|kind| kind == StageKind::Unsorted) { LeadStatus::New } else { LeadStatus::InProgress }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_map_to_the_apps_three_statuses() {
        let stage = |id, sort, kind| Stage {
            id,
            name: String::new(),
            sort,
            is_editable: true,
            color: None,
            kind,
            type_number: None,
        };
        let pipeline = Pipeline {
            id: 1,
            name: String::new(),
            sort: 1,
            is_main: true,
            is_unsorted_on: true,
            is_archived: false,
            stages: vec![
                stage(12, 30, StageKind::Open),
                stage(11, 20, StageKind::Open),
                stage(10, 10, StageKind::Unsorted),
                stage(13, 1, StageKind::Won),
                stage(14, 2, StageKind::Lost),
            ],
        };
        let expected = [
            (10, LeadStatus::New),
            (11, LeadStatus::New),
            (12, LeadStatus::InProgress),
            (13, LeadStatus::Closed),
            (14, LeadStatus::Closed),
            (99, LeadStatus::InProgress),
        ];
        for (id, status) in expected {
            let open = AmoLead { stage: Some(id), ..AmoLead::numbered(1) };
            assert_eq!(status_of(&open, Some(&pipeline)), status, "{id}");
            assert_eq!(status_of(&open, None), LeadStatus::InProgress, "{id}");
            let closed = AmoLead { is_closed: true, ..open };
            for pipeline in [Some(&pipeline), None] {
                assert_eq!(status_of(&closed, pipeline), LeadStatus::Closed, "{id}");
            }
        }
        assert_eq!(status_of(&AmoLead::numbered(1), Some(&pipeline)), LeadStatus::InProgress);
    }
}
