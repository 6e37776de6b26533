//! `POST /authorize` and `GET /authorize/{attemptId}`.

use actix_web::http::header::{HeaderValue, RETRY_AFTER};
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use amo_connect_domain::authorization::attempt::AttemptReason;
use amo_connect_domain::authorization::progress::AttemptProgress;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa::openapi::{RefOr, Schema};

use super::answer::{Success, private};
use super::{query, schemas};
use crate::auth::Caller;
use crate::error::ApiError;
use crate::json_body::{OptionalBody, text};
use crate::state::AppState;

/// What an attempt is begun with.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BeginAttempt {
    /// Where all pages of this attempt lead: one of the links in the service's settings (`APP_DEEP_LINK`,
    /// `APP_DEEP_LINKS`), exactly as it stands there. Without it, `APP_DEEP_LINK`.
    #[schema(max_length = 1024, example = "foryoure-dev://amo-crm/callback")]
    deep_link: Option<String>,
}

impl BeginAttempt {
    fn read(mut body: Map<String, Value>) -> Result<Self, ApiError> {
        let deep_link = text("deepLink", body.shift_remove("deepLink"));
        match body.keys().next() {
            Some(name) => Err(query::unknown(name)),
            None => Ok(Self { deep_link: deep_link? }),
        }
    }
}

/// An attempt that has begun.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StartedAttempt {
    /// Its name, 22 characters.
    #[schema(pattern = "^[A-Za-z0-9_-]{22}$", example = "q7vZk1Yt3mJx0bN5cR8wLg")]
    attempt_id: String,
    /// What the app opens in the system's browser.
    #[schema(format = "uri")]
    authorization_url: String,
    /// What its deep link has as `state`; single use.
    state: String,
    /// When it expires, 30 minutes from its beginning.
    #[schema(format = DateTime)]
    expires_at: String,
}

/// How an attempt goes.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AttemptView {
    /// Its name, 22 characters.
    #[schema(pattern = "^[A-Za-z0-9_-]{22}$", example = "q7vZk1Yt3mJx0bN5cR8wLg")]
    attempt_id: String,
    state: AttemptState,
    /// Why it failed, or why a pending one is to be tried again by a reload of the page; else `null`.
    #[schema(required, schema_with = reasons)]
    reason: Option<&'static str>,
}

/// How far an attempt is; `connected`, `denied`, `expired` and `failed` are final.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AttemptState {
    /// The browser has not come back.
    Pending,
    /// amoCRM is being asked.
    Exchanging,
    /// The app has to send the code to `/exchange-code`.
    AwaitingClaim,
    /// The account is connected.
    Connected,
    /// The person declined.
    Denied,
    /// It took too long, or later attempts replaced it.
    Expired,
    /// It came to nothing.
    Failed,
}

fn reasons() -> RefOr<Schema> {
    schemas::one_of_or_null(AttemptReason::CODES)
}

/// Begins an attempt.
#[utoipa::path(
    post,
    path = "/api/amo-crm/authorize",
    operation_id = "beginAttempt",
    tag = "connection",
    security(("jwt" = [])),
    request_body(content = BeginAttempt, description = "Where the attempt leads, or nothing.", example = json!({})),
    responses((
        status = 200,
        description = "The attempt has begun. Open `authorizationUrl` in the system's browser.",
        body = Success<StartedAttempt>,
        example = json!({ "success": true, "data": {
            "attemptId": "q7vZk1Yt3mJx0bN5cR8wLg",
            "authorizationUrl": "https://www.amocrm.ru/oauth?client_id=a1b2&state=ac1_0d6ERPJ0mA2xT4c9qJ3JtT0c2tqN5mPZ1o9sQe7xYwE&mode=popup",
            "state": "ac1_0d6ERPJ0mA2xT4c9qJ3JtT0c2tqN5mPZ1o9sQe7xYwE",
            "expiresAt": "2026-11-23T10:30:00Z",
        } }),
    )),
)]
pub async fn start(
    request: HttpRequest,
    state: Data<AppState>,
    caller: Caller,
    body: OptionalBody,
) -> Result<HttpResponse, ApiError> {
    query::none(&request)?;
    let BeginAttempt { deep_link } = BeginAttempt::read(body.0)?;
    if deep_link.as_ref().is_some_and(|link| !state.deep_links.allow(link)) {
        return Err(ApiError::invalid("deepLink", "is none of the links in the service's settings"));
    }
    let use_cases = state.use_cases.clone();
    let started = state.run(async move { use_cases.start(caller.clone(), deep_link).await }).await?;
    Ok(private(&Success::of(StartedAttempt {
        attempt_id: started.attempt.to_string(),
        authorization_url: started.authorization_url.to_string(),
        state: started.state.expose().to_owned(),
        expires_at: started.expires_at.to_string(),
    })))
}

/// Tells the attempt's own user how it goes.
#[utoipa::path(
    get,
    path = "/api/amo-crm/authorize/{attemptId}",
    operation_id = "getAttempt",
    tag = "connection",
    security(("jwt" = [])),
    params(("attemptId" = String, Path, description = "The attempt's name.", example = "q7vZk1Yt3mJx0bN5cR8wLg")),
    responses((
        status = 200,
        description = "How the attempt goes. `Retry-After` while that is not final.",
        body = Success<AttemptView>,
        headers(("Retry-After" = u32)),
        example = json!({ "success": true, "data": {
            "attemptId": "q7vZk1Yt3mJx0bN5cR8wLg", "state": "pending", "reason": null,
        } }),
    )),
)]
pub async fn progress(
    request: HttpRequest,
    state: Data<AppState>,
    caller: Caller,
    id: Path<String>,
) -> Result<HttpResponse, ApiError> {
    query::none(&request)?;
    let id = id.parse().or(Err(ApiError::AttemptNotFound))?;
    let use_cases = state.use_cases.clone();
    let view = state.run(async move { use_cases.attempt(&caller, id).await }).await?;
    let view = view.ok_or(ApiError::AttemptNotFound)?;
    let (word, reason) = words(view.progress);
    let reason = reason.map(AttemptReason::code);
    let mut response = private(&Success::of(AttemptView { attempt_id: view.attempt.to_string(), state: word, reason }));
    if !view.progress.is_final() {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("2"));
    }
    Ok(response)
}

/// The state and the reason of an attempt, as the app is told them.
pub(crate) fn words(progress: AttemptProgress) -> (AttemptState, Option<AttemptReason>) {
    match progress {
        AttemptProgress::Pending(reason) => (AttemptState::Pending, reason),
        AttemptProgress::Exchanging => (AttemptState::Exchanging, None),
        AttemptProgress::AwaitingClaim => (AttemptState::AwaitingClaim, None),
        AttemptProgress::Connected => (AttemptState::Connected, None),
        AttemptProgress::Denied => (AttemptState::Denied, None),
        AttemptProgress::Expired => (AttemptState::Expired, None),
        AttemptProgress::Failed(reason) => (AttemptState::Failed, reason),
    }
}
