//! `GET /leads` and `GET /leads/{amoLeadId}`.

use std::fmt::Display;

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use amo_connect_domain::crm::lead;
use jiff::Timestamp;
use serde::{Serialize, Serializer};
use serde_json::Number;
use utoipa::ToSchema;

use super::answer::Success;
use super::lead_query::LeadQuery;
use super::query::{self, amo_number};
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
            "guestPhone": "+380671234567", "guestEmail": null, "status": "IN_PROGRESS", "price": 12500,
            "pipelineId": 7_400_001, "stageId": 61_000_003, "responsibleUserId": 10_110_001,
            "createdAt": "2026-11-20T08:15:00Z", "updatedAt": "2026-11-23T09:59:00Z",
        }], "page": 1, "limit": 50, "hasMore": true }),
    )),
)]
pub async fn list(request: HttpRequest, state: Data<AppState>, caller: Caller) -> Result<HttpResponse, ApiError> {
    let wanted = LeadQuery::read(request.query_string())?;
    let (page, limit) = (wanted.page, wanted.limit);
    let wanted = wanted.into();
    let use_cases = state.use_cases.clone();
    let list = state.read(async move { use_cases.leads(&caller.0, &wanted).await }).await?;
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
    params(("amoLeadId" = u64, Path, description = "amoCRM's number of the lead.", minimum = 1, example = 10_000)),
    responses((
        status = 200,
        description = "The lead.",
        body = Success<Lead>,
        example = json!({ "success": true, "data": {
            "id": "10000", "amoLeadId": 10000, "name": "Sunrise Hotel", "guestName": "Olena Koval",
            "guestPhone": "+380671234567", "guestEmail": null, "status": "IN_PROGRESS", "price": 12500,
            "pipelineId": 7_400_001, "stageId": 61_000_003, "responsibleUserId": 10_110_001,
            "createdAt": "2026-11-20T08:15:00Z", "updatedAt": "2026-11-23T09:59:00Z",
        } }),
    )),
)]
pub async fn one(
    request: HttpRequest,
    state: Data<AppState>,
    caller: Caller,
    id: Path<String>,
) -> Result<HttpResponse, ApiError> {
    query::none(&request)?;
    let id = amo_number("amoLeadId", &id)?;
    let use_cases = state.use_cases.clone();
    let lead = state.read(async move { use_cases.lead(&caller.0, id).await }).await?;
    let lead = lead.ok_or(ApiError::LeadNotFound)?;
    revalidated(&request, &Success::of(Lead::from(&*lead)))
}

/// A page of leads.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LeadList<'a> {
    /// Always `true`.
    #[schema(schema_with = schemas::always_true)]
    success: bool,
    /// The leads, in amoCRM's order.
    data: Vec<Lead<'a>>,
    /// The page that was asked for.
    page: u32,
    /// The limit that was asked for.
    limit: u32,
    /// Whether there may be more on the next page.
    has_more: bool,
}

/// A lead.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Lead<'a> {
    /// amoCRM's number, as a text.
    #[schema(value_type = String, pattern = "^[0-9]+$", example = "10000")]
    id: Text<u64>,
    /// amoCRM's number.
    #[schema(minimum = 1, example = 10_000)]
    amo_lead_id: u64,
    /// Its title.
    #[schema(required)]
    name: Option<&'a str>,
    /// The main contact's name.
    #[schema(required)]
    guest_name: Option<&'a str>,
    /// The main contact's phone.
    #[schema(required)]
    guest_phone: Option<&'a str>,
    /// The main contact's e-mail.
    #[schema(required)]
    guest_email: Option<&'a str>,
    status: LeadStatus,
    /// The budget: a whole number exactly, any other as a double.
    #[schema(required, value_type = Option<f64>)]
    price: Option<&'a Number>,
    /// The number of its pipeline.
    #[schema(required)]
    pipeline_id: Option<u64>,
    /// The number of its stage.
    #[schema(required)]
    stage_id: Option<u64>,
    /// The number of the person who is responsible.
    #[schema(required)]
    responsible_user_id: Option<u64>,
    /// When it was made.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    created_at: Option<Text<Timestamp>>,
    /// When it last changed.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    updated_at: Option<Text<Timestamp>>,
}

/// What the app makes of a lead's stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum LeadStatus {
    /// In its pipeline's unsorted stage or in its first ordinary one.
    New,
    /// In any other open stage.
    InProgress,
    /// Won or lost.
    Closed,
}

impl From<lead::LeadStatus> for LeadStatus {
    fn from(status: lead::LeadStatus) -> Self {
        match status {
            lead::LeadStatus::New => Self::New,
            lead::LeadStatus::InProgress => Self::InProgress,
            lead::LeadStatus::Closed => Self::Closed,
        }
    }
}

impl From<LeadStatus> for lead::LeadStatus {
    fn from(status: LeadStatus) -> Self {
        match status {
            LeadStatus::New => Self::New,
            LeadStatus::InProgress => Self::InProgress,
            LeadStatus::Closed => Self::Closed,
        }
    }
}

/// A value that is written as its text.
pub struct Text<T>(T);

impl<T: Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, json: S) -> Result<S::Ok, S::Error> {
        json.collect_str(&self.0)
    }
}

impl<'a> From<&'a lead::Lead> for Lead<'a> {
    fn from(lead::Lead { lead, status, guest }: &'a lead::Lead) -> Self {
        let guest = guest.as_deref();
        Self {
            id: Text(lead.id),
            amo_lead_id: lead.id,
            name: lead.name.as_deref(),
            guest_name: guest.and_then(|guest| guest.name.as_deref()),
            guest_phone: guest.and_then(|guest| guest.phone.as_deref()),
            guest_email: guest.and_then(|guest| guest.email.as_deref()),
            status: (*status).into(),
            price: lead.price.as_ref(),
            pipeline_id: lead.pipeline,
            stage_id: lead.stage,
            responsible_user_id: lead.responsible_user,
            created_at: lead.created_at.map(Text),
            updated_at: lead.updated_at.map(Text),
        }
    }
}
