//! What concerns all accounts: a shared pace, and the circuit of the integration.

use std::time::Duration;

use amo_connect_domain::rate_limit::{BANS_MEET, CallOutcome, CircuitCount, FIRST_PAUSE, PROBE_TERM, Reservation};

use super::RateLimitStoreHarness;
use super::steps::{
    APART, LONGEST_WAIT, SHARED, Store, assert_banned, ban, is_about, is_banned, place, probe, record_outcome, take,
};
use crate::fixtures::{demand, host};
use crate::suite::race;

async fn take_shared(store: &Store, number: u64) -> Reservation {
    store.reserve(&host(number), SHARED, &demand(1), LONGEST_WAIT).await.unwrap()
}

pub(super) async fn a_pace_of_the_integration_is_shared(harness: &dyn RateLimitStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    for (expected, (handle, number)) in (0..).zip([(&store, 1), (&other, 2), (&store, 3), (&other, 1)]) {
        assert_eq!(place(take_shared(handle, number).await), expected);
    }
    let taken = store.reserve(&host(4), SHARED, &demand(1), APART).await.unwrap();
    assert!(matches!(taken, Reservation::Later(wait) if is_about(wait, APART * 4)), "{taken:?}");
}

pub(super) async fn of_eight_callers_of_eight_accounts_each_has_a_reservation_of_its_own(
    harness: &dyn RateLimitStoreHarness,
) {
    let handles = [harness.store(), harness.second_handle().await];
    let mut places =
        race(&handles, 8, |store, number| async move { place(take_shared(&store, number.into()).await) }).await;
    places.sort_unstable();
    assert_eq!(places, (0..8).collect::<Vec<_>>());
}

pub(super) async fn a_limit_delays_no_other_account_in_a_shared_pace(harness: &dyn RateLimitStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    store.record_outcome(&host(1), CallOutcome::Limited(APART * 5), None).await.unwrap();
    let taken = take_shared(&other, 1).await;
    assert!(matches!(taken, Reservation::Later(wait) if is_about(wait, APART * 5)), "{taken:?}");
    assert_eq!([place(take_shared(&store, 2).await), place(take_shared(&other, 3).await)], [0, 1]);
}

pub(super) async fn the_third_ban_within_a_minute_opens_the_circuit_of_the_integration(
    harness: &dyn RateLimitStoreHarness,
) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    ban(&store, 1).await;
    ban(&other, 2).await;
    ban(&other, 2).await;
    place(take(&store, 4).await);
    harness.advance_store_clock(FIRST_PAUSE).await;
    ban(&store, 3).await;
    for (handle, number) in [(&store, 4), (&other, 4), (&other, 5)] {
        assert_banned(take(handle, number).await, FIRST_PAUSE);
        assert!(is_banned(take_shared(handle, number).await));
    }
}

pub(super) async fn of_three_bans_at_once_one_is_the_third(harness: &dyn RateLimitStoreHarness) {
    let handles = [harness.store(), harness.second_handle().await];
    race(&handles, 3, |store, number| async move { ban(&store, number.into()).await }).await;
    assert_banned(take(&handles[0], 4).await, FIRST_PAUSE);
}

pub(super) async fn bans_that_are_apart_or_over_open_their_accounts_circuits_alone(
    harness: &dyn RateLimitStoreHarness,
) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    ban(&store, 1).await;
    harness.advance_store_clock(BANS_MEET / 2).await;
    ban(&store, 2).await;
    let second = probe(take(&store, 1).await);
    record_outcome(&store, 1, CallOutcome::Answered, second).await;
    ban(&other, 3).await;
    place(take(&other, 4).await);
    harness.advance_store_clock(BANS_MEET).await;
    ban(&store, 5).await;
    place(take(&other, 4).await);
}

pub(super) async fn of_eight_callers_of_eight_accounts_one_is_the_probe(harness: &dyn RateLimitStoreHarness) {
    let handles = [harness.store(), harness.second_handle().await];
    for number in 1..=3 {
        ban(&handles[0], number).await;
    }
    harness.advance_store_clock(FIRST_PAUSE).await;
    let taken = race(&handles, 8, |store, number| async move { (number, take(&store, number.into()).await) }).await;
    let stopped = taken.iter().filter(|(_, reservation)| is_banned(*reservation)).count();
    assert_eq!(stopped, 7, "{taken:?}");
    let (number, reservation) = taken.into_iter().find(|(_, reservation)| !is_banned(*reservation)).unwrap();
    assert_banned(take(&handles[0], 9).await, PROBE_TERM);
    record_outcome(&handles[0], number.into(), CallOutcome::Banned, probe(reservation)).await;
    assert_banned(take(&handles[1], 9).await, FIRST_PAUSE * 2);
}

pub(super) async fn an_answer_to_the_probe_closes_the_integrations_circuit(harness: &dyn RateLimitStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    for number in 1..=3 {
        ban(&store, number).await;
    }
    harness.advance_store_clock(FIRST_PAUSE + Duration::from_secs(1)).await;
    let probing = probe(take(&other, 1).await);
    assert!(is_banned(take(&store, 4).await));
    record_outcome(&other, 1, CallOutcome::Answered, probing).await;
    place(take(&store, 4).await);
    place(take(&store, 1).await);
    probe(take(&store, 2).await);
}

pub(super) async fn circuits_are_counted_for_all_handles(harness: &dyn RateLimitStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    let count = async |open, half_open| {
        assert_eq!(other.circuits().await.unwrap(), CircuitCount { open, half_open });
    };
    place(take(&store, 4).await);
    count(0, 0).await;
    ban(&store, 1).await;
    ban(&store, 2).await;
    count(2, 0).await;
    harness.advance_store_clock(FIRST_PAUSE).await;
    let probe = probe(take(&store, 1).await);
    count(1, 1).await;
    record_outcome(&store, 1, CallOutcome::Answered, probe).await;
    count(1, 0).await;
    // The third within a minute opens the integration's too.
    ban(&store, 1).await;
    ban(&store, 3).await;
    count(4, 0).await;
}
