//! Places for the codes of strangers: few for all, and some for each.

use amo_connect_domain::authorization::budget::{
    ASK_AGAIN, PLACES, PLACES_OF_A_HOST, PLACES_OF_NEW_HOSTS, SLOW_AFTER, SLOW_PLACES, STARTS_WITHIN,
};
use amo_connect_domain::authorization::code::{Admission, Admitted};
use amo_connect_domain::authorization::places::Later;
use amo_connect_domain::lease::LEASE_TERM;

use super::TokenStoreHarness;
use super::steps::{Store, admit, connect};
use crate::fixtures::{at, attempt, by_app, by_attempt, by_stranger, code, grant, network, owner, served, user};
use crate::suite::race;

#[expect(clippy::cast_possible_truncation, reason = "it is four")]
const MOST: u8 = PLACES as u8;

fn strangers_code(number: u8) -> Admission {
    by_stranger(code(&format!("stranger {number}")), number)
}

/// The hosts of these numbers have a living connection from now on.
async fn know(store: &Store, numbers: impl Iterator<Item = u8>) {
    for number in numbers {
        connect(store, &user(&format!("user {number}")), number.into(), &format!("of user {number}")).await;
    }
}

/// The answer to `request` when nothing has begun within the last second.
async fn ask(harness: &dyn TokenStoreHarness, store: &Store, request: &Admission, number: u8) -> Admitted {
    harness.advance_store_clock(STARTS_WITHIN).await;
    store.admit_code(request, owner(number), at(0)).await.unwrap()
}

/// Strangers of these numbers, whose codes are to be granted.
async fn begin(harness: &dyn TokenStoreHarness, store: &Store, numbers: impl Iterator<Item = u8>) {
    for number in numbers {
        let answer = ask(harness, store, &strangers_code(number), number).await;
        assert!(matches!(answer, Admitted::Granted(_)), "stranger {number}: {answer:?}");
    }
}

fn refused(answer: &Admitted) -> Later {
    match answer {
        Admitted::Later(later) => *later,
        other => panic!("a place too many: {other:?}"),
    }
}

pub(super) async fn few_strangers_codes_are_under_way_at_a_time(harness: &dyn TokenStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    know(&store, 0..=MOST).await;
    begin(harness, &store, 0..2).await;
    begin(harness, &other, 2..MOST).await;
    for store in [&store, &other] {
        let later = refused(&ask(harness, store, &strangers_code(MOST), MOST).await);
        assert_eq!(later, Later { wait: ASK_AGAIN, is_for_all: true });
    }
}

pub(super) async fn a_place_is_given_to_few_of_many_at_once(harness: &dyn TokenStoreHarness) {
    let handles = [harness.store(), harness.second_handle().await];
    know(&handles[0], 0..12).await;
    let answers = race(&handles, 12, |store, number| async move {
        store.admit_code(&strangers_code(number), owner(number), at(0)).await.unwrap()
    })
    .await;
    let granted = answers.iter().filter(|answer| matches!(answer, Admitted::Granted(_))).count();
    assert!((1..=PLACES).contains(&granted), "{answers:?}");
}

pub(super) async fn two_strangers_codes_begin_in_a_second(harness: &dyn TokenStoreHarness) {
    let store = harness.store();
    know(&store, 0..3).await;
    begin(harness, &store, 0..2).await;
    // Both have just begun, however long that took.
    harness.set_store_clock_back(STARTS_WITHIN * 10).await;
    let answer = store.admit_code(&strangers_code(2), owner(2), at(0)).await.unwrap();
    assert_eq!(refused(&answer), Later { wait: STARTS_WITHIN, is_for_all: true });
    harness.advance_store_clock(STARTS_WITHIN * 10).await;
    begin(harness, &store, 2..3).await;
}

pub(super) async fn a_network_has_one_code_under_way(harness: &dyn TokenStoreHarness) {
    let store = harness.store();
    know(&store, 0..3).await;
    begin(harness, &store, 0..1).await;
    let elsewhere = Admission { caller: Some(network(0)), ..strangers_code(1) };
    assert!(!refused(&ask(harness, &store, &elsewhere, 1).await).is_for_all);
    begin(harness, &store, 2..3).await;
    store.end_exchange(strangers_code(0).code, owner(0), true).await.unwrap();
    let answer = ask(harness, &store, &elsewhere, 1).await;
    assert!(matches!(answer, Admitted::Granted(_)), "{answer:?}");
}

