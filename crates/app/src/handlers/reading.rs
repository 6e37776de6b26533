//! What the endpoints that read amoCRM share: their words, their refusals, their headers.

use std::fmt::Display;
use std::str::FromStr;

use actix_web::http::header::{CACHE_CONTROL, ETag, EntityTag, Header as _, IfNoneMatch};
use actix_web::{HttpRequest, HttpResponse};
use amo_connect_domain::crm::lead::LeadStatus;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::error::ApiError;

/// An answer that the app may keep, and asks about before it uses it again.
pub(super) fn revalidated(request: &HttpRequest, body: &impl Serialize) -> Result<HttpResponse, ApiError> {
    let body = serde_json::to_vec(body).or(Err(ApiError::Internal(None)))?;
    let tag = EntityTag::new_strong(URL_SAFE_NO_PAD.encode(&Sha256::digest(&body)[..16]));
    let is_unchanged = match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Any) => true,
        Ok(IfNoneMatch::Items(known)) => known.iter().any(|known| known.weak_eq(&tag)),
        Err(_) => false,
    };
    let mut response = if is_unchanged { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response.insert_header((CACHE_CONTROL, "private, no-cache")).insert_header(ETag(tag));
    Ok(if is_unchanged { response.finish() } else { response.content_type("application/json").body(body) })
}

/// What the app calls a stage.
pub(super) fn code(status: LeadStatus) -> &'static str {
    match status {
        LeadStatus::New => "NEW",
        LeadStatus::InProgress => "IN_PROGRESS",
        LeadStatus::Closed => "CLOSED",
    }
}

/// A number of amoCRM's, which is never 0.
pub(super) fn amo_number(field: &'static str, value: &str) -> Result<u64, ApiError> {
    number(field, value, 1, u64::MAX)
}

/// A number within bounds, in digits alone.
pub(super) fn number<T: Copy + Display + FromStr + PartialOrd>(
    field: &'static str,
    value: &str,
    least: T,
    most: T,
) -> Result<T, ApiError> {
    let number = value.parse().ok().filter(|_| value.bytes().all(|byte| byte.is_ascii_digit()));
    number
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| refusal(field, format_args!("a whole number from {least} to {most}")))
}

/// What `field` has to be.
pub(super) fn refusal(field: &'static str, allowed: impl Display) -> ApiError {
    ApiError::InvalidRequest(field, format!("`{field}` must be {allowed}."))
}
