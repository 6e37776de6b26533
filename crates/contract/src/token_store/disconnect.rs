//! Disconnect: it wins over everything begun before it.

use amo_connect_domain::authorization::attempt::{AttemptReason, AttemptState};
use amo_connect_domain::authorization::code::{ClaimRefusal, ExchangeStatus};
use amo_connect_domain::connection::ConnectionState;
use amo_connect_domain::connection::audit::Actor;
use amo_connect_domain::ids::Epoch;
use amo_connect_domain::ports::{Claim, RefreshRequest, StoreError};

use super::TokenStoreHarness;
use super::steps::{admit, connect, connection, grant_of, lease, status, waiting};
use crate::fixtures::{
    at, attempt, by_app, by_app_as_of, by_attempt, code, grant, lease_request, owner, pair, served, user,
};

pub(super) async fn a_disconnect_wipes_every_token(harness: &dyn TokenStoreHarness) {
    let (store, other, olena) = (harness.store(), harness.second_handle().await, user("olena"));
    let before = connect(&store, &olena, 1, "x").await;
    store.disconnect(&olena, Actor::User).await.unwrap();
    let after = connection(&other, &olena).await;
    assert_eq!(after.state, ConnectionState::Disconnected);
    assert_eq!((after.connected_at, after.refreshed_at, after.problem), (None, None, None));
    assert!(after.epoch > before.epoch && after.generation > before.generation);
    store.disconnect(&olena, Actor::User).await.unwrap();
    assert!(connection(&other, &olena).await.epoch > after.epoch);
}

pub(super) async fn a_disconnect_ends_what_the_user_has_open(harness: &dyn TokenStoreHarness) {
    let (store, olena) = (harness.store(), user("olena"));
    let attempts = ["open", "declined", "unclaimed"].map(|name| attempt(name, &olena, 0));
    for attempt in &attempts {
        store.open_attempt(attempt).await.unwrap();
    }
    store.close_attempt(attempts[1].state_hash, AttemptState::Denied).await.unwrap();
    admit(&store, &by_attempt(code("unclaimed"), &attempts[2], true), owner(1)).await;
    store.save_grant(code("unclaimed"), &grant(1, "x"), &served(), at(1)).await.unwrap();
    admit(&store, &by_app(code("in flight"), &olena), owner(2)).await;
    admit(&store, &by_app(code("interrupted"), &olena), owner(3)).await;
    store.end_exchange(code("interrupted"), owner(3), false).await.unwrap();

    store.disconnect(&olena, Actor::User).await.unwrap();

    let mut ends = Vec::new();
    for attempt in &attempts {
        ends.push(store.attempt(attempt.id).await.unwrap().unwrap().state);
    }
    let failed = AttemptState::Failed(Some(AttemptReason::Disconnected));
    assert_eq!(ends, [failed, AttemptState::Denied, AttemptState::Spent(code("unclaimed"))]);
    for name in ["unclaimed", "in flight", "interrupted"] {
        assert_eq!(status(&store, code(name)).await, ExchangeStatus::Void, "{name}");
    }
    assert!(!store.awaits_claim(&olena, at(2)).await.unwrap());
    let claim = store.claim(code("unclaimed"), &olena, Epoch::default(), at(2)).await.unwrap();
    assert_eq!(claim, Claim::Refused(ClaimRefusal::NotWaiting));
}

pub(super) async fn a_disconnect_changes_no_other_user(harness: &dyn TokenStoreHarness) {
    let (store, ivan) = (harness.store(), user("ivan"));
    connect(&store, &user("olena"), 1, "hers").await;
    let his = connect(&store, &ivan, 1, "his").await;
    let attempt = attempt("his", &ivan, 0);
    store.open_attempt(&attempt).await.unwrap();
    lease(&store, &ivan, his.generation, owner(1)).await;
    let ownerless = waiting(&store, "nobody's").await;

    store.disconnect(&user("olena"), Actor::User).await.unwrap();

    assert_eq!(connection(&store, &ivan).await, his);
    assert_eq!(store.attempt(attempt.id).await.unwrap(), Some(attempt));
    assert!(store.renew_refresh_lease(&ivan, owner(1)).await.unwrap());
    assert!(matches!(status(&store, ownerless).await, ExchangeStatus::Waiting { .. }));
}

