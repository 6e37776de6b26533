//! `GET /healthz` and `GET /readyz`.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde_json::json;

use crate::error::ApiError;
use crate::state::AppState;

/// The process lives.
pub async fn alive() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "ok" }))
}

/// It can serve: the database can be written and its schema is current.
pub async fn ready(state: Data<AppState>) -> Result<HttpResponse, ApiError> {
    if state.readiness.is_draining() {
        return Err(ApiError::Draining);
    }
    let use_cases = state.use_cases.clone();
    match state.run(async move { use_cases.ready().await }).await {
        Err(error @ ApiError::Internal(_)) => {
            tracing::error!("not ready: unknown database schema");
            let ApiError::Internal(Some(cause)) = error else { return Err(error) };
            Err(ApiError::StorageUnavailable(cause))
        }
        Err(error) => Err(error),
        Ok(()) => Ok(HttpResponse::Ok().json(json!({ "status": "ready" }))),
    }
}
