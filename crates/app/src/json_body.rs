//! A request's body as JSON: of up to 16 kB, said to be JSON, and all there in time.

use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::web::{Bytes, PayloadConfig};
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};
use amo_connect_domain::token::LONGEST_PARAMETER;
use futures_util::future::{FutureExt, LocalBoxFuture};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::server::clients::Connection;

/// The largest body that is read.
const LARGEST_BODY: usize = 16 * 1024;

/// How long a body may take. One that never ends would hold up a shutdown.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// The members of a body that must be there.
#[derive(Debug)]
pub struct JsonBody(pub Map<String, Value>);

/// The members of a body that may be left out.
#[derive(Debug)]
pub struct OptionalBody(pub Map<String, Value>);

/// An object without members.
#[derive(Debug, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NoMembers {}

/// What routes need for their bodies to be read.
pub(crate) fn config() -> PayloadConfig {
    PayloadConfig::new(LARGEST_BODY)
}

impl FromRequest for JsonBody {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (body, is_json) = (whole(request, payload), is_json(request));
        async move { members(&body.await?, is_json).map(Self) }.boxed_local()
    }
}

impl FromRequest for OptionalBody {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (body, is_json) = (whole(request, payload), is_json(request));
        async move {
            let body = body.await?;
            if body.is_empty() { Ok(Self(Map::new())) } else { members(&body, is_json).map(Self) }
        }
        .boxed_local()
    }
}

impl FromRequest for NoMembers {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = OptionalBody::from_request(request, payload);
        async move { body.await?.0.keys().next().map_or(Ok(Self {}), |name| Err(crate::handlers::unknown(name))) }
            .boxed_local()
    }
}

/// All of the body, in time.
fn whole(request: &HttpRequest, payload: &mut Payload) -> impl Future<Output = Result<Bytes, ApiError>> + use<> {
    let whole = Bytes::from_request(request, payload);
    let connection = request.conn_data::<Arc<Connection>>().cloned();
    async move {
        let _receiving = connection.as_ref().map(|connection| connection.receive_body());
        let whole = tokio::time::timeout(BODY_TIMEOUT, whole).await.or(Err(ApiError::RequestTimeout))?;
        whole.map_err(|error| match error.as_error() {
            Some(PayloadError::Overflow) => ApiError::PayloadTooLarge,
            _ => ApiError::InvalidJson,
        })
    }
}

fn is_json(request: &HttpRequest) -> bool {
    let kind = request.mime_type().ok().flatten();
    kind.is_some_and(|kind| kind.subtype() == "json" || kind.suffix().is_some_and(|suffix| suffix == "json"))
}

fn members(body: &[u8], is_json: bool) -> Result<Map<String, Value>, ApiError> {
    if !is_json {
        return Err(ApiError::UnsupportedMediaType);
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err(ApiError::InvalidRequest("body".to_owned(), "The body must be a JSON object.".to_owned())),
        Err(_) => Err(ApiError::InvalidJson),
    }
}

/// A text of the body; `null` counts as absent, and other types are refused.
pub(crate) fn text(field: &str, value: Option<Value>) -> Result<Option<String>, ApiError> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.chars().count() > LONGEST_PARAMETER => {
            Err(ApiError::invalid(field, "is longer than 4096 characters"))
        }
        Some(Value::String(text)) if text.chars().any(char::is_control) => {
            Err(ApiError::invalid(field, "has control characters"))
        }
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(ApiError::invalid(field, "must be a string")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_are_texts_of_up_to_4096_characters_without_controls() {
        assert_eq!(text("state", None).unwrap(), None);
        assert_eq!(text("state", Some(Value::Null)).unwrap(), None);
        assert_eq!(text("code", Some(json!("ї".repeat(4096)))).unwrap().unwrap().chars().count(), 4096);
        for bad in [json!("a".repeat(4097)), json!("a\u{0}"), json!("a\n"), json!(1), json!(["a"])] {
            let error = text("code", Some(bad)).unwrap_err();
            assert_eq!(error.field(), Some("code"), "{error}");
        }
    }
}
