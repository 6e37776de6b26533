//! Budgets: how many codes, attempts and writes one user can leave.

use std::time::Duration;

use amo_connect_domain::authorization::attempt::{AttemptState, MEMORY};
use amo_connect_domain::authorization::budget::{
    ATTEMPTS_OF_A_USER, CODES_OF_A_USER, UNSETTLED_CODES, UNSETTLED_WITHIN,
};
use amo_connect_domain::authorization::code::Admitted;
use amo_connect_domain::idempotency::{Begun, WRITE_MEMORY, WRITES_OF_A_USER, WriteOutcome, WriteRequest};
use amo_connect_domain::ids::UserId;
use amo_connect_domain::token::CodeHash;

use super::TokenStoreHarness;
use super::steps::{Store, admit, begin_write, send_write, settle_write, swept, write};
use crate::fixtures::{at, attempt, by_app, by_attempt, code, owner, state, user, write_request};

fn numbered(number: usize) -> CodeHash {
    code(&format!("number {number}"))
}

/// Brings codes of olena's; each is interrupted, or refused.
async fn bring(store: &Store, count: usize, refused: bool) {
    for number in 0..count {
        admit(store, &by_app(numbered(number), &user("olena")), owner(1)).await;
        store.end_exchange(numbered(number), owner(1), refused).await.unwrap();
    }
}

async fn refused_for(store: &Store, number: usize) -> Duration {
    match store.admit_code(&by_app(numbered(number), &user("olena")), owner(2), at(0)).await.unwrap() {
        Admitted::Later(later) if !later.is_for_all => later.wait,
        other => panic!("a code too many: {other:?}"),
    }
}

pub(super) async fn a_user_leaves_so_many_unsettled_codes(harness: &dyn TokenStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    bring(&store, UNSETTLED_CODES, false).await;
    for store in [&store, &other] {
        assert!(refused_for(store, 50).await <= UNSETTLED_WITHIN);
        assert_eq!(store.exchange(numbered(50)).await.unwrap(), None);
    }
    // One that is on record is none more.
    admit(&store, &by_app(numbered(0), &user("olena")), owner(3)).await;
    refused_for(&store, 50).await;
    store.end_exchange(numbered(0), owner(3), true).await.unwrap();
    admit(&store, &by_app(numbered(50), &user("olena")), owner(1)).await;
    refused_for(&store, 51).await;
    harness.advance_store_clock(UNSETTLED_WITHIN).await;
    admit(&other, &by_app(numbered(51), &user("olena")), owner(1)).await;
}

pub(super) async fn an_attempt_whose_code_is_not_granted_stays_open(harness: &dyn TokenStoreHarness) {
    let store = harness.store();
    let attempt = attempt("one", &user("olena"), 0);
    store.open_attempt(&attempt).await.unwrap();
    bring(&store, UNSETTLED_CODES, false).await;
    let request = by_attempt(code("of the attempt"), &attempt, false);
    let answer = store.admit_code(&request, owner(1), at(0)).await.unwrap();
    assert!(matches!(answer, Admitted::Later(_)), "{answer:?}");
    assert_eq!(store.attempt(attempt.id).await.unwrap().unwrap().state, AttemptState::Open);
    harness.advance_store_clock(UNSETTLED_WITHIN).await;
    admit(&store, &request, owner(1)).await;
}

pub(super) async fn a_user_leaves_so_many_codes_a_day(harness: &dyn TokenStoreHarness) {
    let store = harness.store();
    bring(&store, CODES_OF_A_USER, true).await;
    assert!(refused_for(&store, 500).await <= MEMORY);
    harness.advance_store_clock(MEMORY + Duration::from_mins(1)).await;
    let now = store.clock().await.unwrap();
    swept(&store, now).await.unwrap();
    admit(&store, &by_app(numbered(500), &user("olena")), owner(1)).await;
}

pub(super) async fn other_users_codes_count_for_nothing(harness: &dyn TokenStoreHarness) {
    let store = harness.store();
    bring(&store, UNSETTLED_CODES, false).await;
    admit(&store, &by_app(numbered(50), &user("ivan")), owner(1)).await;
}

pub(super) async fn a_user_leaves_so_many_attempts(harness: &dyn TokenStoreHarness) {
    let store = harness.store();
    let (still_open, of_ivan) = (attempt("still open", &user("olena"), 0), attempt("of ivan", &user("ivan"), 0));
    for attempt in [&still_open, &of_ivan] {
        store.open_attempt(attempt).await.unwrap();
    }
    store.close_attempt(of_ivan.state_hash, AttemptState::Denied).await.unwrap();
    let name = |number: usize| format!("number {number}");
    for number in 0..=ATTEMPTS_OF_A_USER {
        let second = i64::try_from(number).unwrap() + 1;
        store.open_attempt(&attempt(&name(number), &user("olena"), second)).await.unwrap();
        store.close_attempt(state(&name(number)), AttemptState::Denied).await.unwrap();
    }
    let is_there = async |name: &str| store.attempt_by_state(state(name)).await.unwrap().is_some();
    // What is past open is counted when the next one is opened.
    store.open_attempt(&attempt("last", &user("olena"), 500)).await.unwrap();
    assert!(!is_there(&name(0)).await, "too many are on record");
    for name in [&name(1), &name(ATTEMPTS_OF_A_USER), "still open", "of ivan", "last"] {
        assert!(is_there(name).await, "{name}");
    }
}

fn numbered_write(user: &UserId, number: usize) -> WriteRequest {
    write_request(user, &format!("number-{number}"))
}

pub(super) async fn a_user_leaves_so_many_writes(harness: &dyn TokenStoreHarness) {
    let (store, other, olena) = (harness.store(), harness.second_handle().await, user("olena"));
    let numbers = 0..WRITES_OF_A_USER;
    harness.begin_writes(numbers.map(|number| numbered_write(&olena, number)).collect(), owner(1)).await;
    let (first, next) = (numbered_write(&olena, 0), numbered_write(&olena, WRITES_OF_A_USER));
    for store in [&store, &other] {
        let answer = store.begin_write(&next, owner(2)).await.unwrap();
        assert!(matches!(answer, Begun::Full(wait) if wait <= WRITE_MEMORY), "{answer:?}");
        assert_eq!(write(store, &next).await, None);
    }
    begin_write(&store, &numbered_write(&user("ivan"), 0), owner(1)).await;
    // One that is on record goes on.
    send_write(&store, &first, owner(1)).await;
    let done = WriteOutcome::Done { object: None, comment: None, missing_comment: false };
    let record = settle_write(&store, &first, owner(1), done).await;
    assert_eq!(other.begin_write(&first, owner(2)).await.unwrap(), Begun::Replay(record));
    // One that changed nothing leaves room.
    store.settle_write(&numbered_write(&olena, 1), owner(1), &WriteOutcome::ChangedNothing).await.unwrap();
    begin_write(&other, &next, owner(2)).await;
    let another = store.begin_write(&numbered_write(&olena, WRITES_OF_A_USER + 1), owner(2)).await.unwrap();
    assert!(matches!(another, Begun::Full(_)), "{another:?}");
}
