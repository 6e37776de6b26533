//! `GET /healthz` and `GET /readyz`.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::state::AppState;

/// How an instance is.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// `ok` or `ready`.
    status: &'static str,
}

/// The process lives.
#[utoipa::path(
    method(get, head),
    path = "/healthz",
    operation_id = "getHealth",
    tag = "service",
    responses((status = 200, description = "The process lives.", body = Health, example = json!({ "status": "ok" }))),
)]
pub async fn alive() -> HttpResponse {
    healthy("ok")
}

/// It is better than no instance.
#[utoipa::path(
    method(get, head),
    path = "/readyz",
    operation_id = "getReadiness",
    tag = "service",
    responses((status = 200, description = "The instance can serve.", body = Health, example = json!({ "status": "ready" }))),
)]
pub async fn ready(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse, ApiError> {
    state.limits.check_address(&request)?;
    state.readiness.check(&state.use_cases).await?;
    Ok(healthy("ready"))
}

/// True for this moment alone.
fn healthy(status: &'static str) -> HttpResponse {
    HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(Health { status })
}
