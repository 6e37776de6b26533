//! What background work and the operator ask for: connections that need work, and users.

use std::collections::BTreeMap;
use std::time::Duration;

use amo_connect_domain::connection::audit::Actor;
use amo_connect_domain::connection::{
    CrmConnection, Grant, LONGEST_REFUSAL_BACKOFF, ProblemCode, ReauthReason, RefusedPairs, Standing,
};
use amo_connect_domain::ids::{AccountId, Generation, Revision, UserId};
use amo_connect_domain::lease::LEASE_TERM;
use amo_connect_domain::ports::RefreshRequest;
use jiff::Timestamp;

use super::TokenStoreHarness;
use super::steps::{Store, connect, connection, lease};
use crate::fixtures::{altered, at, back_off, grant, issued, lease_request, owner, pair, served, user};

/// A connection whose tokens were issued at this second.
async fn issued_at(store: &Store, name: &str, second: i64) -> UserId {
    let mut connection = CrmConnection::new(user(name));
    let tokens = issued(name).into_pair(at(second));
    connection.connect(Grant { tokens, ..grant(1, name) }, at(second));
    assert_eq!(store.save(&connection, None).await.unwrap(), Revision(1));
    connection.user.clone()
}

/// The users whose refresh is orphaned; the generations are checked.
async fn orphans(store: &Store, limit: u32) -> Vec<UserId> {
    whose(store, store.orphaned_refreshes(limit).await.unwrap()).await
}

/// The users whose tokens were issued before this second.
async fn stale(store: &Store, second: i64, limit: u32) -> Vec<UserId> {
    whose(store, store.stale_connections(at(second), Timestamp::MAX, limit).await.unwrap()).await
}

async fn whose(store: &Store, due: Vec<(UserId, Generation)>) -> Vec<UserId> {
    for (user, generation) in &due {
        assert_eq!(*generation, connection(store, user).await.generation, "{user}");
    }
    due.into_iter().map(|(user, _)| user).collect()
}

/// A connection with a lease on its refresh.
async fn leased(store: &Store, name: &str, number: u8) -> UserId {
    let connected = connect(store, &user(name), 1, name).await;
    lease(store, &connected.user, connected.generation, owner(number)).await;
    connected.user.clone()
}

pub(super) async fn orphaned_refreshes_come_oldest_first_and_limited(harness: &dyn TokenStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    let first = leased(&store, "zoya", 1).await;
    harness.advance_store_clock(Duration::from_secs(1)).await;
    let second = leased(&store, "adam", 2).await;
    let third = leased(&store, "maria", 3).await;
    connect(&store, &user("unleased"), 1, "unleased").await;
    assert_eq!(orphans(&other, 10).await, []);

    harness.advance_store_clock(LEASE_TERM).await;
    assert_eq!(orphans(&other, 1).await, std::slice::from_ref(&first));
    let mut all = orphans(&other, 10).await;
    assert_eq!(all.remove(0), first);
    all.sort_unstable();
    assert_eq!(all, [second.clone(), third.clone()]);

    // One lease was renewed, one pair saved, one grant given up: none is orphaned.
    assert!(store.renew_refresh_lease(&first, owner(1)).await.unwrap());
    let spent = connection(&store, &second).await.generation;
    store.save_rotated(&second, spent, &pair("next"), &served(), at(9)).await.unwrap();
    let mut refused = connection(&store, &third).await;
    let revision = refused.revision;
    refused.refuse(refused.generation, ReauthReason::RotationLost, at(9)).unwrap();
    store.save(&refused, Some(revision)).await.unwrap();
    assert_eq!(orphans(&other, 10).await, []);
}

pub(super) async fn a_backoff_in_doubt_is_orphaned_when_it_is_over(harness: &dyn TokenStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    let (doubtful, certain) = (leased(&store, "doubtful", 1).await, leased(&store, "certain", 2).await);
    store.back_off_refresh(&doubtful, owner(1), &back_off(true, LEASE_TERM)).await.unwrap();
    store.back_off_refresh(&certain, owner(2), &back_off(false, LEASE_TERM)).await.unwrap();
    assert_eq!(orphans(&other, 10).await, []);
    harness.advance_store_clock(LEASE_TERM).await;
    assert_eq!(orphans(&other, 10).await, [doubtful]);
}

