//! Pipelines and their stages.

/// amoCRM's id of the stage of all pipelines where a lead is won.
pub(crate) const WON: u64 = 142;
/// amoCRM's id of the stage of all pipelines where a lead is lost.
pub(crate) const LOST: u64 = 143;

/// A pipeline with its stages in order.
#[derive(Debug, Clone)]
pub(crate) struct Pipeline {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) sort: u32,
    pub(crate) is_main: bool,
    pub(crate) stages: Vec<Stage>,
}

impl Pipeline {
    /// Where a lead begins: the first stage after the unsorted one.
    pub(crate) fn first_stage(&self) -> Option<&Stage> {
        self.stages.iter().find(|stage| stage.kind == 0)
    }
}

/// A stage of a pipeline.
#[derive(Debug, Clone)]
pub(crate) struct Stage {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) sort: u32,
    pub(crate) is_editable: bool,
    pub(crate) pipeline_id: u64,
    pub(crate) color: &'static str,
    /// 1 for the unsorted, 0 for all others.
    pub(crate) kind: u8,
}

/// Whether leads end in the stage with this id.
pub(crate) const fn is_closed(status_id: u64) -> bool {
    matches!(status_id, WON | LOST)
}
