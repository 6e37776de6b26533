//! What the cases do on their way to the point.

use std::sync::Arc;
use std::time::Duration;

use amo_connect_domain::ports::RateLimitStore;
use amo_connect_domain::rate_limit::{CallOutcome, Pace, PaceScope, Probe, Reservation};

use crate::fixtures::host;

pub(super) type Book = Arc<dyn RateLimitStore>;

/// So far apart that no machine is too slow to tell two turns from each other.
pub(super) const APART: Duration = Duration::from_mins(1);

/// More than any case books.
pub(super) const LONGEST_WAIT: Duration = Duration::from_mins(15);

/// How long a case may take: clocks run meanwhile.
const SLACK: Duration = Duration::from_secs(20);

pub(super) const OWN: Pace = Pace { apart: APART, scope: PaceScope::Account };
pub(super) const SHARED: Pace = Pace { apart: APART, scope: PaceScope::Integration };

/// What a call to account `number` is told.
pub(super) async fn take(store: &Book, number: u64) -> Reservation {
    store.reserve(&host(number), OWN, LONGEST_WAIT).await.unwrap()
}

/// How many turns of [`APART`] were booked before this one.
pub(super) fn place(turn: Reservation) -> u32 {
    let Reservation::Granted { wait, probe: None } = turn else { panic!("{turn:?} is no plain turn") };
    let place = (0..64).find(|place| is_about(wait, APART * *place));
    place.unwrap_or_else(|| panic!("{wait:?} is between two turns"))
}

/// The probe's right.
pub(super) fn probe(turn: Reservation) -> Probe {
    let Reservation::Granted { probe: Some(probe), .. } = turn else { panic!("{turn:?} is no probe's") };
    probe
}

/// Whether `wait` is `expected`, but for the time that has passed since.
pub(super) fn is_about(wait: Duration, expected: Duration) -> bool {
    wait <= expected && wait + SLACK >= expected
}

pub(super) fn assert_banned(turn: Reservation, expected: Duration) {
    let Reservation::CircuitOpen(wait) = turn else { panic!("{turn:?} instead of a ban") };
    assert!(is_about(wait, expected), "{wait:?} instead of {expected:?}");
}

pub(super) fn is_banned(turn: Reservation) -> bool {
    matches!(turn, Reservation::CircuitOpen(_))
}

/// A call to account `number` met a ban.
pub(super) async fn ban(store: &Book, number: u64) {
    store.record_outcome(&host(number), CallOutcome::Banned, None).await.unwrap();
}

/// Something came of a probe at account `number`.
pub(super) async fn record_outcome(store: &Book, number: u64, call_outcome: CallOutcome, probe: Probe) {
    store.record_outcome(&host(number), call_outcome, Some(probe)).await.unwrap();
}
