//! What Harbour's answers mean, and those that never came.

use std::time::Duration;

use amo_connect_adapters::http::{Answer, HttpClient, HttpLimits, Loss, readings};
use amo_connect_domain::ports::AmoError;
use serde::de::DeserializeOwned;

use crate::answers::{Refused, Tokens};

const LONGEST_BODY: usize = 1 << 20;

/// A client that takes HTTP as it comes: an answer may hold a pair that cannot be had again.
pub(crate) fn client(longest_wait: Duration) -> HttpClient {
    let limits = HttpLimits {
        connect_timeout: longest_wait / 2,
        timeout: longest_wait,
        longest_body: LONGEST_BODY,
        is_local: true,
        private_addresses: false,
    };
    HttpClient::for_tokens(limits).unwrap()
}

/// A code or a refresh token works once: if it may have been sent, nobody knows what became of it.
pub(crate) fn lost_tokens(loss: Loss) -> AmoError {
    match loss {
        Loss::NotSent => AmoError::Unreachable,
        Loss::NoSocket => AmoError::QueueFull { retry_after: Duration::from_secs(1) },
        Loss::TimedOut | Loss::Cut | Loss::TooLong | Loss::NoRoom => AmoError::OutcomeUnknown,
    }
}

/// A read can be asked again.
pub(crate) fn lost_read(loss: Loss) -> AmoError {
    match loss {
        Loss::NotSent => AmoError::Unreachable,
        // No connection is kept, so the next one is new.
        Loss::Cut => AmoError::ConnectionLost,
        Loss::TimedOut => AmoError::TimedOut,
        Loss::TooLong => AmoError::Protocol,
        Loss::NoSocket | Loss::NoRoom => AmoError::QueueFull { retry_after: Duration::from_secs(1) },
    }
}

/// The pair in `answer`, whatever else the answer is. `sent` is what it was bought for.
pub(crate) fn pair(answer: &Answer, sent: &str) -> Option<Tokens> {
    readings(&answer.body, LONGEST_BODY).iter().find_map(|text| Tokens::in_body(text, sent))
}

/// What Harbour itself says that it refuses.
pub(crate) fn refused(answer: &Answer) -> Option<String> {
    serde_json::from_slice(&answer.body).ok().map(|Refused { refused }| refused)
}

/// What a read brought.
pub(crate) fn read<T: DeserializeOwned>(answer: &Answer) -> Result<T, AmoError> {
    match (answer.status.as_u16(), refused(answer).as_deref()) {
        (200, _) => serde_json::from_slice(answer.whole().map_err(lost_read)?).or(Err(AmoError::Protocol)),
        (401, _) => Err(AmoError::AccessRefused),
        (403, Some("right")) => Err(AmoError::Forbidden),
        (503, Some("pace")) => Err(refusal(answer)),
        (504, _) => Err(AmoError::TimedOut),
        (500..=599, _) => Err(AmoError::Unavailable),
        _ => Err(refusal(answer)),
    }
}

/// What a failure means that is the same for tokens and for reads.
pub(crate) fn refusal(answer: &Answer) -> AmoError {
    match (answer.status.as_u16(), refused(answer)) {
        (402, _) => AmoError::PaymentRequired,
        // Harbour speaks for itself in JSON. A page is its web server's, which bans us.
        (403, None) => AmoError::Blocked,
        (404, _) => AmoError::NotFound,
        (300..=399 | 410 | 421, _) => AmoError::Moved,
        (503, Some(_)) => AmoError::RateLimited { retry_after: retry_after(answer) },
        _ => AmoError::Protocol,
    }
}

fn retry_after(answer: &Answer) -> Option<Duration> {
    let seconds = answer.headers.get("retry-after")?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}
