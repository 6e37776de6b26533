//! What amoCRM means by an answer that is no success.
//!
//! The hints are those of PHP League's oauth2-server, which amoCRM's token endpoint is made of.

use std::borrow::Cow;
use std::time::Duration;

use amo_connect_domain::ports::AmoError;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use super::objects::Objects;
use super::repair::repaired;
use super::retry_after::retry_after;
use crate::http::{self, Answer, Loss};

/// Bytes of a refusal that are looked at.
const LONGEST: usize = 64 * 1024;

/// How amoCRM calls a client that it does not accept.
const BAD_CLIENT: &str = "Некорректный клиент";

/// This process makes as many calls as it can at one time. Calls end within seconds.
pub(super) const BUSY: AmoError = AmoError::QueueFull { retry_after: Duration::from_secs(1) };

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
        Loss::NoSocket => BUSY,
        Loss::TimedOut | Loss::Cut | Loss::TooLong | Loss::NoRoom => AmoError::OutcomeUnknown,
    }
}

/// A token request that was answered, and not with a pair. Of an answer that was cut nobody knows
/// what else it had.
pub(super) fn of_token_request(asked: Asked, answer: &Answer) -> AmoError {
    let body = match answer.whole() {
        Ok(body) => body,
        Err(loss) => return of_lost_token_request(loss),
    };
    match answer.status.as_u16() {
        status @ (400 | 401) => of_problem(asked, status, &words(body)),
        // 304 has no body of its own: what came with it cannot be read.
        300..=303 | 305..=499 => by_status(answer, body),
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
        Loss::NoSocket | Loss::NoRoom => BUSY,
    }
}

/// A read that was answered, to the end, with anything but 200 and 204.
pub(super) fn of_read(answer: &Answer, body: &[u8]) -> AmoError {
    match answer.status.as_u16() {
        401 => AmoError::AccessRefused,
        403 if is_forbidden(&words(body)) => AmoError::Forbidden,
        504 => AmoError::TimedOut,
        500..=599 => AmoError::Unavailable,
        _ => by_status(answer, body),
    }
}

/// Whether a look-up was answered, and the answer was no. A 403 says so in JSON: a ban says
/// nothing of the token.
pub(super) fn is_refused_look_up(answer: &Answer, body: &[u8]) -> bool {
    match answer.status.as_u16() {
        400 | 401 | 404 => true,
        403 => problem(&words(body)).is_some(),
        _ => false,
    }
}

/// A 403 that is no ban is no word on the token either: with a new one it stays, so it must not
/// cost a refresh.
fn by_status(answer: &Answer, body: &[u8]) -> AmoError {
    match answer.status.as_u16() {
        402 => AmoError::PaymentRequired,
        403 if is_ban(&words(body)) => AmoError::Blocked,
        404 => AmoError::NotFound,
        300..=303 | 305..=399 | 410 | 421 => AmoError::Moved,
        429 => AmoError::RateLimited { retry_after: retry_after(&answer.headers) },
        _ => AmoError::Protocol,
    }
}

fn words(body: &[u8]) -> Cow<'_, [u8]> {
    http::words(&body[..body.len().min(LONGEST)], LONGEST)
}

/// Whether a web server speaks, and not the API behind it: in a page, or in a text that has no
/// JSON. To take more for a ban would cost the account its calls.
fn is_ban(words: &[u8]) -> bool {
    let text = String::from_utf8_lossy(words).to_ascii_lowercase();
    let text = text.trim_start_matches('\u{feff}').trim();
    match text.as_bytes().first() {
        None | Some(b'{' | b'[' | b'"') => false,
        Some(b'<') if text.contains("<html") => true,
        _ => http::is_text(words) && !text.contains('{') && serde_json::from_str::<IgnoredAny>(text).is_err(),
    }
}

/// Whether the API says that the right to something is missing.
fn is_forbidden(words: &[u8]) -> bool {
    !is_ban(words) && problem(words).is_some()
}

/// What a refusal says in JSON.
struct Problem {
    members: Map<String, Value>,
    /// Whether it is all that was said, and not a part of something else.
    is_alone: bool,
}

/// The words are read as those of a read are: one bad value, or a notice around them, must not
/// make another refusal of it. In other words the last object counts that is a problem.
fn problem(words: &[u8]) -> Option<Problem> {
    if let Some(members) = object(words) {
        return Some(Problem { members, is_alone: true });
    }
    let (mut last, mut objects) = (None, Objects::new(words));
    while let Some(object_there) = objects.next(&mut |_| ()) {
        let members = object(object_there.bytes).filter(|_| object_there.is_whole);
        last = members.filter(|members| members.contains_key("hint") || members.contains_key("title")).or(last);
    }
    last.map(|members| Problem { members, is_alone: false })
}

fn object(text: &[u8]) -> Option<Map<String, Value>> {
    serde_json::from_str(&repaired(text)).ok()
}

impl Problem {
    /// The hint, empty if it has none; `None` if it is no text.
    fn hint(&self) -> Option<&str> {
        match self.members.get("hint") {
            None | Some(Value::Null) => Some(""),
            Some(hint) => hint.as_str(),
        }
    }

    /// Without a hint it is the client that is accused.
    fn accuses_the_client(&self, status: u16) -> bool {
        status == 401 && self.is_alone || self.members.get("title").is_some_and(|title| title == BAD_CLIENT)
    }
}

/// The hint decides.
fn of_problem(asked: Asked, status: u16, words: &[u8]) -> AmoError {
    let Some(problem) = problem(words) else {
        return AmoError::Protocol;
    };
    let Some(hint) = problem.hint() else {
        return AmoError::Protocol;
    };
    match (hint, asked) {
        ("", _) if problem.accuses_the_client(status) => AmoError::Misconfigured,
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
