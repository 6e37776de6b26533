//! Looking up where an account is: once a minute, and a move counts for all connections.

use amo_connect_domain::host_look_up::{FoundHost, LOOK_UP_TERM, LookUpDecision};
use amo_connect_domain::ids::AccountId;

use super::TokenStoreHarness;
use super::steps::swept;
use crate::fixtures::host;
use crate::suite::race;

const ACCOUNT: Option<AccountId> = Some(AccountId(1));

fn at_host(number: u64) -> FoundHost {
    FoundHost { host: host(number), account: ACCOUNT }
}

fn moved_to(number: u64) -> LookUpDecision {
    LookUpDecision::MovedTo(host(number))
}

pub(super) async fn an_account_is_looked_up_by_one_of_many(harness: &dyn TokenStoreHarness) {
    let handles = [harness.store(), harness.second_handle().await];
    let answers =
        race(&handles, 8, |store, _| async move { store.request_look_up(&host(1), ACCOUNT).await.unwrap() }).await;
    let granted = answers.iter().filter(|answer| **answer == LookUpDecision::Granted).count();
    let later = answers.iter().filter(|answer| matches!(answer, LookUpDecision::Later(_))).count();
    assert_eq!((granted, later), (1, 7), "{answers:?}");
    assert_eq!(handles[0].request_look_up(&host(2), None).await.unwrap(), LookUpDecision::Granted, "another account");
    let elsewhere = handles[0].request_look_up(&host(2), ACCOUNT).await.unwrap();
    assert!(matches!(elsewhere, LookUpDecision::Later(_)), "the same account: {elsewhere:?}");
    harness.advance_store_clock(LOOK_UP_TERM).await;
    assert_eq!(handles[1].request_look_up(&host(1), ACCOUNT).await.unwrap(), LookUpDecision::Granted);
}

pub(super) async fn a_move_is_known_for_good_under_the_old_host(harness: &dyn TokenStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    assert_eq!(store.request_look_up(&host(1), ACCOUNT).await.unwrap(), LookUpDecision::Granted);
    store.save_move(&host(1), &at_host(2)).await.unwrap();
    assert_eq!(other.request_look_up(&host(1), ACCOUNT).await.unwrap(), moved_to(2));
    assert!(matches!(other.request_look_up(&host(2), ACCOUNT).await.unwrap(), LookUpDecision::Later(_)));
    harness.advance_store_clock(LOOK_UP_TERM).await;
    assert_eq!(other.request_look_up(&host(1), ACCOUNT).await.unwrap(), moved_to(2));
    assert_eq!(other.request_look_up(&host(2), ACCOUNT).await.unwrap(), LookUpDecision::Granted);
}

pub(super) async fn an_account_that_moves_back_is_not_sent_away_again(harness: &dyn TokenStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    store.save_move(&host(1), &at_host(2)).await.unwrap();
    other.save_move(&host(2), &at_host(1)).await.unwrap();
    assert_eq!(store.request_look_up(&host(2), ACCOUNT).await.unwrap(), moved_to(1));
    assert_eq!(store.request_look_up(&host(1), ACCOUNT).await.unwrap(), LookUpDecision::Granted);
}

pub(super) async fn a_look_up_does_not_count_for_another_account(harness: &dyn TokenStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    store.save_move(&host(1), &at_host(2)).await.unwrap();
    let unknown = Some(AccountId(9));
    assert_eq!(other.request_look_up(&host(1), unknown).await.unwrap(), LookUpDecision::Granted);
}

pub(super) async fn a_sweep_keeps_moves(harness: &dyn TokenStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    store.save_move(&host(1), &at_host(2)).await.unwrap();
    harness.advance_store_clock(LOOK_UP_TERM * 2).await;
    swept(&store, crate::fixtures::at(0)).await.unwrap();
    assert_eq!(other.request_look_up(&host(1), ACCOUNT).await.unwrap(), moved_to(2));
}

/// The host may be another account's by now, whose tokens are not for the new host.
pub(super) async fn a_move_is_told_for_no_other_account(harness: &dyn TokenStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    let unknown = FoundHost { account: None, ..at_host(2) };
    for (number, found, asked) in [(1, at_host(2), Some(AccountId(9))), (3, at_host(2), None), (4, unknown, ACCOUNT)] {
        store.save_move(&host(number), &found).await.unwrap();
        harness.advance_store_clock(LOOK_UP_TERM).await;
        let answer = other.request_look_up(&host(number), asked).await.unwrap();
        assert_eq!(answer, LookUpDecision::Granted, "{found:?} for {asked:?}");
    }
}

pub(super) async fn a_look_up_without_a_number_leaves_what_is_known_of_its_host(harness: &dyn TokenStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    store.save_move(&host(1), &at_host(2)).await.unwrap();
    harness.advance_store_clock(LOOK_UP_TERM).await;
    assert_eq!(store.request_look_up(&host(1), None).await.unwrap(), LookUpDecision::Granted);
    assert!(matches!(other.request_look_up(&host(1), None).await.unwrap(), LookUpDecision::Later(_)));
    assert_eq!(other.request_look_up(&host(1), ACCOUNT).await.unwrap(), moved_to(2));
}
