//! Groups as `filter[statuses][n]`: a pipeline, and a stage of it.

use std::collections::BTreeMap;

use super::Query;

/// A pipeline and a stage; what a request leaves empty may be any.
pub(crate) struct Stage {
    pipelines: Option<Vec<u64>>,
    stages: Option<Vec<u64>>,
}

impl Stage {
    /// All that `query` asks for at `path`.
    pub(crate) fn all_of(query: &Query, path: &[&str]) -> Vec<Self> {
        let stage = |mut group: BTreeMap<_, Vec<_>>| Self {
            pipelines: ids(group.remove("pipeline_id")),
            stages: ids(group.remove("status_id")),
        };
        query.groups(path).into_iter().map(stage).collect()
    }

    /// Whether an entity at `place`, a pipeline and a stage of it, is here.
    pub(crate) fn has(&self, place: Option<(u64, u64)>) -> bool {
        let among = |wanted: &Option<Vec<u64>>, id| wanted.as_ref().is_none_or(|wanted| wanted.contains(&id));
        // Entities without stages know no such filter.
        place.is_none_or(|(pipeline, stage)| among(&self.pipelines, pipeline) && among(&self.stages, stage))
    }
}

/// The ids among some values; `None` if all of these are empty. What is no id is that of nothing.
fn ids(values: Option<Vec<&str>>) -> Option<Vec<u64>> {
    let named: Vec<_> = values.unwrap_or_default().into_iter().filter(|value| !value.is_empty()).collect();
    let id = |value: &&str| value.parse().ok().filter(|id: &u64| id.to_string() == **value);
    (!named.is_empty()).then(|| named.iter().filter_map(id).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stages(query: &str) -> Vec<Stage> {
        Stage::all_of(&Query::parse(query), &["filter", "statuses"])
    }

    #[test]
    fn what_is_empty_may_be_any_and_what_is_no_id_is_nothing() {
        let has = |query: &str, place| stages(query).iter().any(|stage| stage.has(Some(place)));
        let of = |pipeline: &str, stage: &str| {
            format!("filter[statuses][0][pipeline_id]={pipeline}&filter[statuses][0][status_id]={stage}")
        };
        assert!(has(&of("1", "142"), (1, 142)));
        assert!(!has(&of("1", "142"), (2, 142)) && !has(&of("1", "142"), (1, 143)));
        assert!(has(&of("", "142"), (2, 142)) && has(&of("1", ""), (1, 143)) && has(&of("", ""), (2, 143)));
        for no_id in ["0142", "+142", "142.0", "won", "18446744073709551758"] {
            assert!(!has(&of("1", no_id), (1, 142)), "{no_id}");
        }
        assert!(stages(&of("1", "142"))[0].has(None), "what has no stage is not filtered by one");
    }
}