pub(super) async fn stale_connections_come_oldest_first_and_limited(harness: &dyn TokenStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    let young = issued_at(&store, "young", 30).await;
    let (old, oldest) = (issued_at(&store, "old", 20).await, issued_at(&store, "oldest", 10).await);
    assert_eq!(stale(&other, 10, 10).await, []);
    assert_eq!(stale(&other, 30, 10).await, [oldest.clone(), old.clone()]);
    assert_eq!(stale(&other, 31, 2).await, [oldest.clone(), old.clone()]);
    store.disconnect(&oldest, Actor::User).await.unwrap();
    assert_eq!(stale(&other, 31, 10).await, [old, young]);
}

pub(super) async fn a_connection_whose_refresh_backs_off_is_not_stale(harness: &dyn TokenStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    let olena = issued_at(&store, "olena", 0).await;
    let generation = connection(&store, &olena).await.generation;
    lease(&store, &olena, generation, owner(1)).await;
    assert_eq!(stale(&other, 60, 10).await, []);
    store.back_off_refresh(&olena, owner(1), &back_off(false, LEASE_TERM)).await.unwrap();
    assert_eq!(stale(&other, 60, 10).await, []);
    harness.advance_store_clock(LEASE_TERM).await;
    assert_eq!(stale(&other, 60, 10).await, [olena]);
}

pub(super) async fn tokens_that_cannot_be_opened_are_set_aside(harness: &dyn TokenStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    let (olena, ivan) = (issued_at(&store, "olena", 0).await, issued_at(&store, "ivan", 1).await);
    let spent = connection(&store, &olena).await.generation;
    if !harness.damage_tokens().await {
        return;
    }
    let intact = issued_at(&store, "intact", 2).await;
    let due = store.stale_connections(at(60), Timestamp::MAX, 2).await.unwrap();
    assert_eq!(due.iter().map(|(user, _)| user).collect::<Vec<_>>(), [&olena, &ivan]);
    for (user, generation) in due {
        assert_eq!(
            other.lease_refresh(&user, &lease_request(generation, owner(1))).await.unwrap(),
            RefreshRequest::Unreadable
        );
    }
    let backoff = store.lease_refresh(&olena, &lease_request(spent, owner(2))).await.unwrap();
    assert!(matches!(backoff, RefreshRequest::BackingOff(_)), "{backoff:?}");
    assert_eq!(stale(&store, 60, 2).await, [intact]);
    assert_eq!(orphans(&store, 10).await, []);
}

pub(super) async fn revoking_an_account_touches_all_its_connections_and_no_other(harness: &dyn TokenStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    for (name, account) in [("adam", 1), ("maria", 1), ("ivan", 2), ("zoya", 1), ("lost", 1)] {
        connect(&store, &user(name), account, name).await;
    }
    store.disconnect(&user("zoya"), Actor::User).await.unwrap();
    for (name, reason) in [("maria", ReauthReason::GrantRevoked), ("lost", ReauthReason::RotationLost)] {
        let mut row = connection(&store, &user(name)).await;
        row.refuse(row.generation, reason, at(1)).unwrap();
        store.save(&row, Some(row.revision)).await.unwrap();
    }
    let mut theirs = other.users_of(AccountId(1)).await.unwrap();
    theirs.sort_unstable();
    assert_eq!(theirs, [user("adam"), user("maria")]);
    for revoked in &theirs {
        let mut row = connection(&other, revoked).await;
        let revision = row.revision;
        row.revoke(row.generation).unwrap();
        other.save(&row, Some(revision)).await.unwrap();
    }
    assert_eq!(store.users_of(AccountId(1)).await.unwrap(), []);
    assert_eq!(store.users_of(AccountId(2)).await.unwrap(), [user("ivan")]);
    assert_eq!(connection(&store, &user("ivan")).await.grant(), Some(&grant(2, "ivan")));
}

