//! Answers that can be kept, and asked about before they are used again.

use actix_web::http::header::{CACHE_CONTROL, ETag, EntityTag, Header as _, HeaderName, IfNoneMatch};
use actix_web::web::Data;
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse};
use amo_connect_domain::ids::UserId;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::error::ApiError;
use crate::long_answers::LongAnswer;
use crate::state::AppState;

/// An answer to the user of this request that the app may keep, and asks about before it uses it again.
pub(super) fn revalidated(request: &HttpRequest, body: &impl Serialize) -> Result<HttpResponse, ApiError> {
    let body = serde_json::to_vec(body).or(Err(ApiError::Internal(None)))?;
    let state = request.app_data::<Data<AppState>>().ok_or(ApiError::Internal(None))?;
    let user = request.extensions().get::<UserId>().cloned().ok_or(ApiError::Internal(None))?;
    let body = state.limits.long_answers().answer(body, &user)?;
    Ok(tagged(request, (CACHE_CONTROL, "private, no-cache"), body))
}

/// An answer with an `ETag` of its bytes, or 304 if the caller has it.
pub(super) fn tagged(request: &HttpRequest, freshness: (HeaderName, &'static str), body: LongAnswer) -> HttpResponse {
    let tag = EntityTag::new_strong(URL_SAFE_NO_PAD.encode(&Sha256::digest(body.as_ref())[..16]));
    let is_unchanged = match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Any) => true,
        Ok(IfNoneMatch::Items(known)) => known.iter().any(|known| known.weak_eq(&tag)),
        Err(_) => false,
    };
    let mut response = if is_unchanged { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response.insert_header(freshness).insert_header(ETag(tag));
    if is_unchanged { response.finish() } else { response.content_type("application/json").body(body) }
}
