//! Refresh leases: one owner at a time, by the store's clock.

use std::time::Duration;

use amo_connect_domain::connection::{Problem, ProblemCode, ReauthReason};
use amo_connect_domain::lease::{LEASE_RENEWAL, LEASE_TERM, Lease};
use amo_connect_domain::ports::RefreshRequest;
use amo_connect_domain::refresh::lease::LeaseRequest;

use super::TokenStoreHarness;
use super::steps::{connect, connection, is_held, lease, waiting};
use crate::fixtures::{after, altered, at, back_off, lease_request, owner, pair, served, user};
use crate::suite::race;

pub(super) async fn a_refresh_lease_is_exclusive_until_it_lapses(harness: &dyn TokenStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    let connected = connect(&store, &user("olena"), 1, "x").await;
    let (theirs, granted) = lease(&store, &user("olena"), connected.generation, owner(1)).await;
    assert_eq!(theirs, connected);
    assert_eq!((granted.owner, granted.generation), (Some(owner(1)), connected.generation));
    harness.advance_store_clock(LEASE_RENEWAL * 2).await;
    for handle in [&store, &other] {
        assert!(is_held(handle, &user("olena"), connected.generation, owner(2)).await);
        assert!(is_held(handle, &user("olena"), connected.generation, owner(1)).await, "not even twice by its owner");
    }
    harness.advance_store_clock(LEASE_RENEWAL).await;
    lease(&other, &user("olena"), connected.generation, owner(2)).await;
    assert!(is_held(&store, &user("olena"), connected.generation, owner(3)).await);
}

pub(super) async fn of_eight_owners_one_is_granted_the_lease(harness: &dyn TokenStoreHarness) {
    let handles = [harness.store(), harness.second_handle().await];
    let generation = connect(&handles[0], &user("olena"), 1, "x").await.generation;
    let answers = race(&handles, 8, |store, number| async move {
        store.lease_refresh(&user("olena"), &lease_request(generation, owner(number))).await.unwrap()
    })
    .await;
    let granted = answers.iter().filter(|answer| matches!(answer, RefreshRequest::Granted(..))).count();
    let held = answers.iter().filter(|answer| **answer == RefreshRequest::Held).count();
    assert_eq!((granted, held), (1, 7), "{answers:?}");
}

pub(super) async fn a_refresh_lease_is_set_and_judged_by_the_stores_clock(harness: &dyn TokenStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    let generation = connect(&store, &user("olena"), 1, "x").await.generation;
    let before = store.clock().await.unwrap();
    let (_, granted) = lease(&store, &user("olena"), generation, owner(1)).await;
    let by_now = other.clock().await.unwrap();
    let terms = [before, by_now].map(|begin| Lease::granted(owner(1), begin).until);
    assert!(terms[0] <= granted.until && granted.until <= terms[1], "{granted:?} not in {terms:?}");
    harness.advance_store_clock(LEASE_TERM).await;
    assert!(other.clock().await.unwrap() >= granted.until);
}

pub(super) async fn a_lapsed_lease_leaves_doubt_and_an_ended_one_none(harness: &dyn TokenStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    let generation = connect(&store, &user("olena"), 1, "x").await.generation;
    let (_, first) = lease(&store, &user("olena"), generation, owner(1)).await;
    assert!(!first.in_doubt);
    store.back_off_refresh(&user("olena"), owner(1), &back_off(false, Duration::ZERO)).await.unwrap();
    let (_, second) = lease(&other, &user("olena"), generation, owner(2)).await;
    assert!(!second.in_doubt);
    harness.advance_store_clock(LEASE_TERM).await;
    let (_, third) = lease(&store, &user("olena"), generation, owner(3)).await;
    assert!(third.in_doubt);
}

pub(super) async fn during_a_backoff_a_lease_is_granted_to_nobody(harness: &dyn TokenStoreHarness) {
    let (store, other, olena) = (harness.store(), harness.second_handle().await, user("olena"));
    let generation = connect(&store, &olena, 1, "x").await.generation;
    lease(&store, &olena, generation, owner(1)).await;
    let before = store.clock().await.unwrap();
    store.back_off_refresh(&olena, owner(1), &back_off(false, LEASE_TERM * 2)).await.unwrap();
    harness.advance_store_clock(LEASE_TERM).await;
    for handle in [&store, &other] {
        match handle.lease_refresh(&olena, &lease_request(generation, owner(2))).await.unwrap() {
            RefreshRequest::BackingOff(until) => assert!(until >= after(before, LEASE_TERM * 2), "{until}"),
            granted => panic!("{granted:?}"),
        }
    }
    harness.advance_store_clock(LEASE_TERM).await;
    let (_, second) = lease(&other, &olena, generation, owner(2)).await;
    assert_eq!((second.in_doubt, second.tries), (false, 1));
}

