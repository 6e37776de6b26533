//! `GET /openapi.json` and `GET /docs`: the document that describes the service, for programs and for people.

use actix_web::http::header::{CACHE_CONTROL, ContentType};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use super::reading::tagged;
use crate::error::ApiError;
use crate::long_answers::LongAnswer;
use crate::pages::{Nonce, client_headers};
use crate::state::AppState;
use crate::{docs, openapi};

/// The OpenAPI document. It changes only with the version of the service.
#[utoipa::path(
    get,
    path = "/openapi.json",
    operation_id = "getDocument",
    tag = "service",
    responses((
        status = 200,
        description = "The OpenAPI 3.1 document of this service.",
        body = Object,
        example = json!({ "openapi": "3.1.0", "info": { "title": "amo-connect", "version": "0.2.0" }, "paths": {} }),
    )),
)]
pub async fn openapi(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse, ApiError> {
    state.limits.check_address(&request)?;
    Ok(tagged(&request, (CACHE_CONTROL, "public, max-age=300"), LongAnswer::fixed(openapi::rendered().as_bytes())))
}

/// A page to read the document and to try it.
#[utoipa::path(
    get,
    path = "/docs",
    operation_id = "getDocs",
    tag = "service",
    responses((
        status = 200,
        description = "The page.",
        content_type = "text/html; charset=utf-8",
        body = String,
        example = "<!DOCTYPE html>…",
    )),
)]
pub async fn page(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse, ApiError> {
    state.limits.check_address(&request)?;
    let nonce = Nonce::random();
    let mut response = HttpResponse::Ok();
    response.content_type(ContentType::html());
    for header in client_headers(nonce.as_str()) {
        response.insert_header(header);
    }
    Ok(response.body(docs::page(nonce.as_str()).into_string()))
}
