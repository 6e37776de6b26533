//! What concerns all accounts: a shared pace, and a ban of the whole integration.

use std::time::Duration;

use amo_connect_domain::rate_limit::{BANS_MEET, CallOutcome, FIRST_PAUSE, PROBE_TERM, Reservation};

use super::RateLimitStoreHarness;
use super::steps::{
    APART, Book, LONGEST_WAIT, SHARED, assert_banned, ban, is_about, is_banned, place, probe, record_outcome, take,
};
use crate::fixtures::host;
use crate::suite::race;

async fn take_shared(store: &Book, number: u64) -> Reservation {
    store.reserve(&host(number), SHARED, LONGEST_WAIT).await.unwrap()
}

pub(super) async fn a_pace_of_the_integration_is_shared(harness: &dyn RateLimitStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    for (expected, (handle, number)) in (0..).zip([(&store, 1), (&other, 2), (&store, 3), (&other, 1)]) {
        assert_eq!(place(take_shared(handle, number).await), expected);
    }
    let told = store.reserve(&host(4), SHARED, APART).await.unwrap();
    assert!(matches!(told, Reservation::Later(wait) if is_about(wait, APART * 4)), "{told:?}");
}

pub(super) async fn of_eight_callers_of_eight_accounts_each_has_a_turn_of_its_own(harness: &dyn RateLimitStoreHarness) {
    let handles = [harness.store(), harness.second_handle().await];
    let mut places = race(8, |number| {
        let store = handles[usize::from(number % 2)].clone();
        async move { place(take_shared(&store, number.into()).await) }
    })
    .await;
    places.sort_unstable();
    assert_eq!(places, (0..8).collect::<Vec<_>>());
}

pub(super) async fn a_limit_puts_off_nobody_else_in_a_shared_pace(harness: &dyn RateLimitStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    store.record_outcome(&host(1), CallOutcome::Limited(APART * 5), None).await.unwrap();
    let told = take_shared(&other, 1).await;
    assert!(matches!(told, Reservation::Later(wait) if is_about(wait, APART * 5)), "{told:?}");
    assert_eq!([place(take_shared(&store, 2).await), place(take_shared(&other, 3).await)], [0, 1]);
}

pub(super) async fn the_third_ban_within_a_minute_stops_all_calls(harness: &dyn RateLimitStoreHarness) {
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
    race(3, |number| {
        let store = handles[usize::from(number % 2)].clone();
        async move { ban(&store, number.into()).await }
    })
    .await;
    assert_banned(take(&handles[0], 4).await, FIRST_PAUSE);
}

pub(super) async fn bans_that_are_apart_or_over_are_their_accounts_alone(harness: &dyn RateLimitStoreHarness) {
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
    let told = race(8, |number| {
        let store = handles[usize::from(number % 2)].clone();
        async move { (number, take(&store, number.into()).await) }
    })
    .await;
    let stopped = told.iter().filter(|(_, turn)| is_banned(*turn)).count();
    assert_eq!(stopped, 7, "{told:?}");
    let (number, turn) = told.into_iter().find(|(_, turn)| !is_banned(*turn)).unwrap();
    assert_banned(take(&handles[0], 9).await, PROBE_TERM);
    record_outcome(&handles[0], number.into(), CallOutcome::Banned, probe(turn)).await;
    assert_banned(take(&handles[1], 9).await, FIRST_PAUSE * 2);
}

pub(super) async fn an_answer_to_the_probe_ends_the_integrations_ban(harness: &dyn RateLimitStoreHarness) {
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
