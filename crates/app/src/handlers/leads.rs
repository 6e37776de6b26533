//! `GET /leads` and `GET /leads/{amoLeadId}`.

use std::fmt::Display;

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use amo_connect_domain::crm::lead::{Lead, LeadStatus};
use amo_connect_domain::usecase::LeadRequest;
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde::{Serialize, Serializer};
use serde_json::{Number, json};
use url::form_urlencoded;

use super::reading::{amo_number, code, number, refusal, revalidated};
use crate::auth::RatedCaller;
use crate::error::ApiError;
use crate::state::AppState;

/// A page of the caller's leads.
pub async fn list(request: HttpRequest, state: Data<AppState>, caller: RatedCaller) -> Result<HttpResponse, ApiError> {
    let wanted = read(request.query_string())?;
    let (page, limit) = (wanted.filter.page, wanted.filter.limit);
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
            status: code(*status),
            price: lead.price.as_ref(),
            pipeline_id: lead.pipeline,
            stage_id: lead.stage,
            responsible_user_id: lead.responsible_user,
            created_at: lead.created_at.map(Text),
            updated_at: lead.updated_at.map(Text),
        }
    }
}

/// What the list can be asked for.
const PARAMETERS: [&str; 7] = ["page", "limit", "query", "pipelineId", "stageId", "status", "updatedSince"];

fn read(query: &str) -> Result<LeadRequest, ApiError> {
    let mut request = LeadRequest::default();
    let filter = &mut request.filter;
    let mut given = Vec::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let Some(field) = PARAMETERS.into_iter().find(|known| *known == name) else { continue };
        if given.contains(&field) {
            return Err(refusal(field, "given once"));
        }
        given.push(field);
        match field {
            "page" => filter.page = number(field, &value, 1, u32::MAX)?,
            "limit" => filter.limit = number(field, &value, 1, 250)?,
            "pipelineId" => filter.pipeline = Some(amo_number(field, &value)?),
            "stageId" => request.stage = Some(amo_number(field, &value)?),
            "status" => request.status = Some(status(&value)?),
            "updatedSince" => filter.updated_since = Some(moment(&value)?),
            _ => filter.query = search(query, value.into_owned())?,
        }
    }
    Ok(request)
}

/// The search that `value` of `query` is; blanks alone are none.
fn search(query: &str, value: String) -> Result<Option<String>, ApiError> {
    if value.chars().count() > 255 || value.chars().any(char::is_control) {
        return Err(refusal("query", "at most 255 characters, none of them a control character"));
    }
    // It stands for what was no UTF-8, unless the app has sent this very character.
    if value.contains(char::REPLACEMENT_CHARACTER) && percent_decode_str(query).decode_utf8().is_err() {
        return Err(refusal("query", "UTF-8, percent-encoded"));
    }
    Ok(Some(value).filter(|value| !value.trim().is_empty()))
}

