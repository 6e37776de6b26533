//! `GET /status` and `POST /disconnect`.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use amo_connect_domain::connection::audit::Actor;
use amo_connect_domain::connection::{ProblemCode, ReauthReason, Standing};
use amo_connect_domain::ids::AccountId;
use amo_connect_domain::usecase::ConnectionStatus;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::{RefOr, Schema};

use super::answer::{Message, Success, private};
use super::{query, schemas};
use crate::auth::Caller;
use crate::error::ApiError;
use crate::json_body::NoMembers;
use crate::state::AppState;

/// How a user stands with amoCRM.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// Whether leads can be read.
    connected: bool,
    /// Whether there are tokens, also of a grant that waits for the app's claim.
    has_tokens: bool,
    /// The account's host; empty if there is none.
    #[schema(example = "example.amocrm.ru")]
    domain: String,
    /// The account's number; empty if there is none.
    #[schema(example = "31920194")]
    account_id: String,
    state: StatusState,
    /// What keeps amoCRM from answering, or why the connection has ended; else `null`.
    #[schema(required)]
    problem: Option<StatusProblem>,
    /// When the account was connected.
    #[schema(required, format = DateTime)]
    connected_at: Option<String>,
    /// When the tokens were last renewed.
    #[schema(required, format = DateTime)]
    last_refreshed_at: Option<String>,
}

/// The state of a connection.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StatusState {
    /// There is no connection.
    NotConnected,
    /// There is none, and a grant waits for the app to bring its code to `/exchange-code`.
    AwaitingClaim,
    /// It works, or will work again by itself.
    Connected,
    /// amoCRM has ended it: connect again.
    NeedsReauth,
    /// The integration was switched off in amoCRM.
    Revoked,
}

/// A problem of a connection.
#[derive(Serialize, ToSchema)]
pub struct StatusProblem {
    /// What it is.
    #[schema(schema_with = problem_codes)]
    code: &'static str,
    /// Since when.
    #[schema(format = DateTime)]
    since: String,
}

fn problem_codes() -> RefOr<Schema> {
    schemas::one_of(ReauthReason::CODES.iter().chain(ProblemCode::CODES))
}

/// Tells how the caller stands.
#[utoipa::path(
    get,
    path = "/api/amo-crm/status",
    operation_id = "getStatus",
    tag = "connection",
    security(("jwt" = [])),
    responses((
        status = 200,
        description = "How the user stands with amoCRM.",
        body = Success<Status>,
        example = json!({ "success": true, "data": {
            "connected": true, "hasTokens": true, "domain": "example.amocrm.ru", "accountId": "31920194",
            "state": "connected", "problem": null,
            "connectedAt": "2026-11-23T10:00:00Z", "lastRefreshedAt": "2026-11-23T10:00:00Z",
        } }),
    )),
)]
pub async fn status(request: HttpRequest, state: Data<AppState>, caller: Caller) -> Result<HttpResponse, ApiError> {
    query::none(&request)?;
    // A read of a row, which waits for others to read with it: nothing of it has to outlive the request.
    let standing = state.use_cases.status(&caller).await?;
    Ok(private(&Success::of(Status::of(&standing))))
}

/// Disconnects the caller.
#[utoipa::path(
    post,
    path = "/api/amo-crm/disconnect",
    operation_id = "disconnect",
    tag = "connection",
    security(("jwt" = [])),
    request_body(content = NoMembers, description = "An object without members, or nothing.", example = json!({})),
    responses((
        status = 200,
        description = "There is no connection any more, and its tokens are gone. The same if there was none.",
        body = Message,
        example = json!({ "success": true, "message": "AMO CRM disconnected" }),
    )),
)]
pub async fn disconnect(
    request: HttpRequest,
    state: Data<AppState>,
    caller: Caller,
    _: NoMembers,
) -> Result<HttpResponse, ApiError> {
    query::none(&request)?;
    let use_cases = state.use_cases.clone();
    state.run(async move { use_cases.disconnect(&caller, Actor::User).await }).await?;
    Ok(private(&Message::of("AMO CRM disconnected")))
}

impl Status {
    /// A standing as `/status` and `/exchange-code` show it.
    pub fn of(standing: &ConnectionStatus) -> Self {
        let waiting = if standing.awaits_claim { StatusState::AwaitingClaim } else { StatusState::NotConnected };
        let Some(connection) = &standing.connection else {
            return Self::new(waiting, None, None, [None, None]);
        };
        let state = match connection.standing {
            Standing::Disconnected => return Self::new(waiting, None, None, [None, None]),
            Standing::Connected(_) => StatusState::Connected,
            Standing::NeedsReauth(_) => StatusState::NeedsReauth,
            Standing::Revoked => StatusState::Revoked,
        };
        let (_, code) = connection.standing.codes();
        let problem = code.zip(connection.since).map(|(code, since)| StatusProblem::of(code, since));
        let account = connection.account.as_ref().map(|(host, account)| (host.as_str(), *account));
        Self::new(state, account, problem, [connection.connected_at, connection.refreshed_at])
    }

    fn new(
        state: StatusState,
        account: Option<(&str, Option<AccountId>)>,
        problem: Option<StatusProblem>,
        times: [Option<Timestamp>; 2],
    ) -> Self {
        let (domain, id) = account.unwrap_or(("", None));
        let [connected_at, last_refreshed_at] = times.map(|at| at.map(|at| at.to_string()));
        Self {
            connected: state == StatusState::Connected,
            has_tokens: matches!(state, StatusState::Connected | StatusState::AwaitingClaim),
            domain: domain.to_owned(),
            account_id: id.map_or_else(String::new, |id| id.to_string()),
            state,
            problem,
            connected_at,
            last_refreshed_at,
        }
    }
}

impl StatusProblem {
    fn of(code: &'static str, since: Timestamp) -> Self {
        Self { code, since: since.to_string() }
    }
}
