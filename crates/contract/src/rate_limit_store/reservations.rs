//! Reservations: one for each caller, evenly spaced, by the store's clock.

use std::time::Duration;

use amo_connect_domain::rate_limit::{CallOutcome, Reservation};

use super::RateLimitStoreHarness;
use super::steps::{APART, LONGEST_WAIT, OWN, is_about, place, take};
use crate::fixtures::{demand, host};
use crate::suite::{abandon_after, race};

pub(super) async fn reservations_are_a_pace_apart_for_every_handle(harness: &dyn RateLimitStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    for expected in 0..3 {
        let handle = if expected == 1 { &other } else { &store };
        assert_eq!(place(take(handle, 1).await), expected);
    }
    assert_eq!(place(take(&harness.second_handle().await, 1).await), 3);
}

pub(super) async fn a_call_beyond_the_longest_wait_is_not_reserved(harness: &dyn RateLimitStoreHarness) {
    let store = harness.store();
    take(&store, 1).await;
    for _ in 0..3 {
        let taken = store.reserve(&host(1), OWN, &demand(1), Duration::from_secs(5)).await.unwrap();
        let Reservation::Later(wait) = taken else { panic!("{taken:?} in spite of the longest wait") };
        assert!(is_about(wait, APART), "{wait:?}");
    }
    assert_eq!(place(take(&store, 1).await), 1);
}

pub(super) async fn a_quiet_time_allows_no_burst(harness: &dyn RateLimitStoreHarness) {
    let store = harness.store();
    take(&store, 1).await;
    harness.advance_store_clock(APART * 100).await;
    assert_eq!([place(take(&store, 1).await), place(take(&store, 1).await)], [0, 1]);
}

pub(super) async fn of_eight_callers_each_has_a_reservation_of_its_own(harness: &dyn RateLimitStoreHarness) {
    let handles = [harness.store(), harness.second_handle().await];
    let mut places = race(&handles, 8, |store, _| async move { place(take(&store, 1).await) }).await;
    places.sort_unstable();
    assert_eq!(places, (0..8).collect::<Vec<_>>());
}

pub(super) async fn accounts_have_rate_limits_of_their_own(harness: &dyn RateLimitStoreHarness) {
    let store = harness.store();
    for number in 1..=3 {
        assert_eq!(place(take(&store, number).await), 0);
    }
    assert_eq!(place(take(&store, 2).await), 1);
}

pub(super) async fn reservations_are_judged_by_the_stores_clock(harness: &dyn RateLimitStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    for _ in 0..3 {
        take(&store, 1).await;
    }
    harness.advance_store_clock(APART * 2).await;
    assert_eq!(place(take(&other, 1).await), 1);
    harness.advance_store_clock(APART * 2).await;
    assert_eq!(place(take(&store, 1).await), 0);
}

pub(super) async fn a_limit_delays_one_account_for_all_handles(harness: &dyn RateLimitStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    let delay = Duration::from_mins(5);
    store.record_outcome(&host(1), CallOutcome::Limited(delay), None).await.unwrap();
    for (expected, handle) in (0..).zip([&store, &other]) {
        let taken = handle.reserve(&host(1), OWN, &demand(1), APART).await.unwrap();
        let Reservation::Later(wait) = taken else { panic!("{taken:?} in spite of a limit") };
        assert!(is_about(wait, delay), "{wait:?}");
        assert_eq!(place(take(handle, 2).await), expected, "of another account");
    }
    store.record_outcome(&host(1), CallOutcome::Limited(Duration::from_secs(1)), None).await.unwrap();
    assert_eq!(place(take(&other, 1).await), 5, "a shorter limit does not shorten the delay");
    harness.advance_store_clock(delay + APART).await;
    assert_eq!(place(take(&store, 1).await), 0);
}

pub(super) async fn a_dropped_request_costs_one_reservation_at_most(harness: &dyn RateLimitStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    for polls in 0..8 {
        abandon_after(polls, store.reserve(&host(1), OWN, &demand(1), LONGEST_WAIT)).await;
    }
    // A store may go on with an abandoned call, between these too.
    let (first, second) = (place(take(&other, 1).await), place(take(&other, 1).await));
    assert!(first < second && second <= 9, "{first}, {second}");
}
