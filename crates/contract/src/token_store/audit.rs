//! The audit trail: an entry with each change of state, in the same step.

use std::time::Duration;

use amo_connect_domain::authorization::attempt::{Attempt, AttemptState};
use amo_connect_domain::authorization::code::ExchangeStatus;
use amo_connect_domain::connection::audit::{AUDIT_MEMORY, Actor, AuditEntry, AuditEvent, PROBLEM_ENTRIES_A_DAY};
use amo_connect_domain::connection::{ProblemCode, ReauthReason};
use amo_connect_domain::ids::{AccountId, Epoch};

use super::TokenStoreHarness;
use super::steps::{Store, admit, connect, connection, lease, swept, waiting};
use crate::fixtures::{
    at, attempt, back_off, by_app_as_of, by_attempt, code, grant, host, owner, pair, served, state, user,
};

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

pub(super) async fn problems_that_come_and_go_leave_few_entries(harness: &dyn TokenStoreHarness) {
    let (store, olena) = (harness.store(), user("olena"));
    let mut row = connect(&store, &olena, 1, "x").await;
    let mut come_and_go = async |times| {
        for _ in 0..times {
            for problem in [Some(ProblemCode::RateLimited), None] {
                row.note(row.generation, problem, at(2)).unwrap();
                row = row.clone().stored_as(store.save(&row, Some(row.revision)).await.unwrap());
            }
        }
    };
    let count = async || {
        let entries = store.audit(&olena, 1_000).await.unwrap();
        entries.iter().filter(|entry| entry.is_about_a_problem()).count()
    };
    come_and_go(15).await;
    assert_eq!(count().await, PROBLEM_ENTRIES_A_DAY);
    harness.advance_store_clock(Duration::from_hours(25)).await;
    come_and_go(15).await;
    assert_eq!(count().await, 2 * PROBLEM_ENTRIES_A_DAY);
    store.disconnect(&olena, Actor::User).await.unwrap();
    assert_eq!(story(&store, "olena").await.last(), Some(&(AuditEvent::Disconnected, Actor::User)));
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

pub(super) async fn attempts_of_a_user_come_newest_first_and_limited(harness: &dyn TokenStoreHarness) {
    let (store, other, olena) = (harness.store(), harness.second_handle().await, user("olena"));
    for (second, name) in [(1, "first"), (3, "third"), (2, "second")] {
        store.open_attempt(&attempt(name, &olena, second)).await.unwrap();
    }
    store.close_attempt(state("third"), AttemptState::Denied).await.unwrap();
    let told = other.attempts_of(&olena, 2).await.unwrap();
    let third = Attempt { state: AttemptState::Denied, ..attempt("third", &olena, 3) };
    assert_eq!(told, [third, attempt("second", &olena, 2)]);
    assert_eq!(other.attempts_of(&olena, 100).await.unwrap().len(), 3);
}

pub(super) async fn nobody_is_told_of_anothers_attempts(harness: &dyn TokenStoreHarness) {
    let (store, olena) = (harness.store(), user("olena"));
    store.open_attempt(&attempt("hers", &olena, 1)).await.unwrap();
    store.open_attempt(&attempt("his", &user("ivan"), 2)).await.unwrap();
    assert_eq!(store.attempts_of(&olena, 100).await.unwrap(), [attempt("hers", &olena, 1)]);
    assert_eq!(store.attempts_of(&user("Olena"), 100).await.unwrap(), []);
}

pub(super) async fn codes_of_a_user_come_newest_first_and_limited(harness: &dyn TokenStoreHarness) {
    let (store, other, olena) = (harness.store(), harness.second_handle().await, user("olena"));
    for name in ["first", "second", "third"] {
        admit(&store, &by_app_as_of(code(name), &olena, Epoch::default()), owner(1)).await;
        harness.advance_store_clock(Duration::from_secs(1)).await;
    }
    store.end_exchange(code("second"), owner(1), true).await.unwrap();
    let told = other.exchanges_of(&olena, 2).await.unwrap();
    let codes: Vec<_> = told.iter().map(|exchange| exchange.code).collect();
    assert_eq!(codes, [code("third"), code("second")]);
    assert_eq!(told[1].status, ExchangeStatus::CodeRefused);
    assert_eq!(other.exchanges_of(&olena, 100).await.unwrap().len(), 3);
}

pub(super) async fn nobody_is_told_of_anothers_codes(harness: &dyn TokenStoreHarness) {
    let (store, olena) = (harness.store(), user("olena"));
    let hers = admit(&store, &by_app_as_of(code("hers"), &olena, Epoch::default()), owner(1)).await;
    admit(&store, &by_app_as_of(code("his"), &user("ivan"), Epoch::default()), owner(1)).await;
    waiting(&store, "nobodys").await;
    assert_eq!(store.exchanges_of(&olena, 100).await.unwrap(), [hers]);
    assert_eq!(store.exchanges_of(&user("Olena"), 100).await.unwrap(), []);
}

pub(super) async fn a_grant_that_waits_is_told_without_its_tokens(harness: &dyn TokenStoreHarness) {
    let (store, olena) = (harness.store(), user("olena"));
    let begun = attempt("a", &olena, 0);
    store.open_attempt(&begun).await.unwrap();
    admit(&store, &by_attempt(code("x"), &begun, true), owner(1)).await;
    let kept = store.save_grant(code("x"), &grant(1, "x"), &served(), at(1)).await.unwrap();
    assert_eq!(store.exchanges_of(&olena, 1).await.unwrap(), [kept.clone().without_tokens()]);
    assert_eq!(store.exchange(code("x")).await.unwrap(), Some(kept), "they are still there for the claim");
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
