//! Attempts: begun, counted, closed.

use amo_connect_domain::authorization::attempt::{Attempt, AttemptReason, AttemptState, OPEN_ATTEMPTS};
use amo_connect_domain::ids::AttemptId;

use super::TokenStoreHarness;
use super::steps::{Store, admit};
use crate::fixtures::{attempt, by_attempt, code, owner, state, user};

async fn open(store: &Store, attempt: Attempt) -> Attempt {
    store.open_attempt(&attempt).await.unwrap();
    attempt
}

async fn state_of(store: &Store, attempt: &Attempt) -> AttemptState {
    store.attempt(attempt.id).await.unwrap().unwrap().state
}

pub(super) async fn an_attempt_comes_back_as_it_went_in(harness: &dyn TokenStoreHarness) {
    let other = harness.second_handle().await;
    let attempt = open(&harness.store(), attempt("one", &user("olena"), 0)).await;
    assert_eq!(other.attempt(attempt.id).await.unwrap().as_ref(), Some(&attempt));
    assert_eq!(other.attempt_by_state(attempt.state_hash).await.unwrap(), Some(attempt));
}

pub(super) async fn an_attempt_is_found_by_its_own_id_and_state_alone(harness: &dyn TokenStoreHarness) {
    let store = harness.store();
    open(&store, attempt("one", &user("olena"), 0)).await;
    let second = open(&store, attempt("two", &user("ivan"), 0)).await;
    assert_eq!(store.attempt(second.id).await.unwrap().as_ref(), Some(&second));
    assert_eq!(store.attempt_by_state(second.state_hash).await.unwrap().as_ref(), Some(&second));
    assert_eq!(store.attempt(AttemptId([0; 16])).await.unwrap(), None);
    assert_eq!(store.attempt_by_state(state("unheard of")).await.unwrap(), None);
}

pub(super) async fn only_the_newest_attempts_stay_open(harness: &dyn TokenStoreHarness) {
    let (store, olena) = (harness.store(), user("olena"));
    let mut attempts = Vec::new();
    for second in 0..8_i64 {
        attempts.push(open(&store, attempt(&format!("attempt {second}"), &olena, second)).await);
    }
    let (older, newest) = attempts.split_at(8 - OPEN_ATTEMPTS);
    for attempt in older {
        assert_eq!(state_of(&store, attempt).await, AttemptState::Superseded);
    }
    for attempt in newest {
        assert_eq!(state_of(&store, attempt).await, AttemptState::Open);
    }
}

pub(super) async fn an_attempt_keeps_its_deep_link(harness: &dyn TokenStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    let led = |name: &str, second| {
        let link = format!("foryoure-dev://amo-crm/callback?from={name}&x=%20");
        Attempt { deep_link: Some(link), ..attempt(name, &user("olena"), second) }
    };
    let plain = open(&store, attempt("plain", &user("olena"), 0)).await;
    let (declined, spent, superseded) = (led("declined", 1), led("spent", 2), led("superseded", 3));
    for attempt in [&declined, &spent, &superseded] {
        open(&store, attempt.clone()).await;
    }
    store.close_attempt(declined.state_hash, AttemptState::Denied).await.unwrap();
    admit(&store, &by_attempt(code("x"), &spent, false), owner(1)).await;
    for second in 4..10 {
        open(&store, led(&format!("newer {second}"), second)).await;
    }
    let ends = [AttemptState::Denied, AttemptState::Spent(code("x")), AttemptState::Superseded];
    for (attempt, end) in [declined, spent, superseded].into_iter().zip(ends) {
        let found = other.attempt_by_state(attempt.state_hash).await.unwrap().unwrap();
        assert_eq!((found.state, found.deep_link), (end, attempt.deep_link));
    }
    assert_eq!(other.attempt(plain.id).await.unwrap().unwrap().deep_link, None);
}

pub(super) async fn another_users_attempts_stay_open(harness: &dyn TokenStoreHarness) {
    let store = harness.store();
    let theirs = open(&store, attempt("theirs", &user("ivan"), 0)).await;
    for second in 1..8 {
        open(&store, attempt(&format!("attempt {second}"), &user("olena"), second)).await;
    }
    assert_eq!(state_of(&store, &theirs).await, AttemptState::Open);
}

pub(super) async fn closed_attempts_take_no_open_ones_place(harness: &dyn TokenStoreHarness) {
    let (store, olena) = (harness.store(), user("olena"));
    let oldest = open(&store, attempt("oldest", &olena, 0)).await;
    for second in 1..8 {
        let declined = open(&store, attempt(&format!("declined {second}"), &olena, second)).await;
        store.close_attempt(declined.state_hash, AttemptState::Denied).await.unwrap();
    }
    assert_eq!(state_of(&store, &oldest).await, AttemptState::Open);
}

pub(super) async fn an_attempt_ends_as_requested(harness: &dyn TokenStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    let ends = [
        AttemptState::Denied,
        AttemptState::Superseded,
        AttemptState::Failed(None),
        AttemptState::Failed(Some(AttemptReason::CrmUnavailable)),
        AttemptState::Failed(Some(AttemptReason::StorageUnavailable)),
        AttemptState::Failed(Some(AttemptReason::InvalidCode)),
        AttemptState::Failed(Some(AttemptReason::InvalidAccountHost)),
        AttemptState::Failed(Some(AttemptReason::ClaimTimeout)),
        AttemptState::Failed(Some(AttemptReason::Disconnected)),
    ];
    for (number, end) in (0_u8..).zip(ends) {
        let attempt = open(&store, attempt(&format!("attempt {number}"), &user("olena"), number.into())).await;
        store.close_attempt(attempt.state_hash, end).await.unwrap();
        assert_eq!(other.attempt(attempt.id).await.unwrap(), Some(Attempt { state: end, ..attempt }));
    }
    store.close_attempt(state("unheard of"), AttemptState::Denied).await.unwrap();
}

pub(super) async fn an_attempt_past_open_is_not_touched(harness: &dyn TokenStoreHarness) {
    let store = harness.store();
    let attempt = open(&store, attempt("one", &user("olena"), 0)).await;
    store.close_attempt(attempt.state_hash, AttemptState::Denied).await.unwrap();
    store.close_attempt(attempt.state_hash, AttemptState::Failed(None)).await.unwrap();
    assert_eq!(state_of(&store, &attempt).await, AttemptState::Denied);
}

pub(super) async fn a_spent_attempt_is_not_touched(harness: &dyn TokenStoreHarness) {
    let store = harness.store();
    let newer = |second| attempt(&format!("newer {second}"), &user("olena"), second);
    let attempt = open(&store, attempt("one", &user("olena"), 0)).await;
    admit(&store, &by_attempt(code("x"), &attempt, false), owner(1)).await;
    store.close_attempt(attempt.state_hash, AttemptState::Denied).await.unwrap();
    for second in 1..8 {
        open(&store, newer(second)).await;
    }
    assert_eq!(state_of(&store, &attempt).await, AttemptState::Spent(code("x")));
}
