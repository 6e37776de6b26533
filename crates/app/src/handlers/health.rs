//! `GET /healthz` and `GET /readyz`.

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use serde_json::json;

use crate::error::ApiError;
use crate::state::AppState;

/// The process lives.
pub async fn alive() -> HttpResponse {
    healthy("ok")
}

/// It is better than no instance.
pub async fn ready(state: Data<AppState>) -> Result<HttpResponse, ApiError> {
    state.readiness.check(&state.use_cases).await?;
    Ok(healthy("ready"))
}

/// True for this moment alone.
fn healthy(status: &str) -> HttpResponse {
    HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(json!({ "status": status }))
}
