//! What the use cases tell, as metrics, and as the one log line of a refresh or an exchange.

use std::time::Duration;

use amo_connect_domain::ids::UserId;
use amo_connect_domain::ports::{AmoError, Event, ExchangeEnd, Observer, RefreshEnd, RefreshEnded};

use super::Metrics;
use super::declared::{
    BACKGROUND_DURATION, BACKGROUND_ROUNDS, CIRCUIT_CHANGES, CODES_REFUSED, CRM_CALLS, CRM_DURATION, EXCHANGE_DURATION,
    EXCHANGES, LOST_PAIRS, PERMIT_WAIT, PERMITS, REFRESH_DURATION, REFRESH_LEASES, REFRESHES, SAVE_FAILURES, SWEEPS,
};

impl Observer for Metrics {
    fn observe(&self, event: &Event<'_>) {
        let recorder = &self.recorder;
        match event {
            Event::RefreshBegan { tries } => {
                recorder.add(&REFRESH_LEASES, [if *tries == 0 { "first" } else { "again" }], 1);
            }
            Event::RefreshEnded(ended) => {
                recorder.add(&REFRESHES, labels(ended.end.codes()), 1);
                recorder.record(&REFRESH_DURATION, [""; 0], ended.took);
                log_refresh(ended);
            }
            Event::ExchangeEnded { user, account, end, took } => {
                recorder.add(&EXCHANGES, labels(end.codes()), 1);
                recorder.record(&EXCHANGE_DURATION, [""; 0], *took);
                log_exchange(*user, account.map(|account| account.0), *end, *took);
            }
            Event::CodeRefused { is_strangers } => {
                recorder.add(&CODES_REFUSED, [if *is_strangers { "stranger" } else { "user" }], 1);
            }
            Event::SaveFailed => recorder.add(&SAVE_FAILURES, [""; 0], 1),
            Event::LostPairSaved { user, saved, found } => {
                recorder.add(&LOST_PAIRS, [""; 0], 1);
                tracing::error!(
                    %user, saved = saved.0, stored = found.0,
                    "the database has lost tokens that it had confirmed; they are saved again"
                );
            }
            Event::CallEnded { endpoint, failure, took } => {
                recorder.add(&CRM_CALLS, [endpoint.code(), failure.map_or("ok", AmoError::code)], 1);
                recorder.record(&CRM_DURATION, [endpoint.code()], *took);
            }
            Event::PermitEnded { refused, waited } => {
                recorder.add(&PERMITS, [refused.map_or("given", AmoError::code)], 1);
                recorder.record(&PERMIT_WAIT, [""; 0], *waited);
            }
            Event::CircuitChanged(change) => recorder.add(&CIRCUIT_CHANGES, [change.code()], 1),
            Event::BackgroundRoundEnded { is_good, took } => {
                recorder.add(&BACKGROUND_ROUNDS, [outcome(*is_good)], 1);
                recorder.record(&BACKGROUND_DURATION, [""; 0], *took);
                if *is_good {
                    self.note_good_round();
                }
            }
            Event::SweepEnded { is_good, .. } => recorder.add(&SWEEPS, [outcome(*is_good)], 1),
        }
    }
}

