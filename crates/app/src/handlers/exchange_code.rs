//! `POST /exchange-code`: the app brings a code with its user's JWT.

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::web::Data;
use amo_connect_domain::authorization::callback::Given;
use amo_connect_domain::token::{AuthorizationCode, State};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::answer::{SuccessWithMessage, private};
use super::connection::Status;
use super::query;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::json_body::{JsonBody, text};
use crate::state::AppState;

/// A code that the app brings back, and what came with it.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExchangeCode {
    /// The code of the deep link or the redirect.
    #[schema(min_length = 1, max_length = 4096, pattern = r"^[^\x00-\x1f\x7f-\x9f]*$", example = "def50200a1b2c3")]
    code: String,
    /// The state that came with it.
    #[schema(
        max_length = 4096,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*$",
        example = "ac1_0d6ERPJ0mA2xT4c9qJ3JtT0c2tqN5mPZ1o9sQe7xYwE"
    )]
    state: Option<String>,
    /// The account host that came with it.
    #[schema(max_length = 4096, pattern = r"^[^\x00-\x1f\x7f-\x9f]*$", example = "example.amocrm.ru")]
    referer: Option<String>,
}

impl ExchangeCode {
    fn read(mut body: Map<String, Value>) -> Result<Self, ApiError> {
        let [code, state, referer] = ["code", "state", "referer"].map(|name| text(name, body.shift_remove(name)));
        if let Some(name) = body.keys().next() {
            return Err(query::unknown(name));
        }
        let code = code?.filter(|code| !code.is_empty()).ok_or_else(|| ApiError::invalid("code", "is required"))?;
        Ok(Self { code, state: state?, referer: referer? })
    }
}

/// Makes the code's account the caller's.
#[utoipa::path(
    post,
    path = "/api/amo-crm/exchange-code",
    operation_id = "exchangeCode",
    tag = "connection",
    security(("jwt" = [])),
    request_body(content = ExchangeCode, example = json!({ "code": "def50200a1b2c3", "referer": "example.amocrm.ru" })),
    responses((
        status = 200,
        description = "The code's account is the user's. The same however often it is sent.",
        body = SuccessWithMessage<Status>,
        example = json!({ "success": true, "message": "AMO CRM successfully connected", "data": {
            "connected": true, "hasTokens": true, "domain": "example.amocrm.ru", "accountId": "31920194",
            "state": "connected", "problem": null,
            "connectedAt": "2026-11-23T10:00:00Z", "lastRefreshedAt": "2026-11-23T10:00:00Z",
        } }),
    )),
)]
pub async fn claim(
    request: HttpRequest,
    caller: Caller,
    state: Data<AppState>,
    body: JsonBody,
) -> Result<HttpResponse, ApiError> {
    query::none(&request)?;
    let brought = ExchangeCode::read(body.0)?;
    let link_state = brought.state.filter(|state| !state.is_empty()).map(State::new);
    let host = brought.referer.map_or(Given::Absent, Given::One);

    let use_cases = state.use_cases.clone();
    let code = AuthorizationCode::new(brought.code);
    let claimed = async move { use_cases.claim(&caller, code, link_state, host).await };
    let standing = state.run(claimed).await?;
    Ok(private(&SuccessWithMessage::of("AMO CRM successfully connected", Status::of(&standing))))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_missing_or_unknown_is_named() {
        for (body, field) in [
            (json!({}), "code"),
            (json!({ "code": "" }), "code"),
            (json!({ "code": "a", "Referer": "b" }), "Referer"),
            (json!({ "code": "a", "userId": 7 }), "userId"),
        ] {
            let error = ExchangeCode::read(body.as_object().unwrap().clone()).err().unwrap();
            assert_eq!(error.field(), Some(field), "{body}");
        }
        let read = ExchangeCode::read(json!({ "code": "a", "state": null }).as_object().unwrap().clone()).unwrap();
        assert_eq!((read.code.as_str(), read.state, read.referer), ("a", None, None));
    }
}
