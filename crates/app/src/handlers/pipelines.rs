//! `GET /pipelines` and `GET /pipelines/{id}/stages`.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use amo_connect_domain::crm::pipeline::{Pipeline, Stage};
use serde_json::{Value, json};

use super::reading::{amo_number, code, revalidated};
use crate::auth::RatedCaller;
use crate::error::ApiError;
use crate::state::AppState;

/// The caller's pipelines, except archived ones.
pub async fn list(request: HttpRequest, state: Data<AppState>, caller: RatedCaller) -> Result<HttpResponse, ApiError> {
    let use_cases = state.use_cases.clone();
    let pipelines = state.read(async move { use_cases.pipelines(&caller.0).await }).await?;
    let listed: Vec<_> = pipelines.iter().filter(|pipeline| !pipeline.is_archived).map(describe).collect();
    revalidated(&request, &counted(&listed))
}

/// The stages of one of the caller's pipelines, also of one put away: leads may still be in it.
pub async fn stages(
    request: HttpRequest,
    state: Data<AppState>,
    caller: RatedCaller,
    id: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = amo_number("id", &id)?;
    let use_cases = state.use_cases.clone();
    let pipelines = state.read(async move { use_cases.pipelines(&caller.0).await }).await?;
    let pipeline = pipelines.iter().find(|pipeline| pipeline.id == id).ok_or(ApiError::PipelineNotFound)?;
    revalidated(&request, &counted(&stages_of(pipeline)))
}

fn counted(data: &[Value]) -> Value {
    json!({ "success": true, "data": data, "count": data.len() })
}

fn describe(pipeline: &Pipeline) -> Value {
    json!({
        "id": pipeline.id,
        "name": pipeline.name,
        "sort": pipeline.sort,
        "isMain": pipeline.is_main,
        "isUnsortedOn": pipeline.is_unsorted_on,
        "stages": stages_of(pipeline),
    })
}

fn stages_of(pipeline: &Pipeline) -> Vec<Value> {
    let describe = |stage: &Stage| {
        json!({
            "id": stage.id,
            "pipelineId": pipeline.id,
            "name": stage.name,
            "sort": stage.sort,
            "isEditable": stage.is_editable,
            "color": stage.color,
            "type": stage.type_number,
            "mappedStatus": code(pipeline.status_of(stage.id)),
        })
    };
    pipeline.stages.iter().map(describe).collect()
}
