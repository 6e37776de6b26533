//! What concerns all accounts: a shared pace, and a ban of the whole integration.

use std::time::Duration;

use amo_connect_domain::rate_limit::{BANS_MEET, FIRST_PAUSE, Heard, PROBE_TERM, Turn};

use super::TurnBookHarness;
use super::steps::{APART, Book, PATIENCE, SHARED, assert_banned, ban, hear, is_about, is_banned, place, probe, take};
use crate::fixtures::host;
use crate::suite::race;

async fn take_shared(book: &Book, number: u64) -> Turn {
    book.take_turn(&host(number), SHARED, PATIENCE).await.unwrap()
}

pub(super) async fn a_pace_of_the_integration_is_shared(harness: &dyn TurnBookHarness) {
    let (book, other) = (harness.book(), harness.second_handle().await);
    for (expected, (handle, number)) in (0..).zip([(&book, 1), (&other, 2), (&book, 3), (&other, 1)]) {
        assert_eq!(place(take_shared(handle, number).await), expected);
    }
    let told = book.take_turn(&host(4), SHARED, APART).await.unwrap();
    assert!(matches!(told, Turn::Later(wait) if is_about(wait, APART * 4)), "{told:?}");
}

pub(super) async fn of_eight_callers_of_eight_accounts_each_has_a_turn_of_its_own(harness: &dyn TurnBookHarness) {
    let handles = [harness.book(), harness.second_handle().await];
    let mut places = race(8, |number| {
        let book = handles[usize::from(number % 2)].clone();
        async move { place(take_shared(&book, number.into()).await) }
    })
    .await;
    places.sort_unstable();
    assert_eq!(places, (0..8).collect::<Vec<_>>());
}

pub(super) async fn a_limit_puts_off_nobody_else_in_a_shared_pace(harness: &dyn TurnBookHarness) {
    let (book, other) = (harness.book(), harness.second_handle().await);
    book.hear(&host(1), Heard::Limit(APART * 5), None).await.unwrap();
    let told = take_shared(&other, 1).await;
    assert!(matches!(told, Turn::Later(wait) if is_about(wait, APART * 5)), "{told:?}");
    assert_eq!([place(take_shared(&book, 2).await), place(take_shared(&other, 3).await)], [0, 1]);
}

pub(super) async fn the_third_ban_within_a_minute_stops_all_calls(harness: &dyn TurnBookHarness) {
    let (book, other) = (harness.book(), harness.second_handle().await);
    ban(&book, 1).await;
    ban(&other, 2).await;
    ban(&other, 2).await;
    place(take(&book, 4).await);
    harness.advance_store_clock(FIRST_PAUSE).await;
    ban(&book, 3).await;
    for (handle, number) in [(&book, 4), (&other, 4), (&other, 5)] {
        assert_banned(take(handle, number).await, FIRST_PAUSE);
        assert!(is_banned(take_shared(handle, number).await));
    }
}

pub(super) async fn of_three_bans_at_once_one_is_the_third(harness: &dyn TurnBookHarness) {
    let handles = [harness.book(), harness.second_handle().await];
    race(3, |number| {
        let book = handles[usize::from(number % 2)].clone();
        async move { ban(&book, number.into()).await }
    })
    .await;
    assert_banned(take(&handles[0], 4).await, FIRST_PAUSE);
}

pub(super) async fn bans_that_are_apart_or_over_are_their_accounts_alone(harness: &dyn TurnBookHarness) {
    let (book, other) = (harness.book(), harness.second_handle().await);
    ban(&book, 1).await;
    harness.advance_store_clock(BANS_MEET / 2).await;
    ban(&book, 2).await;
    let second = probe(take(&book, 1).await);
    hear(&book, 1, Heard::Answer, second).await;
    ban(&other, 3).await;
    place(take(&other, 4).await);
    harness.advance_store_clock(BANS_MEET).await;
    ban(&book, 5).await;
    place(take(&other, 4).await);
}

pub(super) async fn of_eight_callers_of_eight_accounts_one_is_the_probe(harness: &dyn TurnBookHarness) {
    let handles = [harness.book(), harness.second_handle().await];
    for number in 1..=3 {
        ban(&handles[0], number).await;
    }
    harness.advance_store_clock(FIRST_PAUSE).await;
    let told = race(8, |number| {
        let book = handles[usize::from(number % 2)].clone();
        async move { (number, take(&book, number.into()).await) }
    })
    .await;
    let stopped = told.iter().filter(|(_, turn)| is_banned(*turn)).count();
    assert_eq!(stopped, 7, "{told:?}");
    let (number, turn) = told.into_iter().find(|(_, turn)| !is_banned(*turn)).unwrap();
    assert_banned(take(&handles[0], 9).await, PROBE_TERM);
    hear(&handles[0], number.into(), Heard::Ban, probe(turn)).await;
    assert_banned(take(&handles[1], 9).await, FIRST_PAUSE * 2);
}

pub(super) async fn an_answer_to_the_probe_ends_the_integrations_ban(harness: &dyn TurnBookHarness) {
    let (book, other) = (harness.book(), harness.second_handle().await);
    for number in 1..=3 {
        ban(&book, number).await;
    }
    harness.advance_store_clock(FIRST_PAUSE + Duration::from_secs(1)).await;
    let probing = probe(take(&other, 1).await);
    assert!(is_banned(take(&book, 4).await));
    hear(&other, 1, Heard::Answer, probing).await;
    place(take(&book, 4).await);
    place(take(&book, 1).await);
    probe(take(&book, 2).await);
}
