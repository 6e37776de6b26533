//! `POST /exchange-code`: the app brings a code with its user's JWT.

use actix_web::HttpResponse;
use actix_web::web::Data;
use amo_connect_domain::authorization::callback::Given;
use amo_connect_domain::token::{AuthorizationCode, LONGEST_PARAMETER, State};
use serde_json::{Value, json};

use super::connection::describe;
use super::private;
use crate::auth::RatedCaller;
use crate::error::ApiError;
use crate::json_body::JsonBody;
use crate::state::AppState;

/// Makes the code's account the caller's.
pub async fn claim(caller: RatedCaller, state: Data<AppState>, body: JsonBody) -> Result<HttpResponse, ApiError> {
    let Some(body) = body.0.as_object() else {
        return Err(ApiError::InvalidRequest("body", "The body must be a JSON object.".to_owned()));
    };
    let code = text("code", body.get("code"))?
        .filter(|code| !code.is_empty())
        .ok_or_else(|| ApiError::InvalidRequest("code", "`code` is required.".to_owned()))?;
    let link_state = text("state", body.get("state"))?.filter(|state| !state.is_empty()).map(State::new);
    let host = text("referer", body.get("referer"))?.map_or(Given::Absent, Given::One);

    let use_cases = state.use_cases.clone();
    let claimed = async move { use_cases.claim(&caller.0, AuthorizationCode::new(code), link_state, host).await };
    let standing = state.run(claimed).await?;
    Ok(private(&json!({
        "success": true,
        "message": "AMO CRM successfully connected",
        "data": describe(&standing),
    })))
}

/// A text of the body; `null` counts as absent, and other types are refused.
fn text(field: &'static str, value: Option<&Value>) -> Result<Option<String>, ApiError> {
    let refuse = |why: &str| Err(ApiError::InvalidRequest(field, format!("`{field}` {why}.")));
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.chars().count() > LONGEST_PARAMETER => {
            refuse("is longer than 4096 characters")
        }
        Some(Value::String(text)) if text.chars().any(char::is_control) => refuse("has control characters"),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => refuse("must be a string"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_texts_of_up_to_4096_characters_without_controls() {
        assert_eq!(text("state", None).unwrap(), None);
        assert_eq!(text("state", Some(&Value::Null)).unwrap(), None);
        assert_eq!(text("code", Some(&json!("ї".repeat(4096)))).unwrap().unwrap().chars().count(), 4096);
        for bad in [json!("a".repeat(4097)), json!("a\u{0}"), json!("a\n"), json!(1), json!(["a"])] {
            let error = text("code", Some(&bad)).unwrap_err();
            assert!(matches!(error, ApiError::InvalidRequest("code", _)), "{error}");
        }
    }
}
