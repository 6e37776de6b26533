//! Who takes part in a schedule and what is counted in it; the names of users, and the time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use amo_connect_domain::ids::UserId;
use amo_connect_domain::ports::AmoError;
use amo_connect_domain::rate_limit::Pace;
use jiff::{SignedDuration, Timestamp};

/// What a schedule is drawn with.
#[expect(clippy::struct_excessive_bools, reason = "each is drawn for itself")]
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    pub(crate) users: usize,
    pub(crate) accounts: usize,
    /// How far each instance's clock is ahead of the store's.
    pub(crate) skews: Vec<SignedDuration>,
    pub(crate) require_claim: bool,
    pub(crate) token_life: Duration,
    pub(crate) tells_account: bool,
    pub(crate) keepalive_after: Duration,
    /// Whether instances often lose the store, and their leases, amid a refresh.
    pub(crate) contended: bool,
    /// How the service paces its calls, if it does.
    pub(crate) pace: Option<Pace>,
    /// What a host answers whose account has moved.
    pub(crate) gone: AmoError,
    /// Whether clocks are set, forward and back.
    pub(crate) clocks_jump: bool,
}

/// How far an instance's clock is ahead of the time that truly passes. Its copies are one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Skew(Arc<AtomicI64>);

impl Skew {
    pub(crate) fn get(&self) -> SignedDuration {
        SignedDuration::from_micros(self.0.load(Ordering::Relaxed))
    }

    pub(crate) fn set(&self, skew: SignedDuration) {
        self.0.store(i64::try_from(skew.as_micros()).unwrap_or_default(), Ordering::Relaxed);
    }
}

/// Counts of events.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) crashes: u64,
    pub(crate) callers_left: u64,
    pub(crate) reads: u64,
    pub(crate) connects: u64,
    pub(crate) disconnects: u64,
    pub(crate) outages: u64,
    pub(crate) clock_jumps: u64,
    pub(crate) writes: u64,
    pub(crate) left_unknown: u64,
}

/// The second of 2026-11-23T10:00:00Z, where the simulation begins.
const BEGIN: i64 = 1_795_428_000;

/// The store's time, so many microseconds after the beginning.
pub(crate) fn timestamp(now: u64) -> Timestamp {
    let since = i64::try_from(now).unwrap_or(i64::MAX);
    Timestamp::from_microsecond(BEGIN * 1_000_000 + since).unwrap_or(Timestamp::MAX)
}

/// The user with this number.
#[expect(clippy::unwrap_used, reason = "the name is short")]
pub(crate) fn user_id(user: usize) -> UserId {
    UserId::new(format!("user-{user}")).unwrap()
}

/// The number of a user of the simulation.
pub(crate) fn number_of(user: &UserId) -> usize {
    user.as_str().rsplit_once('-').and_then(|(_, number)| number.parse().ok()).unwrap_or_default()
}
