//! What the app writes: `POST /leads`, `PATCH /leads/{id}`, and notes and tasks.

use actix_web::http::StatusCode;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use amo_connect_domain::crm::write::{self, Write};
use amo_connect_domain::idempotency::WriteKind;
use amo_connect_domain::usecase::{WriteAnswer, WriteOrder, Written};
use serde::Serialize;

use super::activity_view::{NoteView, TaskView};
use super::answer::Success;
use super::idempotency_key::{self, IDEMPOTENCY_REPLAYED};
use super::lead_view::LeadDetails;
use super::query::{self, amo_number};
use super::write_body::{LeadChange, NewLead, NewNote, NewTask, TaskChange};
use crate::auth::Caller;
use crate::error::ApiError;
use crate::json_body::JsonBody;
use crate::state::AppState;

/// Makes a lead, with a contact for its guest and a note for its comment.
#[utoipa::path(
    post,
    path = "/api/amo-crm/leads",
    operation_id = "createLead",
    tag = "writes",
    security(("jwt" = [])),
    request_body(content = NewLead, example = json!({
        "name": "Sunrise Hotel", "guestName": "Olena Koval", "guestPhone": "+380671234567", "comment": "Wants a balcony",
    })),
    responses(
        (status = 201, description = "The lead, as `GET /leads/{amoLeadId}` has it. `missing` has `comment` if amoCRM refused it.", body = Success<LeadDetails>),
        (status = 200, description = "amoCRM put the lead together with one that was there: this is that one.", body = Success<LeadDetails>),
    ),
)]
pub async fn create_lead(
    request: HttpRequest,
    caller: Caller,
    state: Data<AppState>,
    body: JsonBody,
) -> Result<HttpResponse, ApiError> {
    query::none(&request)?;
    let (canonical, (lead, comment)) = NewLead::read(body.0)?;
    written(&request, caller, &state, &canonical, Write::Lead(lead), comment).await
}

/// Changes a lead.
#[utoipa::path(
    patch,
    path = "/api/amo-crm/leads/{amoLeadId}",
    operation_id = "changeLead",
    tag = "writes",
    security(("jwt" = [])),
    params(("amoLeadId" = u64, Path, description = "amoCRM's number of the lead.", minimum = 1, example = 10_000)),
    request_body(content = LeadChange, example = json!({ "stageId": 142 })),
    responses((status = 200, description = "The lead, as it is then.", body = Success<LeadDetails>)),
)]
pub async fn change_lead(
    request: HttpRequest,
    caller: Caller,
    state: Data<AppState>,
    id: Path<String>,
    body: JsonBody,
) -> Result<HttpResponse, ApiError> {
    query::none(&request)?;
    let id = amo_number("amoLeadId", &id)?;
    let (canonical, change) = LeadChange::read(body.0)?;
    written(&request, caller, &state, &canonical, Write::LeadChange(id, change), None).await
}

/// Makes a note on a lead.
#[utoipa::path(
    post,
    path = "/api/amo-crm/leads/{id}/notes",
    operation_id = "createNote",
    tag = "writes",
    security(("jwt" = [])),
    params(("id" = u64, Path, description = "amoCRM's number of the lead.", minimum = 1, example = 10_000)),
    request_body(content = NewNote, example = json!({ "text": "Wants a balcony" })),
    responses((status = 201, description = "The note.", body = Success<NoteView>)),
)]
pub async fn create_note(
    request: HttpRequest,
    caller: Caller,
    state: Data<AppState>,
    id: Path<String>,
    body: JsonBody,
) -> Result<HttpResponse, ApiError> {
    query::none(&request)?;
    let lead = amo_number("id", &id)?;
    let (canonical, text) = NewNote::read(body.0)?;
    written(&request, caller, &state, &canonical, Write::Note(write::NewNote { lead, text }), None).await
}

/// Makes a task on a lead.
#[utoipa::path(
    post,
    path = "/api/amo-crm/leads/{id}/tasks",
    operation_id = "createTask",
    tag = "writes",
    security(("jwt" = [])),
    params(("id" = u64, Path, description = "amoCRM's number of the lead.", minimum = 1, example = 10_000)),
    request_body(content = NewTask, example = json!({ "text": "Call back", "completeTill": "2026-11-24T09:00:00Z" })),
    responses((status = 201, description = "The task.", body = Success<TaskView>)),
)]
pub async fn create_task(
    request: HttpRequest,
    caller: Caller,
    state: Data<AppState>,
    id: Path<String>,
    body: JsonBody,
) -> Result<HttpResponse, ApiError> {
    query::none(&request)?;
    let (canonical, task) = NewTask::read(amo_number("id", &id)?, body.0)?;
    written(&request, caller, &state, &canonical, Write::Task(task), None).await
}

/// Changes a task, or completes it.
#[utoipa::path(
    patch,
    path = "/api/amo-crm/tasks/{id}",
    operation_id = "changeTask",
    tag = "writes",
    security(("jwt" = [])),
    params(("id" = u64, Path, description = "amoCRM's number of the task.", minimum = 1, example = 40_001)),
    request_body(content = TaskChange, example = json!({ "isCompleted": true, "result": "She will come" })),
    responses((status = 200, description = "The task, as it is then.", body = Success<TaskView>)),
)]
pub async fn change_task(
    request: HttpRequest,
    caller: Caller,
    state: Data<AppState>,
    id: Path<String>,
    body: JsonBody,
) -> Result<HttpResponse, ApiError> {
    query::none(&request)?;
    let id = amo_number("id", &id)?;
    let (canonical, change) = TaskChange::read(body.0)?;
    written(&request, caller, &state, &canonical, Write::TaskChange(id, change), None).await
}

async fn written(
    request: &HttpRequest,
    caller: Caller,
    state: &AppState,
    canonical: &[u8],
    write: Write,
    comment: Option<String>,
) -> Result<HttpResponse, ApiError> {
    let key = idempotency_key::read(request, &caller, canonical)?;
    let missing = match write.kind() {
        // It is on nothing, so it is the account that is missing.
        WriteKind::Lead => ApiError::CrmUnavailable(None),
        WriteKind::LeadChange | WriteKind::Note | WriteKind::Task => ApiError::LeadNotFound,
        WriteKind::TaskChange => ApiError::TaskNotFound,
    };
    let use_cases = state.use_cases.clone();
    let has_key = key.is_some();
    let order = WriteOrder { write, comment, key };
    let done = async move {
        let written = use_cases.write(caller.clone(), order).await;
        written.map_err(|error| ApiError::of_write(error, missing, has_key))
    };
    let WriteAnswer { what, is_new, is_replayed, missing } = state.run(done).await?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    match what {
        Written::Lead(lead) => {
            let lead = LeadDetails::from(&*lead).without(&missing);
            Ok(answer(status, is_replayed, &Success::of(lead)))
        }
        Written::Note(note) => Ok(answer(status, is_replayed, &Success::of(NoteView::from(&note)))),
        Written::Task(task) => Ok(answer(status, is_replayed, &Success::of(TaskView::from(&task)))),
    }
}

fn answer(status: StatusCode, is_replayed: bool, body: &impl Serialize) -> HttpResponse {
    let mut response = HttpResponse::build(status);
    response.insert_header((CACHE_CONTROL, "no-store"));
    if is_replayed {
        response.insert_header((IDEMPOTENCY_REPLAYED, "true"));
    }
    response.json(body)
}