pub(super) async fn a_refresh_begun_before_it_brings_nothing_back(harness: &dyn TokenStoreHarness) {
    let (store, other, olena) = (harness.store(), harness.second_handle().await, user("olena"));
    let before = connect(&store, &olena, 1, "x").await;
    lease(&store, &olena, before.generation, owner(1)).await;
    other.disconnect(&olena, Actor::User).await.unwrap();
    assert!(!store.renew_refresh_lease(&olena, owner(1)).await.unwrap());
    let late = store.save_rotated(&olena, before.generation, &pair("late"), &served(), at(9)).await;
    assert!(matches!(late, Err(StoreError::Conflict)), "{late:?}");
    assert_eq!(grant_of(&store, &olena).await, None);
    let noted = store.save(&before, Some(before.revision)).await;
    assert!(matches!(noted, Err(StoreError::Conflict)), "{noted:?}");
    let again = store.lease_refresh(&olena, &lease_request(before.generation, owner(2))).await.unwrap();
    assert_eq!(again, RefreshRequest::Outdated);
}

pub(super) async fn an_exchange_begun_before_it_brings_nothing_back(harness: &dyn TokenStoreHarness) {
    let (store, other, olena) = (harness.store(), harness.second_handle().await, user("olena"));
    connect(&store, &olena, 1, "old").await;
    admit(&store, &by_app(code("new"), &olena), owner(1)).await;
    other.disconnect(&olena, Actor::User).await.unwrap();
    assert!(!store.renew_code_lease(code("new"), owner(1)).await.unwrap());
    let record = store.save_grant(code("new"), &grant(1, "new"), &served(), at(9)).await.unwrap();
    assert_eq!(record.status, ExchangeStatus::Void);
    assert_eq!(grant_of(&store, &olena).await, None);
}

pub(super) async fn a_first_exchange_begun_before_it_brings_nothing_back(harness: &dyn TokenStoreHarness) {
    let (store, other, olena) = (harness.store(), harness.second_handle().await, user("olena"));
    admit(&store, &by_app(code("first"), &olena), owner(1)).await;
    other.disconnect(&olena, Actor::User).await.unwrap();
    let ended = store.end_exchange(code("first"), owner(1), true).await.unwrap();
    assert_eq!(ended.status, ExchangeStatus::Void);
    store.save_grant(code("first"), &grant(1, "first"), &served(), at(9)).await.unwrap();
    assert_eq!(grant_of(&other, &olena).await, None);
}

pub(super) async fn a_code_brought_before_it_brings_nothing_back(harness: &dyn TokenStoreHarness) {
    let (store, other, olena) = (harness.store(), harness.second_handle().await, user("olena"));
    let before = connect(&store, &olena, 1, "old").await;
    other.disconnect(&olena, Actor::User).await.unwrap();
    admit(&store, &by_app_as_of(code("new"), &olena, before.epoch), owner(1)).await;
    let record = store.save_grant(code("new"), &grant(1, "new"), &served(), at(9)).await.unwrap();
    assert_eq!(record.status, ExchangeStatus::Void);
    assert_eq!(grant_of(&store, &olena).await, None);
}

pub(super) async fn an_exchange_begun_after_it_connects(harness: &dyn TokenStoreHarness) {
    let (store, olena) = (harness.store(), user("olena"));
    let before = connect(&store, &olena, 1, "old").await;
    store.disconnect(&olena, Actor::User).await.unwrap();
    let again = connect(&store, &olena, 2, "new").await;
    assert_eq!(again.grant(), Some(&grant(2, "new")));
    assert!(again.generation > before.generation.next(), "generations rise over a disconnect");
}
