//! What amoCRM means by an answer that is no success.
//!
//! The hints are those of PHP League's oauth2-server, which amoCRM's token endpoint is made of.

use amo_connect_domain::ports::AmoError;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::repair::repaired;
use super::retry_after::retry_after;
use super::wire::{Answer, Loss};

/// What a token request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// A pair for an authorization code.
    Exchange,
    /// The next pair for a refresh token.
    Refresh,
}

/// A token request that brought no pair: certainly not sent, or in doubt.
pub(super) fn of_lost_token_request(loss: Loss) -> AmoError {
    match loss {
        Loss::NotSent => AmoError::Unreachable,
        Loss::TimedOut | Loss::Cut | Loss::TooLong => AmoError::OutcomeUnknown,
    }
}

/// A token request that was answered, and not with a pair.
pub(super) fn of_token_request(asked: Asked, answer: &Answer) -> AmoError {
    match (answer.status.as_u16(), answer.whole()) {
        (400 | 401, Ok(body)) => of_problem(asked, answer.status.as_u16(), body),
        (400 | 401, Err(loss)) => of_lost_token_request(loss),
        // 304 has no body of its own: what came with it cannot be read.
        (300..=303 | 305..=499, _) => by_status(answer),
        _ => AmoError::OutcomeUnknown,
    }
}

/// A read that brought nothing.
pub(super) fn of_lost_read(loss: Loss) -> AmoError {
    match loss {
        Loss::NotSent => AmoError::Unreachable,
        Loss::Cut => AmoError::ConnectionLost,
        Loss::TimedOut => AmoError::TimedOut,
        Loss::TooLong => AmoError::Protocol,
    }
}

/// A read that was answered with anything but 200 and 204.
pub(super) fn of_read(answer: &Answer) -> AmoError {
    match answer.status.as_u16() {
        401 => AmoError::AccessRefused,
        504 => AmoError::TimedOut,
        500..=599 => AmoError::Unavailable,
        _ => by_status(answer),
    }
}

/// Whether a look-up was answered, and the answer was no. A 403 in HTML is a ban, and says
/// nothing of the token.
pub(super) fn is_refused_look_up(answer: &Answer) -> bool {
    match answer.status.as_u16() {
        400 | 401 | 404 => true,
        403 => is_json(answer),
        _ => false,
    }
}

/// A 403 in JSON is no ban, and no word on the token either: with a new one it stays, so it
/// must not cost a refresh.
fn by_status(answer: &Answer) -> AmoError {
    match answer.status.as_u16() {
        402 => AmoError::PaymentRequired,
        403 if !is_json(answer) => AmoError::Blocked,
        404 => AmoError::NotFound,
        300..=303 | 305..=399 | 410 | 421 => AmoError::Moved,
        429 => AmoError::RateLimited { retry_after: retry_after(&answer.headers) },
        _ => AmoError::Protocol,
    }
}

/// Whether the API's own words came, however they are spelt: a web server that bans us sends HTML.
fn is_json(answer: &Answer) -> bool {
    let body = answer.whole().unwrap_or_default();
    serde_json::from_str::<Map<String, Value>>(&repaired(body)).is_ok()
}

#[derive(Deserialize)]
struct Problem {
    title: Option<String>,
    hint: Option<String>,
}

fn problem(body: &[u8]) -> Option<Problem> {
    serde_json::from_slice(body).ok()
}

/// The hint decides; without one it is the client that is accused.
fn of_problem(asked: Asked, status: u16, body: &[u8]) -> AmoError {
    let Some(problem) = problem(body) else {
        return AmoError::Protocol;
    };
    match (problem.hint.as_deref().unwrap_or_default(), asked) {
        ("", _) if status == 401 || problem.title.as_deref() == Some("Некорректный клиент") => {
            AmoError::Misconfigured
        }
        (
            "Token has been revoked"
            | "Token has expired"
            | "Cannot decrypt the refresh token"
            | "Invalid refresh token",
            Asked::Refresh,
        ) => AmoError::GrantRevoked,
        // The host is another account's by now: this one may have moved.
        ("Invalid account", Asked::Refresh) => AmoError::NotFound,
        (
            "Authorization code has been revoked"
            | "Authorization code has expired"
            | "Authorization code malformed"
            | "Authorization code was not issued to this client"
            | "Cannot decrypt the authorization code"
            | "Invalid account",
            Asked::Exchange,
        ) => AmoError::CodeRejected,
        (
            "Token is not linked to client"
            | "Redirect URI is not associated with client"
            | "Send request to account"
            | "Check the `client_id` parameter"
            | "Check the `client_secret` parameter"
            | "Check the `redirect_uri` parameter",
            _,
        ) => AmoError::Misconfigured,
        _ => AmoError::Protocol,
    }
}