pub(super) async fn a_doubt_is_remembered_until_a_pair_is_stored(harness: &dyn TokenStoreHarness) {
    let (store, other, olena) = (harness.store(), harness.second_handle().await, user("olena"));
    let generation = connect(&store, &olena, 1, "x").await.generation;
    lease(&store, &olena, generation, owner(1)).await;
    store.back_off_refresh(&olena, owner(1), &back_off(true, Duration::ZERO)).await.unwrap();
    let (_, second) = lease(&other, &olena, generation, owner(2)).await;
    assert!(second.in_doubt);
    other.back_off_refresh(&olena, owner(2), &back_off(false, Duration::ZERO)).await.unwrap();
    let (_, third) = lease(&store, &olena, generation, owner(3)).await;
    assert_eq!((third.in_doubt, third.tries), (true, 2));
    let rotated = store.save_rotated(&olena, generation, &pair("y"), &served(), at(2)).await.unwrap();
    let (_, fresh) = lease(&other, &olena, rotated.generation, owner(4)).await;
    assert_eq!((fresh.in_doubt, fresh.tries), (false, 0));
}

pub(super) async fn a_generation_that_moved_on_is_leased_to_nobody(harness: &dyn TokenStoreHarness) {
    let (store, other, olena) = (harness.store(), harness.second_handle().await, user("olena"));
    let old = connect(&store, &olena, 1, "x").await.generation;
    lease(&store, &olena, old, owner(1)).await;
    let rotated = store.save_rotated(&olena, old, &pair("y"), &served(), at(2)).await.unwrap();
    for generation in [old, rotated.generation.next()] {
        assert_eq!(
            other.lease_refresh(&olena, &lease_request(generation, owner(2))).await.unwrap(),
            RefreshRequest::Outdated
        );
    }
    let (connection, fresh) = lease(&other, &olena, rotated.generation, owner(2)).await;
    assert_eq!((connection, fresh.in_doubt), (rotated, false));
}

pub(super) async fn a_connection_without_tokens_is_leased_to_nobody(harness: &dyn TokenStoreHarness) {
    let (store, other, olena) = (harness.store(), harness.second_handle().await, user("olena"));
    let mut connection = connect(&store, &olena, 1, "x").await;
    let (generation, revision) = (connection.generation, connection.revision);
    connection.refuse(generation, ReauthReason::GrantRevoked, at(2)).unwrap();
    store.save(&connection, Some(revision)).await.unwrap();
    assert_eq!(
        other.lease_refresh(&olena, &lease_request(generation, owner(1))).await.unwrap(),
        RefreshRequest::Outdated
    );
    assert_eq!(
        other.lease_refresh(&user("nobody"), &lease_request(generation, owner(1))).await.unwrap(),
        RefreshRequest::Outdated
    );
}

pub(super) async fn a_refresh_lease_is_renewed_by_its_owner_alone(harness: &dyn TokenStoreHarness) {
    let (store, other, olena) = (harness.store(), harness.second_handle().await, user("olena"));
    let generation = connect(&store, &olena, 1, "x").await.generation;
    assert!(!store.renew_refresh_lease(&olena, owner(1)).await.unwrap(), "there is none yet");
    lease(&store, &olena, generation, owner(1)).await;
    harness.advance_store_clock(LEASE_RENEWAL * 2).await;
    assert!(!other.renew_refresh_lease(&olena, owner(2)).await.unwrap());
    assert!(other.renew_refresh_lease(&olena, owner(1)).await.unwrap());
    harness.advance_store_clock(LEASE_RENEWAL * 2).await;
    assert!(is_held(&store, &olena, generation, owner(2)).await);
    harness.advance_store_clock(LEASE_RENEWAL).await;
    lease(&store, &olena, generation, owner(2)).await;
    assert!(!other.renew_refresh_lease(&olena, owner(1)).await.unwrap());
}

