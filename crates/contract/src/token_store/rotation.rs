//! Rotation: a pair is saved against the generation it replaces, and nothing else.

use amo_connect_domain::connection::audit::Actor;
use amo_connect_domain::connection::{ConnectionState, CrmConnection, Grant, Problem, ProblemCode, ReauthReason};
use amo_connect_domain::lease::LEASE_TERM;
use amo_connect_domain::ports::StoreError;

use super::TokenStoreHarness;
use super::steps::{Store, connect, connection, grant_of, lease};
use crate::fixtures::{altered, at, grant, owner, pair, served, user};
use crate::suite::race;

/// Asserts that a late pair for `spent` is refused and that the row stays as it is.
async fn assert_refused(store: &Store, spent: &CrmConnection) {
    let before = store.connection(&spent.user).await.unwrap();
    let refused = store.save_rotated(&spent.user, spent.generation, &pair("late"), &served(), at(99)).await;
    assert!(matches!(refused, Err(StoreError::Conflict)), "{refused:?}");
    assert_eq!(store.connection(&spent.user).await.unwrap(), before);
}

pub(super) async fn a_rotated_pair_is_stored_and_ends_its_lease(harness: &dyn TokenStoreHarness) {
    let (store, other, olena) = (harness.store(), harness.second_handle().await, user("olena"));
    let first = connect(&store, &olena, 1, "first").await;
    lease(&store, &olena, first.generation, owner(1)).await;
    let saved = store.save_rotated(&olena, first.generation, &pair("second"), &served(), at(9)).await.unwrap();
    assert_eq!(connection(&other, &olena).await, saved);
    assert_eq!(saved.grant(), Some(&grant(1, "second")));
    assert_eq!((saved.generation, saved.epoch), (first.generation.next(), first.epoch));
    assert_eq!((saved.connected_at, saved.refreshed_at), (first.connected_at, Some(at(9))));
    assert!(!store.renew_refresh_lease(&olena, owner(1)).await.unwrap());
}

pub(super) async fn a_pair_is_stored_after_its_lease_has_passed(harness: &dyn TokenStoreHarness) {
    let (store, other, olena) = (harness.store(), harness.second_handle().await, user("olena"));
    let first = connect(&store, &olena, 1, "first").await;
    lease(&store, &olena, first.generation, owner(1)).await;
    harness.advance_store_clock(LEASE_TERM).await;
    lease(&other, &olena, first.generation, owner(2)).await;
    store.save_rotated(&olena, first.generation, &pair("second"), &served(), at(20)).await.unwrap();
    assert_eq!(grant_of(&other, &olena).await, Some(grant(1, "second")));
}

pub(super) async fn a_pair_is_stored_although_the_row_changed(harness: &dyn TokenStoreHarness) {
    let (store, other, olena) = (harness.store(), harness.second_handle().await, user("olena"));
    let first = connect(&store, &olena, 1, "first").await;
    lease(&store, &olena, first.generation, owner(1)).await;
    let problem = Some(Problem { code: ProblemCode::ProviderDown, since: at(3) });
    other.save(&altered(first.clone(), |parts| parts.problem = problem), Some(first.revision)).await.unwrap();
    let saved = store.save_rotated(&olena, first.generation, &pair("second"), &served(), at(9)).await.unwrap();
    assert_eq!((saved.grant(), saved.problem), (Some(&grant(1, "second")), None));
}

pub(super) async fn a_pair_heals_a_rotation_recorded_as_lost(harness: &dyn TokenStoreHarness) {
    let (store, other, olena) = (harness.store(), harness.second_handle().await, user("olena"));
    let first = connect(&store, &olena, 1, "first").await;
    lease(&store, &olena, first.generation, owner(1)).await;
    let mut lost = first.clone();
    lost.refuse(first.generation, ReauthReason::RotationLost, at(3)).unwrap();
    other.save(&lost, Some(first.revision)).await.unwrap();
    assert_eq!(grant_of(&store, &olena).await, None);
    store.save_rotated(&olena, first.generation, &pair("second"), &served(), at(9)).await.unwrap();
    let healed = connection(&other, &olena).await;
    assert_eq!(healed.grant(), Some(&Grant { tokens: pair("second"), ..grant(1, "first") }));
}

pub(super) async fn a_late_pair_never_overwrites_a_newer_one(harness: &dyn TokenStoreHarness) {
    let (store, olena) = (harness.store(), user("olena"));
    let first = connect(&store, &olena, 1, "first").await;
    store.save_rotated(&olena, first.generation, &pair("second"), &served(), at(9)).await.unwrap();
    assert_refused(&harness.second_handle().await, &first).await;
}

pub(super) async fn of_eight_pairs_one_is_stored(harness: &dyn TokenStoreHarness) {
    let handles = [harness.store(), harness.second_handle().await];
    let spent = connect(&handles[0], &user("olena"), 1, "first").await.generation;
    let answers = race(&handles, 8, |store, number| async move {
        store.save_rotated(&user("olena"), spent, &pair(&number.to_string()), &served(), at(9)).await
    })
    .await;
    let saved: Vec<_> = answers.iter().filter_map(|answer| answer.as_ref().ok()).collect();
    assert_eq!(saved, [&connection(&handles[0], &user("olena")).await]);
    let lost = answers.iter().filter(|answer| matches!(answer, Err(StoreError::Conflict))).count();
    assert_eq!(lost, 7, "{answers:?}");
}

pub(super) async fn a_late_pair_never_undoes_a_disconnect(harness: &dyn TokenStoreHarness) {
    let (store, olena) = (harness.store(), user("olena"));
    let first = connect(&store, &olena, 1, "first").await;
    store.disconnect(&olena, Actor::User).await.unwrap();
    assert_refused(&store, &first).await;
    let gone = connection(&store, &olena).await;
    assert_refused(&store, &gone).await;
    assert_eq!(gone.state, ConnectionState::Disconnected);
}

pub(super) async fn a_late_pair_never_overwrites_a_reconnect(harness: &dyn TokenStoreHarness) {
    let (store, olena) = (harness.store(), user("olena"));
    let first = connect(&store, &olena, 1, "first").await;
    store.disconnect(&olena, Actor::User).await.unwrap();
    connect(&store, &olena, 1, "again").await;
    assert_refused(&store, &first).await;
    let second = connection(&store, &olena).await;
    connect(&store, &olena, 1, "over it").await;
    assert_refused(&store, &second).await;
}

pub(super) async fn a_pair_for_nobody_is_refused(harness: &dyn TokenStoreHarness) {
    assert_refused(&harness.store(), &CrmConnection::new(user("nobody"))).await;
}
