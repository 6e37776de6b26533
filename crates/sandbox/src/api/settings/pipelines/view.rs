//! Pipelines and stages as amoCRM writes them.

use serde::Serialize;

use super::Caller;
use crate::{
    AccountId, WebhookZone,
    api::list::{Named, SelfLink},
    store::{Pipeline, Stage, StageDescription},
    times,
};

/// The path of the list of pipelines.
pub(super) const PATH: &str = "/api/v4/leads/pipelines";

#[derive(Serialize)]
pub(super) struct PipelineView<'a> {
    id: u64,
    name: &'a str,
    sort: u64,
    is_main: bool,
    is_unsorted_on: bool,
    is_archive: bool,
    account_id: AccountId,
    _links: SelfLink,
    _embedded: Named<StageView<'a>>,
}

#[derive(Serialize)]
pub(super) struct StageView<'a> {
    id: u64,
    name: &'a str,
    sort: u64,
    is_editable: bool,
    pipeline_id: u64,
    color: &'a str,
    r#type: Option<u8>,
    account_id: AccountId,
    /// Only in the answer to a change.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    _links: SelfLink,
    /// What people of each level read about the stage.
    #[serde(skip_serializing_if = "Option::is_none")]
    descriptions: Option<Vec<DescriptionView<'a>>>,
}

#[derive(Serialize)]
struct DescriptionView<'a> {
    account_id: AccountId,
    created_at: String,
    created_by: u64,
    description: &'a str,
    id: u64,
    level: &'a str,
    pipeline_id: u64,
    status_id: u64,
    updated_at: String,
    updated_by: Option<u64>,
}

impl StageView<'_> {
    /// It in the answer to the change that called itself so.
    pub(super) fn echoing(self, request_id: &str) -> Self {
        Self { request_id: Some(request_id.to_owned()), ..self }
    }
}

/// Who writes descriptions through the API, whoever's token it is.
const ROBOT: u64 = 0;

/// A pipeline with its stages, which are shown without their descriptions.
pub(super) fn pipeline<'a>(pipeline: &'a Pipeline, caller: &Caller) -> PipelineView<'a> {
    PipelineView {
        id: pipeline.id,
        name: &pipeline.name,
        sort: pipeline.sort,
        is_main: pipeline.is_main,
        is_unsorted_on: pipeline.is_unsorted_on(),
        is_archive: false,
        account_id: caller.account,
        _links: SelfLink::new(&caller.host, format_args!("{PATH}/{}", pipeline.id)),
        _embedded: Named("statuses", pipeline.stages.iter().map(|it| stage(it, caller, false)).collect()),
    }
}

/// A stage, with its descriptions if that is wanted.
pub(super) fn stage<'a>(stage: &'a Stage, caller: &Caller, is_described: bool) -> StageView<'a> {
    let description = |one: &'a StageDescription| DescriptionView {
        account_id: caller.account,
        created_at: times::written(one.created_at, WebhookZone::Account),
        created_by: ROBOT,
        description: &one.text,
        id: one.id,
        level: one.level,
        pipeline_id: stage.pipeline_id,
        status_id: stage.id,
        updated_at: times::written(one.updated_at, WebhookZone::Account),
        updated_by: one.is_changed.then_some(ROBOT),
    };
    StageView {
        id: stage.id,
        name: &stage.name,
        sort: stage.sort,
        is_editable: stage.is_editable,
        pipeline_id: stage.pipeline_id,
        color: stage.color,
        // The number of an ordinary stage is only inferred, that of the unsorted one is known.
        r#type: (caller.switches.inferred_members || stage.is_unsorted()).then_some(stage.kind),
        account_id: caller.account,
        request_id: None,
        _links: SelfLink::new(&caller.host, format_args!("{}/{}", stages_path(stage.pipeline_id), stage.id)),
        descriptions: is_described.then(|| stage.descriptions.iter().map(description).collect()),
    }
}

/// The path of the list of a pipeline's stages.
pub(super) fn stages_path(pipeline: u64) -> String {
    format!("{PATH}/{pipeline}/statuses")
}
