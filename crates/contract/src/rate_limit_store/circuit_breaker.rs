//! The circuit breaker of one account: after a ban no call is sent, except one probe at a time.

use std::time::Duration;

use amo_connect_domain::authorization::attempt::MEMORY;
use amo_connect_domain::rate_limit::{CallOutcome, FIRST_PAUSE, LONGEST_DELAY, LONGEST_PAUSE, PROBE_TERM, Reservation};

use super::RateLimitStoreHarness;
use super::steps::{APART, OWN, assert_banned, ban, is_banned, place, probe, record_outcome, take};
use crate::fixtures::{demand, host};
use crate::suite::race;

pub(super) async fn a_ban_opens_one_accounts_circuit_for_all_handles(harness: &dyn RateLimitStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    ban(&store, 1).await;
    for handle in [&store, &other] {
        assert_banned(take(handle, 1).await, FIRST_PAUSE);
    }
    assert_eq!([place(take(&store, 2).await), place(take(&other, 2).await)], [0, 1]);
}

pub(super) async fn an_outcome_of_one_handle_counts_for_the_next(harness: &dyn RateLimitStoreHarness) {
    ban(&harness.store(), 1).await;
    take(&harness.store(), 2).await;
    let opened_now = harness.second_handle().await;
    assert_banned(take(&opened_now, 1).await, FIRST_PAUSE);
    assert_eq!(place(take(&opened_now, 2).await), 1);
}

pub(super) async fn a_call_under_way_neither_closes_nor_reopens_a_circuit(harness: &dyn RateLimitStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    ban(&store, 1).await;
    harness.advance_store_clock(FIRST_PAUSE / 2).await;
    for call_outcome in [CallOutcome::Banned, CallOutcome::Answered, CallOutcome::NoAnswer] {
        other.record_outcome(&host(1), call_outcome, None).await.unwrap();
        assert_banned(take(&store, 1).await, FIRST_PAUSE / 2);
    }
    harness.advance_store_clock(FIRST_PAUSE / 2).await;
    probe(take(&other, 1).await);
}

pub(super) async fn circuits_are_judged_by_the_stores_clock(harness: &dyn RateLimitStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    ban(&store, 1).await;
    assert!(is_banned(take(&other, 1).await));
    harness.advance_store_clock(FIRST_PAUSE).await;
    probe(take(&other, 1).await);
}

pub(super) async fn a_clock_that_was_set_back_makes_no_pause_longer(harness: &dyn RateLimitStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    harness.advance_store_clock(MEMORY).await;
    ban(&store, 1).await;
    harness.set_store_clock_back(MEMORY).await;
    assert_banned(take(&other, 1).await, FIRST_PAUSE);
    harness.advance_store_clock(FIRST_PAUSE).await;
    probe(take(&other, 1).await);
}

pub(super) async fn a_clock_that_was_set_back_makes_no_limit_longer_than_the_longest(
    harness: &dyn RateLimitStoreHarness,
) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    harness.advance_store_clock(MEMORY).await;
    store.record_outcome(&host(1), CallOutcome::Limited(APART), None).await.unwrap();
    harness.set_store_clock_back(MEMORY).await;
    assert!(matches!(other.reserve(&host(1), OWN, &demand(1), APART).await.unwrap(), Reservation::Later(_)));
    harness.advance_store_clock(LONGEST_DELAY).await;
    assert_eq!(place(take(&store, 1).await), 0);
}

pub(super) async fn of_eight_callers_one_is_the_probe(harness: &dyn RateLimitStoreHarness) {
    let handles = [harness.store(), harness.second_handle().await];
    ban(&handles[0], 1).await;
    harness.advance_store_clock(FIRST_PAUSE).await;
    let reservations = race(&handles, 8, |store, _| async move { take(&store, 1).await }).await;
    let stopped = reservations.iter().filter(|one| is_banned(**one)).count();
    assert_eq!(stopped, 7, "{reservations:?}");
}

