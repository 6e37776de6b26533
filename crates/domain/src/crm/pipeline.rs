//! Pipelines and their stages, and what the app calls a lead in one of them.

use super::lead::LeadStatus;

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
