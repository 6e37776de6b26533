//! `GET /leads`.

use std::fmt::Display;
use std::str::FromStr;

use actix_web::http::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use amo_connect_domain::lead::{Lead, LeadStatus};
use amo_connect_domain::usecase::LeadRequest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::form_urlencoded;

use crate::auth::Caller;
use crate::error::ApiError;
use crate::state::AppState;

/// A page of the caller's leads.
pub async fn list(request: HttpRequest, state: Data<AppState>, caller: Caller) -> Result<HttpResponse, ApiError> {
    state.limits.check_address(&request)?;
    state.limits.check_user(&caller.0)?;
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

/// An answer that the app may keep, and asks about before it uses it again.
fn revalidated(request: &HttpRequest, body: &Value) -> HttpResponse {
    let body = body.to_string();
    let tag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(&Sha256::digest(&body)[..16]));
    let known = request.headers().get(IF_NONE_MATCH).and_then(|tags| tags.to_str().ok());
    let unchanged = known.is_some_and(|tags| {
        tags.split(',').any(|known| known.trim().trim_start_matches("W/") == tag || known.trim() == "*")
    });
    let mut response = if unchanged { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response.insert_header((CACHE_CONTROL, "private, no-cache")).insert_header((ETAG, tag));
    if unchanged { response.finish() } else { response.content_type("application/json").body(body) }
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
        "status": match status {
            LeadStatus::New => "NEW",
            LeadStatus::InProgress => "IN_PROGRESS",
            LeadStatus::Closed => "CLOSED",
        },
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
            "pipelineId" => request.pipeline = Some(number("pipelineId", &value, 1, u64::MAX, "amoCRM's number")?),
            "stageId" => request.stage = Some(number("stageId", &value, 1, u64::MAX, "amoCRM's number")?),
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

fn number<T: FromStr + PartialOrd>(
    field: &'static str,
    value: &str,
    least: T,
    most: T,
    allowed: &str,
) -> Result<T, ApiError> {
    value.parse().ok().filter(|number| (least..=most).contains(number)).ok_or_else(|| refusal(field, allowed))
}

fn status(value: &str) -> Result<LeadStatus, ApiError> {
    match value {
        "NEW" => Ok(LeadStatus::New),
        "IN_PROGRESS" => Ok(LeadStatus::InProgress),
        "CLOSED" => Ok(LeadStatus::Closed),
        _ => Err(refusal("status", "NEW, IN_PROGRESS or CLOSED")),
    }
}

fn refusal(field: &'static str, allowed: impl Display) -> ApiError {
    ApiError::InvalidRequest(field, format!("`{field}` must be {allowed}."))
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