/// A moment as RFC 3339 has it; jiff alone takes more.
fn moment(value: &str) -> Result<Timestamp, ApiError> {
    let is_rfc_3339 = value.split_at_checked(19).is_some_and(|(local, rest)| {
        let local = local.as_bytes();
        matches!(local, [_, _, _, _, b'-', _, _, b'-', _, _, b'T' | b't', _, _, b':', _, _, b':', _, _])
            && matches!(rest.as_bytes(), [.., b'Z' | b'z'] | [.., b'+' | b'-', _, _, b':', _, _])
            && !rest.contains(',')
    });
    let moment = value.parse().ok().filter(|_| is_rfc_3339);
    moment.ok_or_else(|| refusal("updatedSince", "a moment such as 2026-11-23T10:00:00Z; a plus sign is sent as %2B"))
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
    use amo_connect_domain::crm::lead::LeadFilter;

    use super::*;

    #[test]
    fn a_bad_parameter_is_named() {
        let bad = [
            ("page", "0", "a whole number from 1 to 4294967295"),
            ("page", "one", "a whole number from 1 to 4294967295"),
            ("page", "", "a whole number from 1 to 4294967295"),
            ("page", "2&page=2", "given once"),
            ("limit", "251", "a whole number from 1 to 250"),
            ("limit", "-1", "a whole number from 1 to 250"),
            ("limit", "%2B2", "a whole number from 1 to 250"),
            ("limit", "%D9%A1", "a whole number from 1 to 250"),
            ("pipelineId", "x", "a whole number from 1 to 18446744073709551615"),
            ("stageId", "0", "a whole number from 1 to 18446744073709551615"),
            ("status", "new", "NEW, IN_PROGRESS or CLOSED"),
            ("status", "NEW&page=2&status=CLOSED", "given once"),
            ("query", "a%00b", "none of them a control character"),
            ("query", &"a".repeat(256), "at most 255 characters"),
            ("query", "%FF%FE", "UTF-8"),
            ("query", "a&query=", "given once"),
        ];
        for (field, value, allowed) in bad {
            let error = read(&format!("{field}={value}")).unwrap_err();
            assert!(matches!(error, ApiError::InvalidRequest(named, _) if named == field), "{field}={value}: {error}");
            assert!(error.to_string().contains(allowed), "{field}={value}: {error}");
        }
    }

    #[test]
    fn a_moment_is_as_rfc_3339_has_it() {
        let since =
            |value: &str| read(&format!("updatedSince={value}")).map(|request| request.filter.updated_since.unwrap());
        for (value, moment) in [
            ("2026-11-23T10:00:00Z", "2026-11-23T10:00:00Z"),
            ("2026-11-23t10:00:00.25z", "2026-11-23T10:00:00.25Z"),
            ("2026-11-23T10:00:00%2B02:00", "2026-11-23T08:00:00Z"),
            ("2026-11-23T10:00:00.5-01:30", "2026-11-23T11:30:00.5Z"),
            ("1969-12-31T23:59:59Z", "1969-12-31T23:59:59Z"),
        ] {
            assert_eq!(since(value).unwrap(), moment.parse().unwrap(), "{value}");
        }
        for value in [
            "yesterday",
            "1795428000",
            "2026-11-23",
            "2026-11-23T10:00:00",
            "2026-11-23T10:00:00+02:00",
            "2026-11-23+10:00:00Z",
            "2026-11-23T10:00Z",
            "20261123T10Z",
            "20261123T100000Z",
            "2026-11-23T10:00:00,5Z",
            "2026-11-23T10:00:00%2B02",
            "2026-11-23T10:00:00%2B0200",
            "2026-11-23T10:00:00%2B02:00:00",
            "2026-11-23T10:00:00%2B02:00[Europe/Kyiv]",
            "2026-11-23T10:00:00Z[UTC]",
            "2026-13-23T10:00:00Z",
            "%2B002026-11-23T10:00:00Z",
        ] {
            let error = since(value).unwrap_err();
            assert!(matches!(error, ApiError::InvalidRequest("updatedSince", _)), "{value}: {error}");
            assert!(error.to_string().contains("%2B"), "{value}: {error}");
        }
    }

    #[test]
    fn blanks_alone_are_no_search_and_every_character_of_a_text_can_be_searched_for() {
        for (value, search) in [("", None), ("+%20%C2%A0", None), ("+a+", Some(" a ")), ("%EF%BF%BD", Some("\u{fffd}"))]
        {
            let request = read(&format!("query={value}&other=1&other=2")).unwrap();
            assert_eq!(request.filter.query.as_deref(), search, "{value}");
        }
    }

    #[test]
    fn every_parameter_is_taken() {
        let query =
            "page=2&limit=250&query=a+b&pipelineId=3&stageId=142&status=CLOSED&updatedSince=2026-11-23T10:00:00Z&x=1";
        let filter = LeadFilter {
            page: 2,
            limit: 250,
            query: Some("a b".to_owned()),
            pipeline: Some(3),
            stages: Vec::new(),
            updated_since: Some("2026-11-23T10:00:00Z".parse().unwrap()),
        };
        let expected = LeadRequest { filter, stage: Some(142), status: Some(LeadStatus::Closed) };
        assert_eq!(read(query).unwrap(), expected);
    }
}
