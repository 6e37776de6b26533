//! Revocation checks of accounts: one at a time, once a minute, until all connections were checked.

use amo_connect_domain::connection::revocation_check::REVOCATION_CHECK_INTERVAL;
use amo_connect_domain::ids::AccountId;

use super::TokenStoreHarness;
use crate::suite::race;

const ACCOUNT: AccountId = AccountId(31_920_194);

pub(super) async fn a_check_is_taken_by_one_of_many(harness: &dyn TokenStoreHarness) {
    let handles = [harness.store(), harness.second_handle().await];
    assert_eq!(handles[0].take_checks(10).await.unwrap(), []);
    handles[0].request_check(ACCOUNT).await.unwrap();
    handles[1].request_check(AccountId(7)).await.unwrap();
    let answers = race(&handles, 8, |store, _| async move { store.take_checks(10).await.unwrap() }).await;
    let mut taken: Vec<_> = answers.into_iter().flatten().collect();
    taken.sort_unstable();
    assert_eq!(taken, [AccountId(7), ACCOUNT]);
}

pub(super) async fn checks_are_limited(harness: &dyn TokenStoreHarness) {
    let store = harness.store();
    for number in 1..=3 {
        store.request_check(AccountId(number)).await.unwrap();
    }
    assert_eq!(store.take_checks(2).await.unwrap().len(), 2);
    assert_eq!(store.take_checks(2).await.unwrap().len(), 1);
}

pub(super) async fn a_check_that_was_not_finished_is_due_again_after_its_interval(harness: &dyn TokenStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    store.request_check(ACCOUNT).await.unwrap();
    assert_eq!(store.take_checks(10).await.unwrap(), [ACCOUNT]);
    assert_eq!(other.take_checks(10).await.unwrap(), []);
    harness.advance_store_clock(REVOCATION_CHECK_INTERVAL).await;
    assert_eq!(other.take_checks(10).await.unwrap(), [ACCOUNT]);
}

pub(super) async fn a_check_that_takes_long_is_not_taken_again(harness: &dyn TokenStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    store.extend_check(ACCOUNT).await.unwrap();
    assert_eq!(store.take_checks(10).await.unwrap(), [], "none was requested");
    store.request_check(ACCOUNT).await.unwrap();
    store.take_checks(10).await.unwrap();
    for _ in 0..3 {
        harness.advance_store_clock(REVOCATION_CHECK_INTERVAL * 2 / 3).await;
        store.extend_check(ACCOUNT).await.unwrap();
        assert_eq!(other.take_checks(10).await.unwrap(), []);
    }
    harness.advance_store_clock(REVOCATION_CHECK_INTERVAL).await;
    assert_eq!(other.take_checks(10).await.unwrap(), [ACCOUNT]);
}

pub(super) async fn a_finished_check_is_over_and_the_next_one_waits(harness: &dyn TokenStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    store.request_check(ACCOUNT).await.unwrap();
    store.take_checks(10).await.unwrap();
    other.finish_check(ACCOUNT).await.unwrap();
    other.request_check(ACCOUNT).await.unwrap();
    assert_eq!(store.take_checks(10).await.unwrap(), [], "within the interval");
    harness.advance_store_clock(REVOCATION_CHECK_INTERVAL).await;
    assert_eq!(store.take_checks(10).await.unwrap(), [ACCOUNT]);
    store.finish_check(ACCOUNT).await.unwrap();
    harness.advance_store_clock(REVOCATION_CHECK_INTERVAL).await;
    assert_eq!(store.take_checks(10).await.unwrap(), [], "no other was requested");
}

pub(super) async fn a_check_that_is_requested_during_another_is_still_due(harness: &dyn TokenStoreHarness) {
    let store = harness.store();
    store.request_check(ACCOUNT).await.unwrap();
    store.take_checks(10).await.unwrap();
    store.request_check(ACCOUNT).await.unwrap();
    store.finish_check(ACCOUNT).await.unwrap();
    harness.advance_store_clock(REVOCATION_CHECK_INTERVAL).await;
    assert_eq!(store.take_checks(10).await.unwrap(), [ACCOUNT]);
}