pub(super) async fn tokens_that_are_dated_far_in_the_future_are_stale(harness: &dyn TokenStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    for (name, second) in [("now", 100), ("a little ahead", 200), ("far ahead", 201)] {
        issued_at(&store, name, second).await;
    }
    let due = other.stale_connections(at(60), at(200), 10).await.unwrap();
    assert_eq!(whose(&other, due).await, [user("far ahead")]);
}

pub(super) async fn a_connection_whose_refresh_is_delayed_is_not_stale(harness: &dyn TokenStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    let olena = issued_at(&store, "olena", 0).await;
    let row = connection(&store, &olena).await;
    let since = store.clock().await.unwrap();
    let refused = RefusedPairs { count: 2, last: row.generation, since };
    let row = altered(row, |parts| parts.refused = Some(refused));
    store.save(&row, Some(row.revision)).await.unwrap();
    assert_eq!(stale(&other, 60, 10).await, []);
    harness.advance_store_clock(LONGEST_REFUSAL_BACKOFF).await;
    assert_eq!(stale(&other, 60, 10).await, [olena]);
}

pub(super) async fn rows_are_counted_by_their_standing(harness: &dyn TokenStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    assert_eq!(counted(&other).await, []);
    for name in ["adam", "boris", "blocked", "banned", "refused", "lost", "revoked", "gone"] {
        connect(&store, &user(name), 1, name).await;
    }
    for name in ["blocked", "banned"] {
        change(&store, name, |row| row.note(row.generation, Some(ProblemCode::ProviderBlocked), at(1)).unwrap()).await;
    }
    change(&store, "refused", |row| row.refuse(row.generation, ReauthReason::GrantRevoked, at(1)).unwrap()).await;
    change(&store, "lost", |row| row.refuse(row.generation, ReauthReason::RotationLost, at(1)).unwrap()).await;
    change(&store, "revoked", |row| row.revoke(row.generation).unwrap()).await;
    store.disconnect(&user("gone"), Actor::User).await.unwrap();
    let standings = [
        (Standing::Connected(None), 2),
        (Standing::Connected(Some(ProblemCode::ProviderBlocked)), 2),
        (Standing::NeedsReauth(ReauthReason::GrantRevoked), 1),
        (Standing::NeedsReauth(ReauthReason::RotationLost), 1),
        (Standing::Revoked, 1),
        (Standing::Disconnected, 1),
    ];
    assert_eq!(counted(&other).await, standings);
}

/// What the store counts, in one order, without counts of none.
async fn counted(store: &Store) -> Vec<(Standing, u64)> {
    let mut sums = BTreeMap::new();
    for (standing, count) in store.standings().await.unwrap() {
        *sums.entry(standing).or_default() += count;
    }
    sums.into_iter().filter(|(_, count)| *count > 0).collect()
}

/// Changes a user's row.
async fn change(store: &Store, name: &str, change: impl FnOnce(&mut CrmConnection)) {
    let mut row = connection(store, &user(name)).await;
    let revision = row.revision;
    change(&mut row);
    store.save(&row, Some(revision)).await.unwrap();
}

pub(super) async fn users_are_listed_page_by_page(harness: &dyn TokenStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    for name in ["б", "a", "A", "aa"] {
        connect(&store, &user(name), 1, name).await;
    }
    store.disconnect(&user("aa"), Actor::User).await.unwrap();
    let first = other.users(None, 3).await.unwrap();
    assert_eq!(first, [user("A"), user("a"), user("aa")]);
    assert_eq!(other.users(first.last().cloned(), 3).await.unwrap(), [user("б")]);
    assert_eq!(other.users(Some(user("б")), 3).await.unwrap(), []);
    assert_eq!(other.users(Some(user("ab")), 3).await.unwrap(), [user("б")], "after one who is not there");
}
