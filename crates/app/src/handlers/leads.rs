//! `GET /leads` and `GET /leads/{amoLeadId}`.

use std::fmt::Display;

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use amo_connect_domain::lead::{Lead, LeadStatus};
use amo_connect_domain::usecase::LeadRequest;
use jiff::Timestamp;
use serde::{Serialize, Serializer};
use serde_json::{Number, json};
use url::form_urlencoded;

use super::reading::{amo_number, number, refusal, revalidated, word};
use crate::auth::RatedCaller;
use crate::error::ApiError;
use crate::state::AppState;

/// A page of the caller's leads.
pub async fn list(request: HttpRequest, state: Data<AppState>, caller: RatedCaller) -> Result<HttpResponse, ApiError> {
    let wanted = read(request.query_string())?;
    let (page, limit) = (wanted.page, wanted.limit);
    let use_cases = state.use_cases.clone();
    let list = state.read(async move { use_cases.leads(&caller.0, &wanted).await }).await?;
    let data = list.leads.iter().map(Described::from).collect();
    revalidated(&request, &Listed { success: true, data, page, limit, has_more: list.has_more })
}

/// One of the caller's leads.
pub async fn one(
    request: HttpRequest,
    state: Data<AppState>,
    caller: RatedCaller,
    id: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = amo_number("amoLeadId", &id)?;
    let use_cases = state.use_cases.clone();
    let lead = state.read(async move { use_cases.lead(&caller.0, id).await }).await?;
    let lead = lead.ok_or(ApiError::LeadNotFound)?;
    revalidated(&request, &json!({ "success": true, "data": Described::from(&*lead) }))
}

/// A page as the app gets it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Listed<'a> {
    success: bool,
    data: Vec<Described<'a>>,
    page: u32,
    limit: u32,
    has_more: bool,
}

/// A lead as the app gets it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Described<'a> {
    id: Text<u64>,
    amo_lead_id: u64,
    name: Option<&'a str>,
    guest_name: Option<&'a str>,
    guest_phone: Option<&'a str>,
    guest_email: Option<&'a str>,
    status: &'static str,
    price: Option<&'a Number>,
    pipeline_id: Option<u64>,
    stage_id: Option<u64>,
    responsible_user_id: Option<u64>,
    created_at: Option<Text<Timestamp>>,
    updated_at: Option<Text<Timestamp>>,
}

/// A value that is written as its text.
struct Text<T>(T);

impl<T: Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, json: S) -> Result<S::Ok, S::Error> {
        json.collect_str(&self.0)
    }
}

impl<'a> From<&'a Lead> for Described<'a> {
    fn from(Lead { lead, status, guest }: &'a Lead) -> Self {
        let guest = guest.as_deref();
        Self {
            id: Text(lead.id),
            amo_lead_id: lead.id,
            name: lead.name.as_deref(),
            guest_name: guest.and_then(|guest| guest.name.as_deref()),
            guest_phone: guest.and_then(|guest| guest.phone.as_deref()),
            guest_email: guest.and_then(|guest| guest.email.as_deref()),
            status: word(*status),
            price: lead.price.as_ref(),
            pipeline_id: lead.pipeline,
            stage_id: lead.stage,
            responsible_user_id: lead.responsible_user,
            created_at: lead.created_at.map(Text),
            updated_at: lead.updated_at.map(Text),
        }
    }
}

fn read(query: &str) -> Result<LeadRequest, ApiError> {
    let mut request =
        LeadRequest { page: 1, limit: 50, query: None, pipeline: None, stage: None, status: None, updated_since: None };
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match &*name {
            "page" => request.page = number("page", &value, 1, u32::MAX, "a whole number from 1")?,
            "limit" => request.limit = number("limit", &value, 1, 250, "a whole number from 1 to 250")?,
            "pipelineId" => request.pipeline = Some(amo_number("pipelineId", &value)?),
            "stageId" => request.stage = Some(amo_number("stageId", &value)?),
            "query" if value.chars().count() > 255 || value.chars().any(char::is_control) => {
                return Err(refusal("query", "at most 255 characters, none of them a control character"));
            }
            "query" => request.query = Some(value.into_owned()).filter(|query| !query.is_empty()),
            "status" => request.status = Some(status(&value)?),
            "updatedSince" => {
                let moment = value.parse::<Timestamp>();
                let moment =
                    moment.ok().ok_or_else(|| refusal("updatedSince", "a moment such as 2026-11-23T10:00:00Z"))?;
                request.updated_since = Some(moment);
            }
            _ => {}
        }
    }
    Ok(request)
}

fn status(value: &str) -> Result<LeadStatus, ApiError> {
    match value {
        "NEW" => Ok(LeadStatus::New),
        "IN_PROGRESS" => Ok(LeadStatus::InProgress),
        "CLOSED" => Ok(LeadStatus::Closed),
        _ => Err(refusal("status", "NEW, IN_PROGRESS or CLOSED")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_parameter_is_named() {
        let bad = [
            ("page", "0"),
            ("page", "one"),
            ("limit", "251"),
            ("limit", "-1"),
            ("pipelineId", "x"),
            ("stageId", "0"),
            ("status", "new"),
            ("updatedSince", "yesterday"),
            ("query", "a%00b"),
        ];
        for (field, value) in bad {
            let error = read(&format!("{field}={value}")).unwrap_err();
            assert!(matches!(error, ApiError::InvalidRequest(named, _) if named == field), "{field}={value}: {error}");
        }
        assert!(read(&format!("query={}", "a".repeat(256))).is_err());
    }

    #[test]
    fn every_parameter_is_taken() {
        let query =
            "page=2&limit=250&query=a+b&pipelineId=3&stageId=142&status=CLOSED&updatedSince=2026-11-23T10:00:00Z&x=1";
        let expected = LeadRequest {
            page: 2,
            limit: 250,
            query: Some("a b".to_owned()),
            pipeline: Some(3),
            stage: Some(142),
            status: Some(LeadStatus::Closed),
            updated_since: Some("2026-11-23T10:00:00Z".parse().unwrap()),
        };
        assert_eq!(read(query).unwrap(), expected);
    }
}
