//! One event of every kind, and the cases that tell them.

#![expect(clippy::unwrap_used, reason = "a case panics where a promise is broken")]

use std::time::Duration;

use amo_connect_domain::connection::ReauthReason;
use amo_connect_domain::ids::{AccountId, Generation, UserId};
use amo_connect_domain::ports::{
    AmoError, CircuitChange, Endpoint, Event, ExchangeEnd, Observer, RefreshEnd, RefreshEnded, StoreError,
};

use super::ObserverHarness;
use crate::suite;

const TOOK: Duration = Duration::from_millis(20);

/// Every way in which a refresh can end.
fn refresh_ends() -> Vec<RefreshEnd> {
    vec![
        RefreshEnd::Refreshed,
        RefreshEnd::Superseded,
        RefreshEnd::Refused(ReauthReason::RotationLost),
        RefreshEnd::Failed { error: AmoError::RateLimited { retry_after: None }, in_doubt: false },
        RefreshEnd::Failed { error: AmoError::Misconfigured, in_doubt: false },
        RefreshEnd::Failed { error: AmoError::OutcomeUnknown, in_doubt: true },
        RefreshEnd::LeaseLost,
        RefreshEnd::StoreFailed(StoreError::of_the_rate_limiter()),
        RefreshEnd::Unreadable,
    ]
}

/// Tells `observer` one event of every kind.
fn tell_all(observer: &dyn Observer) {
    let user = UserId::new("olena").unwrap();
    let account = Some(AccountId(31_920_194));
    for tries in [0, 3] {
        observer.observe(&Event::RefreshBegan { tries });
    }
    for end in refresh_ends() {
        let ended = RefreshEnded { user: &user, account, end: &end, attempt: 1, took: TOOK };
        observer.observe(&Event::RefreshEnded(ended));
    }
    let ends = [AmoError::CodeRejected, AmoError::Misconfigured, AmoError::Unavailable].map(ExchangeEnd::Failed);
    for end in ends.into_iter().chain([ExchangeEnd::Saved]) {
        observer.observe(&Event::ExchangeEnded { user: Some(&user), account, end, took: TOOK });
        observer.observe(&Event::ExchangeEnded { user: None, account: None, end, took: Duration::ZERO });
    }
    for is_strangers in [true, false] {
        observer.observe(&Event::CodeRefused { is_strangers });
    }
    observer.observe(&Event::SaveFailed);
    observer.observe(&Event::LostPairSaved { user: &user, saved: Generation(3), found: Generation(2) });
    for &endpoint in Endpoint::ALL {
        for failure in [None, Some(AmoError::TimedOut)] {
            observer.observe(&Event::CallEnded { endpoint, failure, took: Duration::MAX });
        }
    }
    for refused in [None, Some(AmoError::QueueFull { retry_after: TOOK }), Some(AmoError::PermitUnavailable)] {
        observer.observe(&Event::PermitEnded { refused, waited: TOOK });
    }
    for change in [CircuitChange::Opened, CircuitChange::HalfOpened, CircuitChange::Closed] {
        observer.observe(&Event::CircuitChanged(change));
    }
    for is_good in [true, false] {
        observer.observe(&Event::BackgroundRoundEnded { is_good, took: TOOK });
        observer.observe(&Event::SweepEnded { is_good, took: TOOK });
    }
}

pub(super) async fn every_event_is_taken_by_many_threads_at_once(harness: &dyn ObserverHarness) {
    let handles = [harness.observer(), harness.observer()];
    let told = suite::race(&handles, 8, |observer, _| async move { tell_all(&*observer) });
    assert_eq!(told.await.len(), 8);
}

pub(super) async fn every_event_is_taken_outside_of_a_runtime(harness: &dyn ObserverHarness) {
    let observer = harness.observer();
    let told = std::thread::spawn(move || tell_all(&*observer)).join();
    assert!(told.is_ok(), "it panicked");
}
