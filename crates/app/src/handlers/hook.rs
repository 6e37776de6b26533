//! `GET /hooks/disconnected`: amoCRM's word that an administrator switched the integration off.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use amo_connect_domain::authorization::callback::Parameters;

use super::answer::{Done, private};
use crate::error::ApiError;
use crate::state::AppState;

/// Takes amoCRM's word as a reason to look: it never changes, so anybody who has seen it can
/// repeat it.
#[utoipa::path(
    get,
    path = "/api/amo-crm/hooks/disconnected",
    operation_id = "disconnectHook",
    tag = "amoCRM",
    params(
        ("account_id" = String, Query, description = "The account's number.", example = "31920194"),
        ("client_uuid" = String, Query, description = "The integration's id.", example = "5f8c1e2a-0000-4000-8000-000000000000"),
        ("signature" = String, Query, description = "Hex of HMAC-SHA256 over `client_uuid|account_id` under the client secret.", example = "9c56cc51b374c3ba189210d5b6d4bf57790d351c96c47c02190ecf1e430635ab"),
    ),
    responses((
        status = 200,
        description = "The account's connections will be checked.",
        body = Done,
        example = json!({ "success": true }),
    )),
)]
pub async fn disconnected(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse, ApiError> {
    state.limits.check_address(&request)?;
    let parameters = Parameters::parse(request.query_string());
    let account = state.use_cases.read_hook(&parameters).ok_or(ApiError::InvalidSignature)?;
    tracing::info!(amo.account = %account, "integration switched off in an account; its connections are checked");
    let use_cases = state.use_cases.clone();
    state.run(async move { use_cases.switched_off(account).await }).await?;
    Ok(private(&Done::new()))
}
