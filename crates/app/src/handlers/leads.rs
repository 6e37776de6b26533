//! `GET /leads` and `GET /leads/{amoLeadId}`.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use utoipa::ToSchema;

use super::answer::Success;
use super::lead_parts;
use super::lead_query::LeadQuery;
use super::lead_view::{Lead, LeadDetails};
use super::query::amo_number;
use super::reading::revalidated;
use super::schemas;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::state::AppState;

/// A page of the caller's leads.
#[utoipa::path(
    get,
    path = "/api/amo-crm/leads",
    operation_id = "listLeads",
    tag = "leads",
    security(("jwt" = [])),
    params(LeadQuery),
    responses((
        status = 200,
        description = "A page of leads. Page until `hasMore` is `false`, not until a page is short.",
        body = LeadList,
        example = json!({ "success": true, "data": [{
            "id": "10000", "amoLeadId": 10000, "name": "Sunrise Hotel", "guestName": "Olena Koval",
            "guestPhone": "+380671234567", "guestEmail": null, "status": "IN_PROGRESS", "statusName": "Booked",
            "price": 12500, "pipelineId": 7_400_001, "pipelineName": "Bookings", "stageId": 61_000_003,
            "responsibleUserId": 10_110_001, "tags": [{ "id": 501, "name": "VIP", "color": "c1c1c1" }],
            "createdAt": "2026-11-20T08:15:00Z", "updatedAt": "2026-11-23T09:59:00Z", "closedAt": null,
        }], "page": 1, "limit": 50, "hasMore": true }),
    )),
)]
pub async fn list(request: HttpRequest, state: Data<AppState>, caller: Caller) -> Result<HttpResponse, ApiError> {
    let wanted = LeadQuery::read(request.query_string())?;
    let (page, limit) = (wanted.page, wanted.limit);
    let wanted = wanted.into();
    let use_cases = state.use_cases.clone();
    let list = state.read(async move { use_cases.leads(&caller, &wanted).await }).await?;
    let data = list.leads.iter().map(Lead::from).collect();
    revalidated(&request, &LeadList { success: true, data, page, limit, has_more: list.has_more })
}

/// One of the caller's leads.
#[utoipa::path(
    get,
    path = "/api/amo-crm/leads/{amoLeadId}",
    operation_id = "getLead",
    tag = "leads",
    security(("jwt" = [])),
    params(
        ("amoLeadId" = u64, Path, description = "amoCRM's number of the lead.", minimum = 1, example = 10_000),
        (
            "include" = Option<String>,
            Query,
            description = "What is to be there besides, by comma: `notes`, `tasks`, `events`.",
            pattern = "^(notes|tasks|events)(,(notes|tasks|events)){0,2}$",
            example = "notes,tasks",
        ),
    ),
    responses((
        status = 200,
        description = "The lead. `notes`, `tasks` and `events` are there if they are asked for.",
        body = Success<LeadDetails>,
        example = json!({ "success": true, "data": {
            "id": "10000", "amoLeadId": 10000, "name": "Sunrise Hotel", "guestName": "Olena Koval",
            "guestPhone": "+380671234567", "guestEmail": null, "status": "IN_PROGRESS", "statusName": "Booked",
            "price": 12500, "pipelineId": 7_400_001, "pipelineName": "Bookings", "stageId": 61_000_003,
            "responsibleUserId": 10_110_001, "tags": [{ "id": 501, "name": "VIP", "color": "c1c1c1" }],
            "createdAt": "2026-11-20T08:15:00Z", "updatedAt": "2026-11-23T09:59:00Z", "closedAt": null,
            "customFields": [{ "id": 812_001, "name": "View", "code": null, "type": "select", "values": [
                { "value": "Sea", "enumId": 812_101, "enumCode": null },
            ] }],
            "lossReason": null, "contacts": [{ "id": 20_001, "name": "Olena Koval", "isMain": true,
                "phones": [{ "value": "+380671234567", "kind": "MOB" }], "emails": [] }],
            "missing": [],
        } }),
    )),
)]
pub async fn one(
    request: HttpRequest,
    state: Data<AppState>,
    caller: Caller,
    id: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let (parts, id) = (lead_parts::read(request.query_string())?, amo_number("amoLeadId", &id)?);
    let use_cases = state.use_cases.clone();
    let lead = state.read(async move { use_cases.lead(&caller, id, parts).await }).await?;
    let lead = lead.ok_or(ApiError::LeadNotFound)?;
    revalidated(&request, &Success::of(LeadDetails::from(&*lead)))
}

/// A page of leads.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LeadList<'a> {
    /// Always `true`.
    #[schema(schema_with = schemas::always_true)]
    success: bool,
    /// The leads, in the order that was asked for.
    data: Vec<Lead<'a>>,
    /// The page that was asked for.
    page: u32,
    /// The limit that was asked for.
    limit: u32,
    /// Whether there may be more on the next page.
    has_more: bool,
}
