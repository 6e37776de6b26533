//! Pipelines and their stages.

use super::{Row, StageDescription};

/// amoCRM's id of the stage of all pipelines where a lead is won.
pub(crate) const WON: u64 = 142;
/// amoCRM's id of the stage of all pipelines where a lead is lost.
pub(crate) const LOST: u64 = 143;

/// The number of an ordinary stage in `type`.
const ORDINARY: u8 = 0;
/// The number of the stage of the unsorted in `type`.
const UNSORTED: u8 = 1;

/// A pipeline with its stages in order.
#[derive(Debug, Clone)]
pub(crate) struct Pipeline {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) sort: u64,
    pub(crate) is_main: bool,
    pub(crate) stages: Vec<Stage>,
    /// The stage of the unsorted while that is switched off; then it is none of `stages`.
    pub(crate) switched_off: Option<Stage>,
}

/// A stage of a pipeline.
#[derive(Debug, Clone)]
pub(crate) struct Stage {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) sort: u64,
    /// Whether it is none of those that amoCRM puts into every pipeline.
    pub(crate) is_editable: bool,
    pub(crate) pipeline_id: u64,
    pub(crate) color: &'static str,
    /// 1 for the unsorted, 0 for all others.
    pub(crate) kind: u8,
    pub(crate) descriptions: Vec<StageDescription>,
}

impl Row for Pipeline {
    fn id(&self) -> u64 {
        self.id
    }
}

impl Pipeline {
    /// The stages that amoCRM puts into every pipeline. That of the unsorted has an id of its own.
    pub(crate) fn system_stages(pipeline_id: u64, unsorted: u64) -> Vec<Stage> {
        let stage = |id, name: &str, sort, color, kind| Stage {
            id,
            name: name.to_owned(),
            sort,
            is_editable: false,
            pipeline_id,
            color,
            kind,
            descriptions: Vec::new(),
        };
        vec![
            stage(unsorted, "Неразобранное", 10, "#c1c1c1", UNSORTED),
            stage(WON, "Успешно реализовано", 10_000, "#ccff66", ORDINARY),
            stage(LOST, "Закрыто и не реализовано", 11_000, "#d5d8db", ORDINARY),
        ]
    }

    /// Where a lead begins: the first stage after the unsorted one.
    pub(crate) fn first_stage(&self) -> Option<&Stage> {
        self.stages.iter().find(|stage| !stage.is_unsorted())
    }

    /// The stage of the unsorted, unless it is switched off.
    pub(crate) fn unsorted_stage(&self) -> Option<&Stage> {
        self.stages.iter().find(|stage| stage.is_unsorted())
    }

    pub(crate) fn stage(&self, id: u64) -> Option<&Stage> {
        self.stages.iter().find(|stage| stage.id == id)
    }

    /// How many stages it has, with that of the unsorted even if it is switched off.
    pub(crate) fn count_stages(&self) -> usize {
        self.stages.len() + usize::from(self.switched_off.is_some())
    }

    pub(crate) const fn is_unsorted_on(&self) -> bool {
        self.switched_off.is_none()
    }

    /// Switches the stage of the unsorted on or off.
    pub(super) fn switch_unsorted(&mut self, is_on: bool) {
        if is_on {
            self.stages.extend(self.switched_off.take());
        } else if let Some(place) = self.stages.iter().position(Stage::is_unsorted) {
            self.switched_off = Some(self.stages.remove(place));
        }
        self.put_in_order();
    }

    /// Sorts the stages: those of every pipeline are the first and the last. amoCRM numbers the
    /// others anew, whatever numbers a request gave them.
    pub(super) fn put_in_order(&mut self) {
        self.stages.sort_by_key(|stage| (!stage.is_unsorted(), !stage.is_editable, stage.sort));
        let between = self.stages.iter_mut().filter(|stage| stage.is_editable);
        between.zip(2..).for_each(|(stage, place)| stage.sort = 10 * place);
    }
}

impl Stage {
    pub(crate) const fn is_unsorted(&self) -> bool {
        self.kind == UNSORTED
    }
}

/// Whether leads end in the stage with this id.
pub(crate) const fn is_closed(status_id: u64) -> bool {
    matches!(status_id, WON | LOST)
}
