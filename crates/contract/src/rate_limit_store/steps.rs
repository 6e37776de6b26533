//! Steps that the cases share.

use std::sync::Arc;
use std::time::Duration;

use amo_connect_domain::ports::RateLimitStore;
use amo_connect_domain::rate_limit::{CallOutcome, Pace, PaceScope, Probe, Reservation};

use crate::fixtures::{demand, host};

pub(super) type Store = Arc<dyn RateLimitStore>;

/// So far apart that a slow machine cannot mix up two reservations.
pub(super) const APART: Duration = Duration::from_mins(1);

/// More than any case reserves.
pub(super) const LONGEST_WAIT: Duration = Duration::from_mins(15);

/// How long a case may take: clocks run meanwhile.
const SLACK: Duration = Duration::from_secs(20);

pub(super) const OWN: Pace = Pace { apart: APART, scope: PaceScope::Account };
pub(super) const SHARED: Pace = Pace { apart: APART, scope: PaceScope::Integration };

/// Reserves a call to account `number`.
pub(super) async fn take(store: &Store, number: u64) -> Reservation {
    store.reserve(&host(number), OWN, &demand(1), LONGEST_WAIT).await.unwrap()
}

/// How many reservations, [`APART`] each, are before this one.
pub(super) fn place(reservation: Reservation) -> u32 {
    let Reservation::Granted { wait, turns: 1, probe: None, .. } = reservation else {
        panic!("{reservation:?} is no plain reservation")
    };
    let place = (0..64).find(|place| is_about(wait, APART * *place));
    place.unwrap_or_else(|| panic!("{wait:?} is between two reservations"))
}

/// The probe of a reservation.
pub(super) fn probe(reservation: Reservation) -> Probe {
    let Reservation::Granted { probe: Some(probe), .. } = reservation else { panic!("{reservation:?} is no probe's") };
    probe
}

/// Whether `wait` is `expected`, less the time that has passed since.
pub(super) fn is_about(wait: Duration, expected: Duration) -> bool {
    wait <= expected && wait + SLACK >= expected
}

pub(super) fn assert_banned(reservation: Reservation, expected: Duration) {
    let Reservation::CircuitOpen(wait) = reservation else { panic!("{reservation:?} instead of an open circuit") };
    assert!(is_about(wait, expected), "{wait:?} instead of {expected:?}");
}

pub(super) fn is_banned(reservation: Reservation) -> bool {
    matches!(reservation, Reservation::CircuitOpen(_))
}

/// amoCRM banned a call to account `number`.
pub(super) async fn ban(store: &Store, number: u64) {
    store.record_outcome(&host(number), CallOutcome::Banned, None).await.unwrap();
}

/// Records the outcome of a probe at account `number`.
pub(super) async fn record_outcome(store: &Store, number: u64, call_outcome: CallOutcome, probe: Probe) {
    store.record_outcome(&host(number), call_outcome, Some(probe)).await.unwrap();
}