pub(super) async fn each_probe_that_is_banned_doubles_the_pause(harness: &dyn RateLimitStoreHarness) {
    let handles = [harness.store(), harness.second_handle().await];
    ban(&handles[0], 1).await;
    for (number, pause) in [10, 20, 40, 80, 160, 320, 640, 900, 900].map(Duration::from_secs).into_iter().enumerate() {
        let (one, other) = (&handles[number % 2], &handles[(number + 1) % 2]);
        assert!(pause <= LONGEST_PAUSE);
        assert_banned(take(one, 1).await, pause);
        harness.advance_store_clock(pause).await;
        let probe = probe(take(one, 1).await);
        assert_banned(take(other, 1).await, PROBE_TERM);
        record_outcome(one, 1, CallOutcome::Banned, probe).await;
    }
}

pub(super) async fn a_probe_without_an_answer_is_followed_after_the_same_pause(harness: &dyn RateLimitStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    ban(&store, 1).await;
    for handle in [&store, &other] {
        harness.advance_store_clock(FIRST_PAUSE).await;
        let probe = probe(take(handle, 1).await);
        record_outcome(handle, 1, CallOutcome::NoAnswer, probe).await;
        assert_banned(take(&store, 1).await, FIRST_PAUSE);
    }
}

pub(super) async fn a_probe_that_was_not_sent_is_free_again_at_once(harness: &dyn RateLimitStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    ban(&store, 1).await;
    harness.advance_store_clock(FIRST_PAUSE).await;
    let unsent = probe(take(&store, 1).await);
    record_outcome(&store, 1, CallOutcome::NotSent, unsent).await;
    probe(take(&other, 1).await);
    assert_banned(take(&store, 1).await, PROBE_TERM);
}

pub(super) async fn a_probe_without_an_outcome_is_given_up(harness: &dyn RateLimitStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    ban(&store, 1).await;
    harness.advance_store_clock(FIRST_PAUSE).await;
    probe(take(&store, 1).await);
    harness.advance_store_clock(PROBE_TERM / 2).await;
    assert_banned(take(&other, 1).await, PROBE_TERM / 2);
    harness.advance_store_clock(PROBE_TERM / 2).await;
    probe(take(&other, 1).await);
    assert_banned(take(&store, 1).await, PROBE_TERM);
}

pub(super) async fn an_answer_to_the_probe_closes_the_circuit_for_all_handles(harness: &dyn RateLimitStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    for (number, call_outcome) in [(1, CallOutcome::Answered), (2, CallOutcome::Limited(APART))] {
        ban(&store, number).await;
        harness.advance_store_clock(FIRST_PAUSE).await;
        let probe = probe(take(&store, number).await);
        record_outcome(&store, number, call_outcome, probe).await;
        for (expected, handle) in (1..).zip([&other, &store]) {
            assert_eq!(place(take(handle, number).await), expected, "{call_outcome:?}");
        }
    }
}

pub(super) async fn a_sweep_forgets_what_is_long_over(harness: &dyn RateLimitStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    ban(&store, 1).await;
    take(&store, 2).await;
    harness.advance_store_clock(FIRST_PAUSE + MEMORY + APART).await;
    other.sweep().await.unwrap();
    for number in [1, 2] {
        assert_eq!(place(take(&store, number).await), 0, "the circuit is closed, so there is no probe");
    }
}

pub(super) async fn a_sweep_keeps_open_circuits(harness: &dyn RateLimitStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    ban(&store, 1).await;
    other.sweep().await.unwrap();
    assert_banned(take(&store, 1).await, FIRST_PAUSE);
    harness.advance_store_clock(FIRST_PAUSE + MEMORY / 2).await;
    other.sweep().await.unwrap();
    let probe = probe(take(&store, 1).await);
    record_outcome(&store, 1, CallOutcome::Banned, probe).await;
    assert_banned(take(&other, 1).await, FIRST_PAUSE * 2);
}
