//! `GET /pipelines` and `GET /pipelines/{id}/stages`.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use amo_connect_domain::crm::pipeline::Pipeline;
use serde::Serialize;
use utoipa::ToSchema;

use super::counted::Counted;
use super::lead_view::LeadStatus;
use super::query::{self, amo_number};
use super::reading::revalidated;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::state::AppState;

/// A pipeline.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Pipeline)]
pub struct PipelineView<'a> {
    /// amoCRM's number.
    id: u64,
    /// Its name.
    name: &'a str,
    /// Its place; pipelines go by it.
    sort: i64,
    /// Whether new leads come here.
    is_main: bool,
    /// Whether it has an unsorted stage.
    is_unsorted_on: bool,
    /// Its stages.
    stages: Vec<StageView<'a>>,
}

/// A stage of a pipeline.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Stage)]
pub struct StageView<'a> {
    /// amoCRM's number, which is unique only within its pipeline.
    id: u64,
    /// Its pipeline's number.
    pipeline_id: u64,
    /// Its name.
    name: &'a str,
    /// Its place; stages go by it.
    sort: i64,
    /// Whether it can be renamed or removed.
    is_editable: bool,
    /// Its color.
    #[schema(required, example = "#fffeb2")]
    color: Option<&'a str>,
    /// amoCRM's number of its kind.
    #[serde(rename = "type")]
    #[schema(required)]
    type_number: Option<i64>,
    /// The `status` of the leads in it.
    mapped_status: LeadStatus,
}

/// The caller's pipelines, except archived ones.
#[utoipa::path(
    get,
    path = "/api/amo-crm/pipelines",
    operation_id = "listPipelines",
    tag = "leads",
    security(("jwt" = [])),
    responses((
        status = 200,
        description = "All pipelines that are not archived, with their stages.",
        body = Counted<PipelineView>,
        example = json!({ "success": true, "data": [{
            "id": 7_400_001, "name": "Bookings", "sort": 1, "isMain": true, "isUnsortedOn": true, "stages": [{
            "id": 61_000_003, "pipelineId": 7_400_001, "name": "Booked", "sort": 30, "isEditable": true, "color": "#fffeb2",
            "type": 0, "mappedStatus": "IN_PROGRESS",
        }],
        }], "count": 1 }),
    )),
)]
pub async fn list(request: HttpRequest, state: Data<AppState>, caller: Caller) -> Result<HttpResponse, ApiError> {
    query::none(&request)?;
    let use_cases = state.use_cases.clone();
    let pipelines = state.read(async move { use_cases.pipelines(&caller).await }).await?;
    let listed = pipelines.iter().filter(|pipeline| !pipeline.is_archived).map(PipelineView::from).collect();
    revalidated(&request, &Counted::of(listed))
}

/// The stages of one of the caller's pipelines, also of one put away: leads may still be in it.
#[utoipa::path(
    get,
    path = "/api/amo-crm/pipelines/{id}/stages",
    operation_id = "listStages",
    tag = "leads",
    security(("jwt" = [])),
    params(("id" = u64, Path, description = "amoCRM's number of the pipeline.", minimum = 1, example = 7_400_001)),
    responses((
        status = 200,
        description = "The stages of the pipeline, also of an archived one.",
        body = Counted<StageView>,
        example = json!({ "success": true, "data": [{
            "id": 61_000_003, "pipelineId": 7_400_001, "name": "Booked", "sort": 30, "isEditable": true, "color": "#fffeb2",
            "type": 0, "mappedStatus": "IN_PROGRESS",
        }], "count": 1 }),
    )),
)]
pub async fn stages(
    request: HttpRequest,
    state: Data<AppState>,
    caller: Caller,
    id: Path<String>,
) -> Result<HttpResponse, ApiError> {
    query::none(&request)?;
    let id = amo_number("id", &id)?;
    let use_cases = state.use_cases.clone();
    let pipelines = state.read(async move { use_cases.pipelines(&caller).await }).await?;
    let pipeline = pipelines.iter().find(|pipeline| pipeline.id == id).ok_or(ApiError::PipelineNotFound)?;
    revalidated(&request, &Counted::of(stages_of(pipeline)))
}

impl<'a> From<&'a Pipeline> for PipelineView<'a> {
    fn from(pipeline: &'a Pipeline) -> Self {
        Self {
            id: pipeline.id,
            name: &pipeline.name,
            sort: pipeline.sort,
            is_main: pipeline.is_main,
            is_unsorted_on: pipeline.is_unsorted_on,
            stages: stages_of(pipeline),
        }
    }
}

fn stages_of(pipeline: &Pipeline) -> Vec<StageView<'_>> {
    let stages = pipeline.stages.iter().map(|stage| StageView {
        id: stage.id,
        pipeline_id: pipeline.id,
        name: &stage.name,
        sort: stage.sort,
        is_editable: stage.is_editable,
        color: stage.color.as_deref(),
        type_number: stage.type_number,
        mapped_status: pipeline.status_of(stage.id).into(),
    });
    stages.collect()
}
