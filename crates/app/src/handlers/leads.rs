//! `GET /leads` and `GET /leads/{amoLeadId}`.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use amo_connect_domain::lead::{Lead, LeadStatus};
use amo_connect_domain::usecase::LeadRequest;
use jiff::Timestamp;
use serde_json::{Value, json};
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
    let list = state.run(async move { use_cases.leads(&caller.0, &wanted).await }).await?;
    let body = json!({
        "success": true,
        "data": list.leads.iter().map(describe).collect::<Vec<_>>(),
        "page": page,
        "limit": limit,
        "hasMore": list.has_more,
    });
    Ok(revalidated(&request, &body))
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
    let lead = state.run(async move { use_cases.lead(&caller.0, id).await }).await?;
    let lead = lead.ok_or(ApiError::LeadNotFound)?;
    Ok(revalidated(&request, &json!({ "success": true, "data": describe(&lead) })))
}

fn describe(lead: &Lead) -> Value {
    let Lead { lead, status, guest } = lead;
    json!({
        "id": lead.id.to_string(),
        "amoLeadId": lead.id,
        "name": lead.name,
        "guestName": guest.as_ref().and_then(|guest| guest.name.as_ref()),
        "guestPhone": guest.as_ref().and_then(|guest| guest.phone.as_ref()),
        "guestEmail": guest.as_ref().and_then(|guest| guest.email.as_ref()),
        "status": word(*status),
        "price": lead.price,
        "pipelineId": lead.pipeline,
        "stageId": lead.stage,
        "responsibleUserId": lead.responsible_user,
        "createdAt": lead.created_at.map(|at| at.to_string()),
        "updatedAt": lead.updated_at.map(|at| at.to_string()),
    })
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
