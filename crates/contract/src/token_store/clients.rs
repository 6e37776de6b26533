//! Whose fault a refusal is: what amoCRM has said about each client.

use std::time::Duration;

use amo_connect_domain::client::{Accusation, ClientFingerprint};
use amo_connect_domain::ids::{Generation, LeaseOwner, UserId};
use amo_connect_domain::ports::{RefreshRequest, Served};
use amo_connect_domain::refresh::backoff::{Backoff, LONGEST_BACKOFF};
use amo_connect_domain::refresh::lease::LeaseRequest;

use super::TokenStoreHarness;
use super::steps::{Store, admit, connect, lease};
use crate::fixtures::{at, by_app, client, code, grant, lease_request, owner, pair, user};

const SECOND: Duration = Duration::from_secs(1);

/// A sending of `user`'s token that ended with an accusation of `accused`.
async fn accuse(store: &Store, user: &UserId, generation: Generation, accused: ClientFingerprint) -> Accusation {
    lease_as(store, user, generation, accused).await.unwrap();
    let backoff = Backoff { in_doubt: false, pause: LONGEST_BACKOFF, accused: Some(accused), was_sent: true };
    let record = store.back_off_refresh(user, owner(1), &backoff).await.unwrap().unwrap();
    record.accusation.unwrap()
}

/// Asks for `user`'s lease as this client.
async fn lease_as(
    store: &Store,
    user: &UserId,
    generation: Generation,
    client: ClientFingerprint,
) -> Result<LeaseOwner, RefreshRequest> {
    let request = LeaseRequest { client, ..lease_request(generation, owner(1)) };
    match store.lease_refresh(user, &request).await.unwrap() {
        RefreshRequest::Granted(..) => Ok(owner(1)),
        refused => Err(refused),
    }
}

/// amoCRM serves another connection as this client, now.
async fn serve(store: &Store, name: &str, client: ClientFingerprint) {
    let other = connect(store, &user(name), 1, name).await;
    let served = Served { client, sent_at: store.clock().await.unwrap() };
    store.save_rotated(&other.user, other.generation, &pair("next"), &served, at(9)).await.unwrap();
}

pub(super) async fn a_backoff_for_an_accused_client_ends_when_the_client_is_served(harness: &dyn TokenStoreHarness) {
    let (store, other, olena) = (harness.store(), harness.second_handle().await, user("olena"));
    let generation = connect(&store, &olena, 1, "x").await.generation;
    let accusation = accuse(&store, &olena, generation, client(1)).await;
    assert_eq!((accusation.client, accusation.is_accounts), (client(1), false));
    assert!(matches!(lease_as(&other, &olena, generation, client(1)).await, Err(RefreshRequest::BackingOff(_))));
    harness.advance_store_clock(SECOND).await;
    serve(&store, "ivan", client(1)).await;
    lease_as(&other, &olena, generation, client(1)).await.unwrap();
}

pub(super) async fn a_code_that_is_exchanged_acquits_its_client(harness: &dyn TokenStoreHarness) {
    let (store, other, olena) = (harness.store(), harness.second_handle().await, user("olena"));
    let generation = connect(&store, &olena, 1, "x").await.generation;
    accuse(&store, &olena, generation, client(1)).await;
    harness.advance_store_clock(SECOND).await;
    admit(&store, &by_app(code("new"), &user("ivan")), owner(2)).await;
    let served = Served { client: client(1), sent_at: store.clock().await.unwrap() };
    store.save_grant(code("new"), &grant(2, "new"), &served, at(9)).await.unwrap();
    lease_as(&other, &olena, generation, client(1)).await.unwrap();
}

pub(super) async fn what_was_sent_before_an_accusation_acquits_nobody(harness: &dyn TokenStoreHarness) {
    let (store, olena) = (harness.store(), user("olena"));
    let generation = connect(&store, &olena, 1, "x").await.generation;
    let ivan = connect(&store, &user("ivan"), 1, "ivan").await;
    let served = Served { client: client(1), sent_at: store.clock().await.unwrap() };
    harness.advance_store_clock(SECOND).await;
    accuse(&store, &olena, generation, client(1)).await;
    harness.advance_store_clock(SECOND).await;
    store.save_rotated(&ivan.user, ivan.generation, &pair("next"), &served, at(9)).await.unwrap();
    assert!(matches!(lease_as(&store, &olena, generation, client(1)).await, Err(RefreshRequest::BackingOff(_))));
}

