//! What became of a user's attempts to connect, and of their codes: for `connections show`.

use amo_connect_domain::authorization::attempt::{Attempt, AttemptReason, AttemptState};
use amo_connect_domain::authorization::code::{Exchange, ExchangeStatus};
use amo_connect_domain::authorization::progress::AttemptProgress;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::handlers::authorize::words;

/// An attempt, as the app was told of it, and what happened. `exchange` is of its code.
pub(super) fn attempt(attempt: &Attempt, exchange: Option<&Exchange>, now: Timestamp) -> Value {
    let progress = attempt.progress(exchange, now, now);
    let (state, reason) = words(progress);
    json!({
        "at": attempt.opened_at.to_string(),
        "attemptId": attempt.id.to_string(),
        "state": state,
        "reason": reason.map(AttemptReason::code),
        "detail": attempt_detail(attempt, progress),
        "expiresAt": attempt.expires_at.to_string(),
    })
}

fn attempt_detail(attempt: &Attempt, progress: AttemptProgress) -> &'static str {
    match (progress, attempt.state) {
        (AttemptProgress::Pending(None), _) => "the browser has not come back from amoCRM yet",
        (AttemptProgress::Pending(Some(reason)) | AttemptProgress::Failed(Some(reason)), _) => why(reason),
        (AttemptProgress::Exchanging, _) => "the code is being exchanged",
        (AttemptProgress::AwaitingClaim, _) => "the app has not brought the code back yet",
        (AttemptProgress::Connected, _) => "connected",
        (AttemptProgress::Denied, _) => "the user declined",
        (AttemptProgress::Expired, AttemptState::Superseded) => "newer attempts replaced it",
        (AttemptProgress::Expired, AttemptState::Open) => "the browser never came back from amoCRM",
        (AttemptProgress::Expired, _) => "the exchange was not finished in time",
        (AttemptProgress::Failed(None), _) => "amoCRM reported an error, or the user is connected to another account",
    }
}

fn why(reason: AttemptReason) -> &'static str {
    match reason {
        AttemptReason::CrmUnavailable => {
            "amoCRM gave no tokens: the log has `exchange failed` with the cause; a reload of the page asks again"
        }
        AttemptReason::StorageUnavailable => "the database did not answer; a reload of the page tries again",
        AttemptReason::InvalidCode => "amoCRM refused the code",
        AttemptReason::InvalidAccountHost => "the browser came back from a host that is not under AMO_ALLOWED_HOSTS",
        AttemptReason::ClaimTimeout => "the app did not bring the code back in time",
        AttemptReason::Disconnected => "the user disconnected meanwhile",
    }
}

/// A code, and what happened to it.
pub(super) fn exchange(exchange: &Exchange, now: Timestamp) -> Value {
    let (state, detail) = exchange_state(exchange, now);
    json!({
        "at": exchange.admitted_at.to_string(),
        "attemptId": exchange.attempt.map(|id| id.to_string()),
        "state": state,
        "detail": detail,
        "domain": exchange.host.as_str(),
    })
}

fn exchange_state(exchange: &Exchange, now: Timestamp) -> (&'static str, &'static str) {
    match &exchange.status {
        ExchangeStatus::InFlight(lease) if lease.is_live(now) => ("exchanging", "amoCRM has not answered yet"),
        ExchangeStatus::InFlight(_) => ("interrupted", "the process that sent the code ended before amoCRM answered"),
        ExchangeStatus::Interrupted => ("interrupted", why(AttemptReason::CrmUnavailable)),
        ExchangeStatus::Waiting { claim_by, .. } if now < *claim_by => {
            ("awaiting_claim", "amoCRM gave tokens; the app has not brought the code back yet")
        }
        ExchangeStatus::Waiting { .. } | ExchangeStatus::Unclaimed => ("unclaimed", why(AttemptReason::ClaimTimeout)),
        ExchangeStatus::Connected(_) => ("connected", "amoCRM gave tokens"),
        ExchangeStatus::CodeRefused => ("refused", why(AttemptReason::InvalidCode)),
        ExchangeStatus::OtherAccount => ("already_connected", "the user is connected to another account"),
        ExchangeStatus::Void => ("void", "the user disconnected, or connected anew, meanwhile"),
    }
}
