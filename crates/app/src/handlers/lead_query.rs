//! The query of `GET /leads`.

use amo_connect_domain::crm::lead::{LeadFilter, LeadOrder, LeadSort};
use amo_connect_domain::usecase::{LeadRequest, Responsible};
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use utoipa::{IntoParams, ToSchema};

use super::lead_view::LeadStatus;
use super::query::{amo_number, each, number, refusal, responsible};
use crate::error::ApiError;

/// What the list can be asked for.
#[derive(Debug, PartialEq, IntoParams)]
#[into_params(rename_all = "camelCase", parameter_in = Query)]
pub struct LeadQuery {
    /// The page, from 1.
    #[param(required = false, minimum = 1, maximum = 2_147_483_647, default = 1)]
    pub(super) page: u32,
    /// Leads a page.
    #[param(required = false, minimum = 1, maximum = 250, default = 50)]
    pub(super) limit: u32,
    /// The order; with `-` the newest, or the highest number, is the first.
    #[param(inline, required = false)]
    order: Order,
    /// amoCRM's full-text search. Blanks alone are no search.
    #[param(max_length = 255, pattern = r"^[^\x00-\x1f\x7f-\x9f]*$")]
    query: Option<String>,
    /// Only leads of this pipeline.
    #[param(minimum = 1)]
    pipeline_id: Option<u64>,
    /// Only leads in this stage.
    #[param(minimum = 1)]
    stage_id: Option<u64>,
    /// Only leads of this status.
    #[param(inline)]
    status: Option<LeadStatus>,
    /// Only leads that this person is responsible for: a number, or `me` for the user who connected.
    #[param(value_type = Option<String>, pattern = "^(me|[0-9]+)$", example = "me")]
    responsible_user_id: Option<Responsible>,
    /// Only leads that have changed since this moment, or in its second.
    #[param(value_type = Option<String>, format = DateTime, example = "2026-11-23T10:00:00Z")]
    updated_since: Option<Timestamp>,
    /// Only leads that were made since this moment, or in its second.
    #[param(value_type = Option<String>, format = DateTime, example = "2026-11-23T10:00:00Z")]
    created_since: Option<Timestamp>,
    /// What is to be there besides.
    #[param(inline)]
    include: Option<Included>,
}

/// The order of a list of leads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ToSchema)]
#[schema(default = "-updatedAt")]
enum Order {
    #[default]
    #[schema(rename = "-updatedAt")]
    NewestChange,
    #[schema(rename = "updatedAt")]
    OldestChange,
    #[schema(rename = "-createdAt")]
    Newest,
    #[schema(rename = "createdAt")]
    Oldest,
    #[schema(rename = "-id")]
    HighestId,
    #[schema(rename = "id")]
    LowestId,
}

/// What is shown of a lead where it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ToSchema)]
enum Included {
    #[schema(rename = "customFields")]
    CustomFields,
}

impl Default for LeadQuery {
    fn default() -> Self {
        let LeadFilter { page, limit, .. } = LeadFilter::default();
        Self {
            page,
            limit,
            order: Order::default(),
            query: None,
            pipeline_id: None,
            stage_id: None,
            status: None,
            responsible_user_id: None,
            updated_since: None,
            created_since: None,
            include: None,
        }
    }
}

