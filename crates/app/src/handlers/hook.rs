//! `GET /hooks/disconnected`: amoCRM's word that an administrator switched the integration off.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use amo_connect_domain::authorization::callback::Parameters;
use serde_json::json;

use super::private;
use crate::error::ApiError;
use crate::state::AppState;

/// Takes amoCRM's word as a reason to look: it never changes, so anybody who has seen it can
/// repeat it.
pub async fn disconnected(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse, ApiError> {
    let parameters = Parameters::parse(request.query_string());
    let account = state.use_cases.read_hook(&parameters).ok_or(ApiError::InvalidSignature)?;
    tracing::info!(amo.account = %account, "integration switched off in an account; its connections are checked");
    let use_cases = state.use_cases.clone();
    state.run(async move { use_cases.switched_off(account).await }).await?;
    Ok(private(&json!({ "success": true })))
}
