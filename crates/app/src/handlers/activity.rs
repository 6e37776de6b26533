//! `GET /leads/{id}/notes`, `/tasks` and `/events`, and `GET /tasks`.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};

use super::activity_view::{EventView, NamedTaskView, NoteView, Paged, TaskView};
use super::page_query::{self, MOST, MOST_EVENTS};
use super::query::amo_number;
use super::reading::revalidated;
use super::task_query::TaskQuery;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::state::AppState;

/// The notes of one of the caller's leads.
#[utoipa::path(
    get,
    path = "/api/amo-crm/leads/{id}/notes",
    operation_id = "listNotes",
    tag = "leads",
    security(("jwt" = [])),
    params(
        ("id" = u64, Path, description = "amoCRM's number of the lead.", minimum = 1, example = 10_000),
        ("page" = Option<u32>, Query, description = "The page, from 1.", minimum = 1, maximum = 2_147_483_647),
        ("limit" = Option<u32>, Query, description = "Notes a page; 50 unless it is said.", minimum = 1, maximum = 250),
    ),
    responses((
        status = 200,
        description = "A page of notes, the newest first.",
        body = Paged<NoteView>,
        example = json!({ "success": true, "data": [{
            "id": 30_001, "type": "common", "text": "Wants a balcony", "params": { "text": "Wants a balcony" },
            "createdBy": 10_110_001, "createdAt": "2026-11-23T09:00:00Z", "updatedAt": "2026-11-23T09:00:00Z",
        }], "page": 1, "limit": 50, "hasMore": false }),
    )),
)]
pub async fn notes(
    request: HttpRequest,
    state: Data<AppState>,
    caller: Caller,
    id: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let (page, id) = (page_query::read(request.query_string(), MOST)?, amo_number("id", &id)?);
    let use_cases = state.use_cases.clone();
    let list = state.read(async move { use_cases.notes(&caller, id, page).await }).await?;
    let list = list.ok_or(ApiError::LeadNotFound)?;
    let data = list.items.iter().map(NoteView::from).collect();
    revalidated(&request, &Paged::of(data, page, list.has_more))
}

/// The tasks of one of the caller's leads.
#[utoipa::path(
    get,
    path = "/api/amo-crm/leads/{id}/tasks",
    operation_id = "listTasksOfLead",
    tag = "leads",
    security(("jwt" = [])),
    params(
        ("id" = u64, Path, description = "amoCRM's number of the lead.", minimum = 1, example = 10_000),
        ("page" = Option<u32>, Query, description = "The page, from 1.", minimum = 1, maximum = 2_147_483_647),
        ("limit" = Option<u32>, Query, description = "Tasks a page; 50 unless it is said.", minimum = 1, maximum = 250),
    ),
    responses((
        status = 200,
        description = "A page of tasks, the newest first.",
        body = Paged<TaskView>,
        example = json!({ "success": true, "data": [{
            "id": 40_001, "leadId": 10_000, "text": "Call back", "typeId": 1, "completeTill": "2026-11-24T09:00:00Z",
            "isCompleted": false, "result": null, "responsibleUserId": 10_110_001,
            "createdAt": "2026-11-23T09:00:00Z", "updatedAt": "2026-11-23T09:00:00Z",
        }], "page": 1, "limit": 50, "hasMore": false }),
    )),
)]
pub async fn tasks_of_lead(
    request: HttpRequest,
    state: Data<AppState>,
    caller: Caller,
    id: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let (page, id) = (page_query::read(request.query_string(), MOST)?, amo_number("id", &id)?);
    let use_cases = state.use_cases.clone();
    let list = state.read(async move { use_cases.tasks_of_lead(&caller, id, page).await }).await?;
    let list = list.ok_or(ApiError::LeadNotFound)?;
    let data = list.items.iter().map(TaskView::from).collect();
    revalidated(&request, &Paged::of(data, page, list.has_more))
}

/// What happened to one of the caller's leads.
#[utoipa::path(
    get,
    path = "/api/amo-crm/leads/{id}/events",
    operation_id = "listEvents",
    tag = "leads",
    security(("jwt" = [])),
    params(
        ("id" = u64, Path, description = "amoCRM's number of the lead.", minimum = 1, example = 10_000),
        ("page" = Option<u32>, Query, description = "The page, from 1.", minimum = 1, maximum = 2_147_483_647),
        ("limit" = Option<u32>, Query, description = "Events a page; 50 unless it is said.", minimum = 1, maximum = 100),
    ),
    responses((
        status = 200,
        description = "A page of events, the newest first.",
        body = Paged<EventView>,
        example = json!({ "success": true, "data": [{
            "id": "01kb4x3m5z6y7w8v9t0s1r2q3p", "type": "lead_status_changed",
            "before": [{ "lead_status": { "id": 61_000_002, "pipeline_id": 7_400_001 } }],
            "after": [{ "lead_status": { "id": 61_000_003, "pipeline_id": 7_400_001 } }],
            "createdBy": 10_110_001, "createdAt": "2026-11-23T09:00:00Z",
        }], "page": 1, "limit": 50, "hasMore": false }),
    )),
)]
pub async fn events(
    request: HttpRequest,
    state: Data<AppState>,
    caller: Caller,
    id: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let (page, id) = (page_query::read(request.query_string(), MOST_EVENTS)?, amo_number("id", &id)?);
    let use_cases = state.use_cases.clone();
    let list = state.read(async move { use_cases.events(&caller, id, page).await }).await?;
    let list = list.ok_or(ApiError::LeadNotFound)?;
    let data = list.items.iter().map(EventView::from).collect();
    revalidated(&request, &Paged::of(data, page, list.has_more))
}

/// The tasks of all of the caller's leads.
#[utoipa::path(
    get,
    path = "/api/amo-crm/tasks",
    operation_id = "listTasks",
    tag = "leads",
    security(("jwt" = [])),
    params(TaskQuery),
    responses((
        status = 200,
        description = "A page of tasks of leads, by when they are due.",
        body = Paged<NamedTaskView>,
        example = json!({ "success": true, "data": [{
            "id": 40_001, "leadId": 10_000, "text": "Call back", "typeId": 1, "completeTill": "2026-11-24T09:00:00Z",
            "isCompleted": false, "result": null, "responsibleUserId": 10_110_001,
            "createdAt": "2026-11-23T09:00:00Z", "updatedAt": "2026-11-23T09:00:00Z",
            "leadName": "Sunrise Hotel",
        }], "page": 1, "limit": 50, "hasMore": false }),
    )),
)]
pub async fn tasks(request: HttpRequest, state: Data<AppState>, caller: Caller) -> Result<HttpResponse, ApiError> {
    let wanted = TaskQuery::read(request.query_string())?;
    let page = wanted.page();
    let use_cases = state.use_cases.clone();
    let list = state.read(async move { use_cases.tasks(&caller, wanted.into()).await }).await?;
    let data = list.items.iter().map(NamedTaskView::from).collect();
    revalidated(&request, &Paged::of(data, page, list.has_more))
}
