//! The audit trail: an entry with each change of state, in the same step.

use std::time::Duration;

use amo_connect_domain::connection::audit::{AUDIT_MEMORY, Actor, AuditEntry, AuditEvent};
use amo_connect_domain::connection::{ProblemCode, ReauthReason};
use amo_connect_domain::ids::AccountId;

use super::TokenStoreHarness;
use super::steps::{Store, connect, connection, lease, swept, waiting};
use crate::fixtures::{at, back_off, grant, host, owner, pair, served, user};

async fn story(store: &Store, name: &str) -> Vec<(AuditEvent, Actor)> {
    let entries = store.audit(&user(name), 100).await.unwrap();
    entries.into_iter().map(|entry| (entry.event, entry.actor)).collect()
}

pub(super) async fn changes_of_a_connection_leave_entries_in_order(harness: &dyn TokenStoreHarness) {
    let (store, other, olena) = (harness.store(), harness.second_handle().await, user("olena"));
    let first = connect(&store, &olena, 1, "first").await;
    let mut row = first.clone();
    row.note(first.generation, Some(ProblemCode::ProviderDown), at(2)).unwrap();
    store.save(&row, Some(first.revision)).await.unwrap();
    let second = store.save_rotated(&olena, first.generation, &pair("second"), &served(), at(3)).await.unwrap();
    let mut row = second.clone();
    row.refuse(second.generation, ReauthReason::RotationLost, at(4)).unwrap();
    store.save(&row, Some(second.revision)).await.unwrap();
    store.save_rotated(&olena, second.generation, &pair("third"), &served(), at(5)).await.unwrap();
    let code = waiting(&other, "again").await;
    other.claim(code, &olena, first.epoch, at(6)).await.unwrap();
    other.disconnect(&olena, Actor::Operator).await.unwrap();
    other.disconnect(&olena, Actor::User).await.unwrap();
    assert_eq!(
        story(&store, "olena").await,
        [
            (AuditEvent::Connected, Actor::User),
            (AuditEvent::ProblemBegan(ProblemCode::ProviderDown), Actor::Amo),
            (AuditEvent::ProblemEnded(ProblemCode::ProviderDown), Actor::Amo),
            (AuditEvent::NeedsReauth(ReauthReason::RotationLost), Actor::Amo),
            (AuditEvent::Healed, Actor::Service),
            (AuditEvent::Replaced, Actor::User),
            (AuditEvent::Disconnected, Actor::Operator),
        ]
    );
    assert_eq!(story(&store, "ivan").await, []);
}

pub(super) async fn a_doubt_leaves_one_entry(harness: &dyn TokenStoreHarness) {
    let (store, olena) = (harness.store(), user("olena"));
    let generation = connect(&store, &olena, 1, "x").await.generation;
    lease(&store, &olena, generation, owner(1)).await;
    store.back_off_refresh(&olena, owner(1), &back_off(true, Duration::ZERO)).await.unwrap();
    lease(&store, &olena, generation, owner(2)).await;
    store.back_off_refresh(&olena, owner(2), &back_off(true, Duration::ZERO)).await.unwrap();
    let doubts = [(AuditEvent::Connected, Actor::User), (AuditEvent::Doubted, Actor::Service)];
    assert_eq!(story(&store, "olena").await, doubts);
}

pub(super) async fn a_refused_change_leaves_no_entry(harness: &dyn TokenStoreHarness) {
    let (store, olena) = (harness.store(), user("olena"));
    let first = connect(&store, &olena, 1, "first").await;
    store.save_rotated(&olena, first.generation, &pair("second"), &served(), at(3)).await.unwrap();
    let mut stale = first.clone();
    stale.refuse(first.generation, ReauthReason::GrantRevoked, at(4)).unwrap();
    store.save(&stale, Some(first.revision)).await.unwrap_err();
    store.save_rotated(&olena, first.generation, &pair("late"), &served(), at(5)).await.unwrap_err();
    assert_eq!(story(&store, "olena").await, [(AuditEvent::Connected, Actor::User)]);
}

pub(super) async fn the_newest_entries_come_oldest_first(harness: &dyn TokenStoreHarness) {
    let (store, olena) = (harness.store(), user("olena"));
    connect(&store, &olena, 1, "first").await;
    connect(&store, &olena, 1, "second").await;
    store.disconnect(&olena, Actor::User).await.unwrap();
    let events: Vec<_> = store.audit(&olena, 2).await.unwrap().into_iter().map(|entry| entry.event).collect();
    assert_eq!(events, [AuditEvent::Replaced, AuditEvent::Disconnected]);
}

pub(super) async fn an_entry_comes_back_as_it_went_in(harness: &dyn TokenStoreHarness) {
    let (store, other, olena) = (harness.store(), harness.second_handle().await, user("olena"));
    let connected = connect(&store, &olena, 7, "x").await;
    let before = store.clock().await.unwrap();
    let events = [
        AuditEvent::Kept,
        AuditEvent::Moved,
        AuditEvent::Revoked,
        AuditEvent::NeedsReauth(ReauthReason::GrantRevoked),
        AuditEvent::ProblemBegan(ProblemCode::AccountRefused),
    ];
    for event in events {
        store.record(&connected, event, Actor::Administrator).await.unwrap();
    }
    let by_now = store.clock().await.unwrap();
    let told = other.audit(&olena, 5).await.unwrap();
    for (entry, event) in told.iter().zip(events) {
        assert!(before <= entry.at && entry.at <= by_now, "dated {} by another clock", entry.at);
        let expected = AuditEntry {
            at: entry.at,
            user: olena.clone(),
            actor: Actor::Administrator,
            event,
            host: Some(host(7)),
            account: Some(AccountId(7)),
        };
        assert_eq!(*entry, expected);
    }
    assert_eq!(told.len(), 5);
    assert_eq!(connection(&other, &olena).await.grant(), Some(&grant(7, "x")));
}

pub(super) async fn a_sweep_forgets_old_entries_alone(harness: &dyn TokenStoreHarness) {
    let (store, olena) = (harness.store(), user("olena"));
    connect(&store, &olena, 1, "x").await;
    harness.advance_store_clock(AUDIT_MEMORY / 2).await;
    store.disconnect(&olena, Actor::User).await.unwrap();
    swept(&store, store.clock().await.unwrap()).await.unwrap();
    assert_eq!(story(&store, "olena").await.len(), 2);
    harness.advance_store_clock(AUDIT_MEMORY / 2 + Duration::from_secs(1)).await;
    swept(&store, store.clock().await.unwrap()).await.unwrap();
    assert_eq!(story(&store, "olena").await, [(AuditEvent::Disconnected, Actor::User)]);
}