impl LeadQuery {
    /// Reads the query of a request.
    pub(super) fn read(query: &str) -> Result<Self, ApiError> {
        let mut wanted = Self::default();
        each(query, |name, value| {
            match name {
                "page" => wanted.page = number(name, value, 1, i32::MAX.unsigned_abs())?,
                "limit" => wanted.limit = number(name, value, 1, 250)?,
                "pipelineId" => wanted.pipeline_id = Some(amo_number(name, value)?),
                "stageId" => wanted.stage_id = Some(amo_number(name, value)?),
                "status" => wanted.status = Some(status(value)?),
                "order" => wanted.order = order(value)?,
                "responsibleUserId" => wanted.responsible_user_id = Some(responsible(name, value)?),
                "updatedSince" => wanted.updated_since = Some(moment(name, value)?),
                "createdSince" => wanted.created_since = Some(moment(name, value)?),
                "include" => wanted.include = Some(included(value)?),
                "query" => wanted.query = search(query, value)?,
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(wanted)
    }
}

impl From<LeadQuery> for LeadRequest {
    fn from(wanted: LeadQuery) -> Self {
        let filter = LeadFilter {
            page: wanted.page,
            limit: wanted.limit,
            order: wanted.order.into(),
            query: wanted.query,
            pipeline: wanted.pipeline_id,
            stages: Vec::new(),
            responsible_user: None,
            ids: Vec::new(),
            updated_since: wanted.updated_since,
            created_since: wanted.created_since,
            with_custom_fields: wanted.include == Some(Included::CustomFields),
        };
        let (stage, status) = (wanted.stage_id, wanted.status.map(Into::into));
        Self { filter, stage, status, responsible: wanted.responsible_user_id }
    }
}

impl From<Order> for LeadOrder {
    fn from(order: Order) -> Self {
        let (by, is_descending) = match order {
            Order::NewestChange => (LeadSort::UpdatedAt, true),
            Order::OldestChange => (LeadSort::UpdatedAt, false),
            Order::Newest => (LeadSort::CreatedAt, true),
            Order::Oldest => (LeadSort::CreatedAt, false),
            Order::HighestId => (LeadSort::Id, true),
            Order::LowestId => (LeadSort::Id, false),
        };
        Self { by, is_descending }
    }
}

fn order(value: &str) -> Result<Order, ApiError> {
    match value {
        "-updatedAt" => Ok(Order::NewestChange),
        "updatedAt" => Ok(Order::OldestChange),
        "-createdAt" => Ok(Order::Newest),
        "createdAt" => Ok(Order::Oldest),
        "-id" => Ok(Order::HighestId),
        "id" => Ok(Order::LowestId),
        _ => Err(refusal("order", "updatedAt, createdAt or id, or one of them with - before it")),
    }
}

fn included(value: &str) -> Result<Included, ApiError> {
    if value == "customFields" { Ok(Included::CustomFields) } else { Err(refusal("include", "customFields")) }
}

/// The search that `value` of `query` is; blanks alone are none.
fn search(query: &str, value: &str) -> Result<Option<String>, ApiError> {
    if value.chars().count() > 255 || value.chars().any(char::is_control) {
        return Err(refusal("query", "at most 255 characters, none of them a control character"));
    }
    // It stands for what was no UTF-8, unless the app has sent this very character.
    if value.contains(char::REPLACEMENT_CHARACTER) && percent_decode_str(query).decode_utf8().is_err() {
        return Err(refusal("query", "UTF-8, percent-encoded"));
    }
    Ok(Some(value).filter(|value| !value.trim().is_empty()).map(str::to_owned))
}

/// A moment as RFC 3339 has it; jiff alone takes more.
fn moment(field: &str, value: &str) -> Result<Timestamp, ApiError> {
    let is_rfc_3339 = value.split_at_checked(19).is_some_and(|(local, rest)| {
        let local = local.as_bytes();
        matches!(local, [_, _, _, _, b'-', _, _, b'-', _, _, b'T' | b't', _, _, b':', _, _, b':', _, _])
            && matches!(rest.as_bytes(), [.., b'Z' | b'z'] | [.., b'+' | b'-', _, _, b':', _, _])
            && !rest.contains(',')
    });
    let moment = value.parse().ok().filter(|_| is_rfc_3339);
    moment.ok_or_else(|| refusal(field, "a moment such as 2026-11-23T10:00:00Z; a plus sign is sent as %2B"))
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
    use utoipa::openapi::path::ParameterIn;

    use super::*;

    fn read(query: &str) -> Result<LeadQuery, ApiError> {
        LeadQuery::read(query)
    }

    #[test]
    fn a_bad_parameter_is_named() {
        let bad = [
            ("page", "0", "a whole number from 1 to 2147483647"),
            ("page", "one", "a whole number from 1 to 2147483647"),
            ("page", "", "a whole number from 1 to 2147483647"),
            ("page", "2&page=2", "given once"),
            ("limit", "251", "a whole number from 1 to 250"),
            ("limit", "-1", "a whole number from 1 to 250"),
            ("limit", "%2B2", "a whole number from 1 to 250"),
            ("limit", "%D9%A1", "a whole number from 1 to 250"),
            ("pipelineId", "x", "a whole number from 1 to 9223372036854775807"),
            ("stageId", "0", "a whole number from 1 to 9223372036854775807"),
            ("status", "new", "NEW, IN_PROGRESS or CLOSED"),
            ("order", "price", "updatedAt, createdAt or id"),
            ("order", "", "updatedAt, createdAt or id"),
            ("order", "--id", "updatedAt, createdAt or id"),
            ("order", "id&page=2&order=-id", "given once"),
            ("responsibleUserId", "0", "me, or a whole number from 1 to 9223372036854775807"),
            ("responsibleUserId", "Me", "me, or a whole number"),
            ("createdSince", "2026-11-23", "%2B"),
            ("include", "contacts", "must be customFields"),
            ("include", "customFields,customFields", "must be customFields"),
            ("status", "NEW&page=2&status=CLOSED", "given once"),
            ("query", "a%00b", "none of them a control character"),
            ("query", &"a".repeat(256), "at most 255 characters"),
            ("query", "%FF%FE", "UTF-8"),
            ("query", "a&query=", "given once"),
        ];
        for (field, value, allowed) in bad {
            let error = read(&format!("{field}={value}")).unwrap_err();
            assert_eq!(error.field(), Some(field), "{field}={value}: {error}");
            assert!(error.to_string().contains(allowed), "{field}={value}: {error}");
        }
    }

    #[test]
    fn a_moment_is_as_rfc_3339_has_it() {
        let since = |value: &str| read(&format!("updatedSince={value}")).map(|request| request.updated_since.unwrap());
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
            assert_eq!(error.field(), Some("updatedSince"), "{value}: {error}");
            assert!(error.to_string().contains("%2B"), "{value}: {error}");
        }
    }

    #[test]
    fn blanks_alone_are_no_search_and_every_character_of_a_text_can_be_searched_for() {
        for (value, search) in [("", None), ("+%20%C2%A0", None), ("+a+", Some(" a ")), ("%EF%BF%BD", Some("\u{fffd}"))]
        {
            let request = read(&format!("query={value}")).unwrap();
            assert_eq!(request.query.as_deref(), search, "{value}");
        }
    }

    #[test]
    fn every_order_is_the_domains_and_the_newest_change_goes_first_without_one() {
        let newest_change = LeadOrder { by: LeadSort::UpdatedAt, is_descending: true };
        let order = |query: &str| LeadRequest::from(read(query).unwrap()).filter.order;
        assert_eq!((order(""), LeadOrder::default()), (newest_change, newest_change));
        for (word, by) in [("updatedAt", LeadSort::UpdatedAt), ("createdAt", LeadSort::CreatedAt), ("id", LeadSort::Id)]
        {
            for (sign, is_descending) in [("", false), ("-", true)] {
                assert_eq!(order(&format!("order={sign}{word}")), LeadOrder { by, is_descending }, "{sign}{word}");
            }
        }
    }

    #[test]
    fn the_responsible_person_is_a_number_or_the_one_who_connected() {
        let of = |value: &str| LeadRequest::from(read(&format!("responsibleUserId={value}")).unwrap()).responsible;
        assert_eq!((of("me"), of("7")), (Some(Responsible::Me), Some(Responsible::User(7))));
    }

    #[test]
    fn every_parameter_is_taken() {
        let query = "page=2&limit=250&order=-createdAt&query=a+b&pipelineId=3&stageId=142&status=CLOSED\
            &responsibleUserId=7&updatedSince=2026-11-23T10:00:00Z&createdSince=2026-11-22T10:00:00Z\
            &include=customFields";
        let expected = LeadQuery {
            page: 2,
            limit: 250,
            order: Order::Newest,
            query: Some("a b".to_owned()),
            pipeline_id: Some(3),
            stage_id: Some(142),
            status: Some(LeadStatus::Closed),
            responsible_user_id: Some(Responsible::User(7)),
            updated_since: Some("2026-11-23T10:00:00Z".parse().unwrap()),
            created_since: Some("2026-11-22T10:00:00Z".parse().unwrap()),
            include: Some(Included::CustomFields),
        };
        assert_eq!(read(query).unwrap(), expected);
        let documented = LeadQuery::into_params(|| Some(ParameterIn::Query));
        for parameter in &documented {
            let given = query.split('&').filter(|pair| pair.split('=').next() == Some(parameter.name.as_str())).count();
            assert_eq!(given, 1, "{}", parameter.name);
        }
        assert_eq!(documented.len(), query.split('&').count());
        assert_eq!(read("Limit=1").unwrap_err().field(), Some("Limit"));
    }
}
