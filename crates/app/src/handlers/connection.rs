//! `GET /status` and `POST /disconnect`.

use actix_web::HttpResponse;
use actix_web::web::Data;
use amo_connect_domain::connection::audit::Actor;
use amo_connect_domain::connection::{ConnectionState, FormerAccount, Grant, Problem};
use amo_connect_domain::ids::AccountId;
use amo_connect_domain::usecase::ConnectionStatus;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::private;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::state::AppState;

/// Tells how the caller stands.
pub async fn status(state: Data<AppState>, caller: Caller) -> Result<HttpResponse, ApiError> {
    let use_cases = state.use_cases.clone();
    let standing = state.run(async move { use_cases.status(&caller.0).await }).await?;
    Ok(private(&json!({ "success": true, "data": describe(&standing) })))
}

/// Disconnects the caller.
pub async fn disconnect(state: Data<AppState>, caller: Caller) -> Result<HttpResponse, ApiError> {
    let use_cases = state.use_cases.clone();
    state.run(async move { use_cases.disconnect(&caller.0, Actor::User).await }).await?;
    Ok(private(&json!({ "success": true, "message": "AMO CRM disconnected" })))
}

/// A standing as `/status` and `/exchange-code` show it.
pub fn describe(standing: &ConnectionStatus) -> Value {
    let waiting = if standing.awaits_claim { "awaiting_claim" } else { "not_connected" };
    let Some(connection) = &standing.connection else {
        return shape(waiting, None, None, [None, None]);
    };
    let times = [connection.connected_at, connection.refreshed_at];
    match &connection.state {
        ConnectionState::Disconnected => shape(waiting, None, None, [None, None]),
        ConnectionState::Connected(Grant { host, account, .. }) => {
            let problem = connection.problem.map(|Problem { code, since }| (code.code(), since));
            shape("connected", Some((host.as_str(), *account)), problem, times)
        }
        ConnectionState::NeedsReauth { former: FormerAccount { host, account }, reason, since } => {
            shape("needs_reauth", Some((host.as_str(), *account)), Some((reason.code(), *since)), times)
        }
        ConnectionState::Revoked(FormerAccount { host, account }) => {
            shape("revoked", Some((host.as_str(), *account)), None, times)
        }
    }
}

fn shape(
    state: &str,
    account: Option<(&str, Option<AccountId>)>,
    problem: Option<(&str, Timestamp)>,
    [connected_at, refreshed_at]: [Option<Timestamp>; 2],
) -> Value {
    let (domain, id) = account.unwrap_or(("", None));
    json!({
        "connected": state == "connected",
        "hasTokens": matches!(state, "connected" | "awaiting_claim"),
        "domain": domain,
        "accountId": id.map_or_else(String::new, |id| id.to_string()),
        "state": state,
        "problem": problem.map(|(code, since)| json!({ "code": code, "since": since.to_string() })),
        "connectedAt": connected_at.map(|at| at.to_string()),
        "lastRefreshedAt": refreshed_at.map(|at| at.to_string()),
    })
}