pub(super) async fn an_accusation_is_of_its_own_client_alone(harness: &dyn TokenStoreHarness) {
    let (store, other, olena) = (harness.store(), harness.second_handle().await, user("olena"));
    let generation = connect(&store, &olena, 1, "x").await.generation;
    accuse(&store, &olena, generation, client(1)).await;
    harness.advance_store_clock(SECOND).await;
    serve(&store, "ivan", client(2)).await;
    assert!(matches!(lease_as(&other, &olena, generation, client(1)).await, Err(RefreshRequest::BackingOff(_))));
    // The right instance does not back off after a refusal of the wrong one, unless it is wrong too.
    accuse(&other, &olena, generation, client(2)).await;
    for wrong in [client(1), client(2)] {
        assert!(matches!(lease_as(&store, &olena, generation, wrong).await, Err(RefreshRequest::BackingOff(_))));
    }
}

pub(super) async fn an_account_that_is_refused_while_others_are_served_keeps_its_backoff(
    harness: &dyn TokenStoreHarness,
) {
    let (store, other, olena) = (harness.store(), harness.second_handle().await, user("olena"));
    let generation = connect(&store, &olena, 1, "x").await.generation;
    accuse(&store, &olena, generation, client(1)).await;
    harness.advance_store_clock(SECOND).await;
    serve(&store, "ivan", client(1)).await;
    harness.advance_store_clock(SECOND).await;
    assert!(accuse(&other, &olena, generation, client(1)).await.is_accounts);
    harness.advance_store_clock(SECOND).await;
    serve(&other, "maria", client(1)).await;
    assert!(matches!(lease_as(&store, &olena, generation, client(1)).await, Err(RefreshRequest::BackingOff(_))));
    assert_eq!(store.acquitted_refreshes(client(1), None, 10).await.unwrap(), []);
}

pub(super) async fn an_accusation_by_a_late_owner_changes_nothing(harness: &dyn TokenStoreHarness) {
    let (store, other, olena) = (harness.store(), harness.second_handle().await, user("olena"));
    let generation = connect(&store, &olena, 1, "x").await.generation;
    lease(&store, &olena, generation, owner(2)).await;
    let backoff = Backoff { in_doubt: false, pause: SECOND, accused: Some(client(1)), was_sent: true };
    assert_eq!(other.back_off_refresh(&olena, owner(3), &backoff).await.unwrap(), None);
    // Nothing was recorded, so client 1 is not accused, and the accusation of client 2 does not delay it.
    let ivan = connect(&store, &user("ivan"), 1, "ivan").await;
    accuse(&store, &ivan.user, ivan.generation, client(2)).await;
    lease_as(&other, &ivan.user, ivan.generation, client(1)).await.unwrap();
}

pub(super) async fn acquitted_refreshes_come_first_to_expire_first_and_limited(harness: &dyn TokenStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    let mut expected = Vec::new();
    for (name, issued) in [("late", 9), ("early", 1), ("middle", 5)] {
        let connected = connect(&store, &user(name), 1, name).await;
        let tokens = crate::fixtures::issued(name).into_pair(at(issued));
        let served = crate::fixtures::served();
        let rotated = store.save_rotated(&connected.user, connected.generation, &tokens, &served, at(9)).await.unwrap();
        accuse(&store, &rotated.user, rotated.generation, client(1)).await;
        expected.push((tokens.expires_at, (rotated.user.clone(), rotated.generation)));
    }
    connect(&store, &user("unaccused"), 1, "unaccused").await;
    assert_eq!(other.acquitted_refreshes(client(1), None, 10).await.unwrap(), []);
    harness.advance_store_clock(SECOND).await;
    serve(&store, "ivan", client(1)).await;
    expected.sort_unstable_by_key(|(expires_at, _)| *expires_at);
    let middle = expected[1].0;
    let expected: Vec<_> = expected.into_iter().map(|(_, due)| due).collect();
    assert_eq!(other.acquitted_refreshes(client(1), None, 10).await.unwrap(), expected);
    assert_eq!(other.acquitted_refreshes(client(1), None, 1).await.unwrap(), expected[..1]);
    assert_eq!(other.acquitted_refreshes(client(1), Some(middle), 10).await.unwrap(), expected[..2]);
    assert_eq!(other.acquitted_refreshes(client(2), None, 10).await.unwrap(), expected, "it was never accused");
    let (first, generation) = &expected[0];
    lease_as(&store, first, *generation, client(1)).await.unwrap();
    assert_eq!(other.acquitted_refreshes(client(1), None, 10).await.unwrap(), expected[1..]);
}
