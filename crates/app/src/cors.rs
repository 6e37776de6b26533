//! Web builds of the app: which pages may call, and what they are told.

use actix_cors::{Cors, CorsError};
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, AUTHORIZATION, CONTENT_TYPE, ETAG, HeaderName,
    IF_NONE_MATCH, ORIGIN, RETRY_AFTER,
};
use actix_web::middleware::Next;
use actix_web::web::Data;

use crate::error::ApiError;
use crate::request_id;
use crate::state::AppState;

/// The permission of web pages at `origins` to call, and to read what they need of the answer.
pub fn permission(origins: &[String]) -> Cors {
    origins
        .iter()
        .fold(Cors::default(), |cors, origin| cors.allowed_origin(origin))
        .allowed_methods(["GET", "POST", "PATCH"])
        .allowed_headers([AUTHORIZATION, CONTENT_TYPE, IF_NONE_MATCH, HeaderName::from_static("idempotency-key")])
        .expose_headers([request_id::HEADER, RETRY_AFTER, ETAG, HeaderName::from_static("idempotency-replayed")])
        .max_age(3600)
}

/// Counts a preflight, which no handler sees, against the rate of its address. A refused one is told as every
/// refusal is.
pub async fn count_preflight(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    if is_preflight(&request)
        && let Some(state) = request.app_data::<Data<AppState>>()
        && let Err(refusal) = state.limits.check_address(request.request())
    {
        return Ok(request.error_response(refusal).map_into_right_body());
    }
    let response = next.call(request).await?;
    let refused = response.response().error().and_then(|error| error.as_error::<CorsError>());
    match refused.map(refusal) {
        Some(refusal) => Ok(response.error_response(refusal).map_into_right_body()),
        None => Ok(response.map_into_left_body()),
    }
}

/// Whether the permission answers it, with or without an origin.
fn is_preflight(request: &ServiceRequest) -> bool {
    request.method() == Method::OPTIONS && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

fn refusal(error: &CorsError) -> ApiError {
    let (field, detail) = match error {
        CorsError::MissingRequestMethod | CorsError::BadRequestMethod | CorsError::MethodNotAllowed => {
            (ACCESS_CONTROL_REQUEST_METHOD, "Web pages may use GET, POST and PATCH.")
        }
        CorsError::BadRequestHeaders | CorsError::HeadersNotAllowed => {
            (ACCESS_CONTROL_REQUEST_HEADERS, "Web pages may not send all of these headers.")
        }
        CorsError::MissingOrigin => (ORIGIN, "A preflight names its origin."),
        _ => (ORIGIN, "Web pages of this origin may not call."),
    };
    ApiError::InvalidRequest(field.to_string(), detail.to_owned())
}