pub(super) async fn a_host_has_two_codes_under_way(harness: &dyn TokenStoreHarness) {
    let store = harness.store();
    know(&store, 0..2).await;
    let there = |number| Admission { host: strangers_code(0).host, ..strangers_code(number) };
    let most = u8::try_from(PLACES_OF_A_HOST).unwrap();
    for number in 10..10 + most {
        let answer = ask(harness, &store, &there(number), number).await;
        assert!(matches!(answer, Admitted::Granted(_)), "{answer:?}");
    }
    assert!(!refused(&ask(harness, &store, &there(50), 50).await).is_for_all);
    begin(harness, &store, 1..2).await;
    store.end_exchange(there(10).code, owner(10), true).await.unwrap();
    let answer = ask(harness, &store, &there(50), 50).await;
    assert!(matches!(answer, Admitted::Granted(_)), "{answer:?}");
}

pub(super) async fn hosts_with_a_connection_have_half_of_the_places_to_themselves(harness: &dyn TokenStoreHarness) {
    let store = harness.store();
    know(&store, 0..2).await;
    let most = u8::try_from(PLACES_OF_NEW_HOSTS).unwrap();
    begin(harness, &store, 100..100 + most).await;
    assert!(!refused(&ask(harness, &store, &strangers_code(200), 200).await).is_for_all);
    begin(harness, &store, 0..2).await;
}

pub(super) async fn a_slow_code_makes_its_place_free_while_there_is_room(harness: &dyn TokenStoreHarness) {
    let store = harness.store();
    let all = MOST + u8::try_from(SLOW_PLACES).unwrap();
    know(&store, 0..=all).await;
    for first in (0..all).step_by(MOST.into()) {
        begin(harness, &store, first..first + MOST).await;
        harness.advance_store_clock(SLOW_AFTER.saturating_sub(STARTS_WITHIN * 3)).await;
        for number in 0..first + MOST {
            assert!(store.renew_code_lease(strangers_code(number).code, owner(number)).await.unwrap());
        }
    }
    harness.advance_store_clock(SLOW_AFTER).await;
    assert!(refused(&ask(harness, &store, &strangers_code(all), all).await).is_for_all);
}

pub(super) async fn a_place_is_free_when_its_code_is_settled_or_its_lease_is_over(harness: &dyn TokenStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    know(&store, 0..MOST + 3).await;
    begin(harness, &store, 0..MOST).await;
    store.end_exchange(strangers_code(0).code, owner(0), true).await.unwrap();
    begin(harness, &other, MOST..=MOST).await;
    store.save_grant(strangers_code(1).code, &grant(1, "x"), &served(), at(1)).await.unwrap();
    begin(harness, &other, MOST + 1..MOST + 2).await;
    refused(&ask(harness, &store, &strangers_code(MOST + 2), 9).await);
    harness.advance_store_clock(LEASE_TERM).await;
    begin(harness, &store, MOST + 2..MOST + 3).await;
}

pub(super) async fn a_code_that_is_not_granted_leaves_nothing(harness: &dyn TokenStoreHarness) {
    let store = harness.store();
    begin(harness, &store, 0..1).await;
    let second = Admission { caller: Some(network(0)), ..strangers_code(1) };
    refused(&ask(harness, &store, &second, 1).await);
    assert_eq!(store.exchange(second.code).await.unwrap(), None);
    let mine = admit(&store, &by_app(second.code, &user("olena")), owner(2)).await;
    assert_eq!(mine.user, Some(user("olena")), "the app can still bring it");
}

pub(super) async fn places_are_judged_by_the_stores_clock(harness: &dyn TokenStoreHarness) {
    let store = harness.store();
    begin(harness, &store, 0..1).await;
    harness.advance_store_clock(STARTS_WITHIN).await;
    let second = Admission { caller: Some(network(0)), ..strangers_code(1) };
    let years_later = at(10 * 365 * 24 * 3600);
    refused(&store.admit_code(&second, owner(1), years_later).await.unwrap());
}

pub(super) async fn a_code_that_a_user_vouches_for_needs_no_place(harness: &dyn TokenStoreHarness) {
    let store = harness.store();
    know(&store, 0..MOST).await;
    begin(harness, &store, 0..MOST).await;
    let attempt = attempt("one", &user("olena"), 0);
    store.open_attempt(&attempt).await.unwrap();
    admit(&store, &by_attempt(code("of an attempt"), &attempt, false), owner(50)).await;
    admit(&store, &by_app(code("by an app"), &user("ivan")), owner(51)).await;
    // One that a stranger brought before.
    store.end_exchange(strangers_code(0).code, owner(0), false).await.unwrap();
    admit(&store, &by_app(strangers_code(0).code, &user("petro")), owner(52)).await;
}
