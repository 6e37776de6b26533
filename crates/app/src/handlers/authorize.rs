//! `POST /authorize` and `GET /authorize/{attemptId}`.

use actix_web::HttpResponse;
use actix_web::http::header::RETRY_AFTER;
use actix_web::web::{Data, Path};
use amo_connect_domain::authorization::attempt::AttemptReason;
use amo_connect_domain::authorization::progress::AttemptProgress;
use serde_json::json;

use super::private;
use crate::auth::RatedCaller;
use crate::error::ApiError;
use crate::state::AppState;

/// Begins an attempt.
pub async fn start(state: Data<AppState>, caller: RatedCaller) -> Result<HttpResponse, ApiError> {
    let use_cases = state.use_cases.clone();
    let started = state.run(async move { use_cases.start(caller.0).await }).await?;
    Ok(private(&json!({
        "success": true,
        "data": {
            "attemptId": started.attempt.to_string(),
            "authorizationUrl": started.authorization_url.as_str(),
            "state": started.state.expose(),
            "expiresAt": started.expires_at.to_string(),
        },
    })))
}

/// Tells the attempt's own user how it goes.
pub async fn progress(state: Data<AppState>, caller: RatedCaller, id: Path<String>) -> Result<HttpResponse, ApiError> {
    let id = id.parse().or(Err(ApiError::AttemptNotFound))?;
    let use_cases = state.use_cases.clone();
    let view = state.run(async move { use_cases.attempt(&caller.0, id).await }).await?;
    let view = view.ok_or(ApiError::AttemptNotFound)?;
    let (word, reason) = words(view.progress);
    let mut response = private(&json!({
        "success": true,
        "data": { "attemptId": view.attempt.to_string(), "state": word, "reason": reason },
    }));
    if !view.progress.is_final() {
        response.headers_mut().insert(RETRY_AFTER, actix_web::http::header::HeaderValue::from_static("2"));
    }
    Ok(response)
}

fn words(progress: AttemptProgress) -> (&'static str, Option<&'static str>) {
    match progress {
        AttemptProgress::Pending(reason) => ("pending", reason.map(AttemptReason::code)),
        AttemptProgress::Exchanging => ("exchanging", None),
        AttemptProgress::AwaitingClaim => ("awaiting_claim", None),
        AttemptProgress::Connected => ("connected", None),
        AttemptProgress::Denied => ("denied", None),
        AttemptProgress::Expired => ("expired", None),
        AttemptProgress::Failed(reason) => ("failed", reason.map(AttemptReason::code)),
    }
}