pub(super) async fn a_refresh_lease_is_ended_by_its_owner_alone(harness: &dyn TokenStoreHarness) {
    let (store, other, olena) = (harness.store(), harness.second_handle().await, user("olena"));
    let generation = connect(&store, &olena, 1, "x").await.generation;
    lease(&store, &olena, generation, owner(1)).await;
    other.back_off_refresh(&olena, owner(2), &back_off(false, Duration::ZERO)).await.unwrap();
    assert!(is_held(&store, &olena, generation, owner(2)).await);
    harness.advance_store_clock(LEASE_TERM).await;
    lease(&other, &olena, generation, owner(2)).await;
    store.back_off_refresh(&olena, owner(1), &back_off(false, Duration::ZERO)).await.unwrap();
    assert!(is_held(&store, &olena, generation, owner(3)).await, "a late owner ended another's lease");
    other.back_off_refresh(&olena, owner(2), &back_off(false, Duration::ZERO)).await.unwrap();
    lease(&store, &olena, generation, owner(3)).await;
}

pub(super) async fn a_request_by_hand_waits_for_no_backoff(harness: &dyn TokenStoreHarness) {
    let (store, other, olena) = (harness.store(), harness.second_handle().await, user("olena"));
    let generation = connect(&store, &olena, 1, "x").await.generation;
    let by_hand = LeaseRequest { by_hand: true, ..lease_request(generation, owner(2)) };
    lease(&store, &olena, generation, owner(1)).await;
    assert_eq!(other.lease_refresh(&olena, &by_hand).await.unwrap(), RefreshRequest::Held);
    store.back_off_refresh(&olena, owner(1), &back_off(false, LEASE_TERM * 9)).await.unwrap();
    assert!(matches!(other.lease_refresh(&olena, &by_hand).await.unwrap(), RefreshRequest::Granted(..)));
    other.back_off_refresh(&olena, owner(2), &back_off(true, LEASE_TERM * 9)).await.unwrap();
    assert!(matches!(other.lease_refresh(&olena, &by_hand).await.unwrap(), RefreshRequest::BackingOff(_)));
}

pub(super) async fn saving_a_connection_leaves_its_lease(harness: &dyn TokenStoreHarness) {
    let (store, other, olena) = (harness.store(), harness.second_handle().await, user("olena"));
    let connected = connect(&store, &olena, 1, "x").await;
    lease(&store, &olena, connected.generation, owner(1)).await;
    let problem = Some(Problem { code: ProblemCode::RateLimited, since: at(3) });
    let noted = altered(connected.clone(), |parts| parts.problem = problem);
    other.save(&noted, Some(connected.revision)).await.unwrap();
    assert!(is_held(&other, &olena, connected.generation, owner(2)).await);
    assert!(store.renew_refresh_lease(&olena, owner(1)).await.unwrap());
}

pub(super) async fn saving_a_dead_grant_ends_its_lease(harness: &dyn TokenStoreHarness) {
    let (store, other, olena) = (harness.store(), harness.second_handle().await, user("olena"));
    let mut row = connect(&store, &olena, 1, "x").await;
    lease(&store, &olena, row.generation, owner(1)).await;
    let revision = row.revision;
    row.refuse(row.generation, ReauthReason::GrantRevoked, at(2)).unwrap();
    other.save(&row, Some(revision)).await.unwrap();
    assert!(!store.renew_refresh_lease(&olena, owner(1)).await.unwrap());
}

pub(super) async fn new_tokens_end_the_lease_on_the_old_ones(harness: &dyn TokenStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    let code = waiting(&store, "claimed").await;
    for by_claim in [false, true] {
        let name = if by_claim { "olena" } else { "ivan" };
        let whose = user(name);
        let old = connect(&store, &whose, 1, name).await;
        lease(&store, &whose, old.generation, owner(1)).await;
        if by_claim {
            other.claim(code, &whose, old.epoch, at(2)).await.unwrap();
        } else {
            connect(&other, &whose, 1, "new").await;
        }
        assert_ne!(connection(&store, &whose).await.generation, old.generation);
        assert!(!store.renew_refresh_lease(&whose, owner(1)).await.unwrap());
        assert_eq!(store.back_off_refresh(&whose, owner(1), &back_off(true, LEASE_TERM)).await.unwrap(), None);
    }
    harness.advance_store_clock(LEASE_TERM).await;
    assert_eq!(other.orphaned_refreshes(10).await.unwrap(), []);
}