/// What is counted from the start, so that a rate sees the first one of them.
pub(super) fn begin(metrics: &Metrics) {
    let failures = [
        AmoError::Unavailable,
        AmoError::Unreachable,
        AmoError::Moved,
        AmoError::NotFound,
        AmoError::PaymentRequired,
        AmoError::PermitUnavailable,
        AmoError::Misconfigured,
        AmoError::AccessRefused,
        AmoError::Blocked,
        AmoError::QueueFull { retry_after: Duration::ZERO },
        AmoError::RateLimited { retry_after: None },
        AmoError::HostNotAllowed,
    ]
    .map(|error| ("failed", error.code()));
    let doubts = [AmoError::OutcomeUnknown, AmoError::Protocol].map(|error| ("in_doubt", error.code()));
    let others = [
        ("refreshed", NONE),
        ("superseded", NONE),
        ("lease_lost", NONE),
        ("storage_failed", NONE),
        ("unreadable", NONE),
        ("refused", "grant_revoked"),
        ("refused", "rotation_lost"),
    ];
    for (outcome, reason) in failures.into_iter().chain(doubts).chain(others) {
        metrics.recorder.add(&REFRESHES, [outcome, reason], 0);
    }
    for kind in ["first", "again"] {
        metrics.recorder.add(&REFRESH_LEASES, [kind], 0);
    }
    for (outcome, reason) in [("saved", NONE), ("refused", NONE), ("failed", "misconfigured")] {
        metrics.recorder.add(&EXCHANGES, [outcome, reason], 0);
    }
    for whose in ["stranger", "user"] {
        metrics.recorder.add(&CODES_REFUSED, [whose], 0);
    }
    for counter in [&SAVE_FAILURES, &LOST_PAIRS] {
        metrics.recorder.add(counter, [""; 0], 0);
    }
    for outcome in ["given", "queue_full", "blocked", "permit_unavailable"] {
        metrics.recorder.add(&PERMITS, [outcome], 0);
    }
    for change in ["opened", "half_opened", "closed"] {
        metrics.recorder.add(&CIRCUIT_CHANGES, [change], 0);
    }
    for outcome in [true, false].map(outcome) {
        metrics.recorder.add(&BACKGROUND_ROUNDS, [outcome], 0);
        metrics.recorder.add(&SWEEPS, [outcome], 0);
    }
}

/// The label of what has no reason.
const NONE: &str = "none";

fn labels((outcome, reason): (&'static str, Option<&'static str>)) -> [&'static str; 2] {
    [outcome, reason.unwrap_or(NONE)]
}

fn outcome(is_good: bool) -> &'static str {
    if is_good { "ok" } else { "failed" }
}

/// Writes the line of a refresh. An error is what passes only if somebody acts.
fn log_refresh(ended: &RefreshEnded<'_>) {
    let RefreshEnded { user, account, end, attempt, took } = ended;
    let (outcome, reason) = end.codes();
    let (account, duration_ms) = (account.map(|account| account.0), milliseconds(*took));
    let error = match end {
        RefreshEnd::Failed { error, .. } => Some(words(*error)),
        RefreshEnd::StoreFailed(error) => Some(error.whole().to_string()),
        RefreshEnd::Unreadable => Some("stored tokens cannot be opened: is a key of TOKEN_KEYS missing?".to_owned()),
        _ => None,
    };
    match end {
        RefreshEnd::Refreshed => {
            tracing::info!(%user, account, outcome, attempt, duration_ms, "refresh succeeded");
        }
        RefreshEnd::Unreadable
        | RefreshEnd::Failed { error: AmoError::Misconfigured | AmoError::HostNotAllowed, .. } => {
            tracing::error!(%user, account, outcome, reason, attempt, duration_ms, error, "refresh failed");
        }
        _ => tracing::warn!(%user, account, outcome, reason, attempt, duration_ms, error, "refresh failed"),
    }
}

/// Writes the line of an exchange. A code that amoCRM refuses is its sender's mistake.
fn log_exchange(user: Option<&UserId>, account: Option<u64>, end: ExchangeEnd, took: Duration) {
    let (outcome, reason) = end.codes();
    let (user, duration_ms) = (user.map(tracing::field::display), milliseconds(took));
    match end {
        ExchangeEnd::Saved => tracing::info!(user, account, outcome, duration_ms, "exchange succeeded"),
        ExchangeEnd::Failed(AmoError::CodeRejected) => {
            tracing::info!(user, outcome, duration_ms, "authorization code refused");
        }
        ExchangeEnd::Failed(error @ (AmoError::Misconfigured | AmoError::HostNotAllowed)) => {
            tracing::error!(user, outcome, reason, duration_ms, error = words(error), "exchange failed");
        }
        ExchangeEnd::Failed(error) => {
            tracing::warn!(user, outcome, reason, duration_ms, %error, "exchange failed");
        }
    }
}

/// What is said of an error, and what to do about it where that is known.
fn words(error: AmoError) -> String {
    match error {
        AmoError::Misconfigured => {
            "amoCRM does not accept the integration: check AMO_CLIENT_ID, AMO_CLIENT_SECRET and AMO_REDIRECT_URI".into()
        }
        _ => error.to_string(),
    }
}

fn milliseconds(took: Duration) -> u64 {
    u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
}
