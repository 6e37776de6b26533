//! Groups as `filter[statuses][n]`: a pipeline, and a stage of it.

use super::Query;

/// A pipeline and a stage; what a request leaves empty may be any.
pub(crate) struct Stage<'q> {
    pipelines: Vec<&'q str>,
    stages: Vec<&'q str>,
}

impl<'q> Stage<'q> {
    /// All that `query` asks for at `path`.
    pub(crate) fn all_of(query: &'q Query, path: &[&str]) -> Vec<Self> {
        let named = |values: Option<Vec<&'q str>>| -> Vec<&'q str> {
            values.unwrap_or_default().into_iter().filter(|value| !value.is_empty()).collect()
        };
        let groups = query.groups(path).into_iter();
        let stage = |mut group: std::collections::BTreeMap<_, _>| Self {
            pipelines: named(group.remove("pipeline_id")),
            stages: named(group.remove("status_id")),
        };
        groups.map(stage).collect()
    }

    /// Whether an entity at `place`, a pipeline and a stage of it, is here.
    pub(crate) fn has(&self, place: Option<(u64, u64)>) -> bool {
        let among =
            |wanted: &[&str], id: u64| wanted.is_empty() || wanted.iter().any(|wanted| *wanted == id.to_string());
        // Entities without stages know no such filter.
        place.is_none_or(|(pipeline, stage)| among(&self.pipelines, pipeline) && among(&self.stages, stage))
    }
}
