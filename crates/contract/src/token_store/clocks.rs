//! A store's clock that was ahead, and was set back.

use std::time::Duration;

use amo_connect_domain::authorization::attempt::{Attempt, MEMORY};
use amo_connect_domain::authorization::code::{Admitted, CLAIM_TERM, ExchangeStatus};
use amo_connect_domain::connection::RefusedPairs;
use amo_connect_domain::connection::audit::{AUDIT_MEMORY, Actor};
use amo_connect_domain::connection::revocation_check::REVOCATION_CHECK_INTERVAL;
use amo_connect_domain::host_look_up::{FoundHost, LOOK_UP_TERM, LookUpDecision};
use amo_connect_domain::ids::AccountId;
use amo_connect_domain::lease::LEASE_TERM;
use amo_connect_domain::ports::{RefreshRequest, StoreError};

use super::TokenStoreHarness;
use super::steps::{Store, admit, connect, connection, is_held, lease, status, swept};
use crate::fixtures::{
    after, altered, at, attempt, back_off, by_app, by_app_as_of, code, grant, host, lease_request, owner, served,
    unsolicited, user,
};

/// Longer than any term.
const AHEAD: Duration = Duration::from_hours(25);

/// How much time may pass while a case runs.
const SLACK: Duration = Duration::from_secs(10);

pub(super) async fn a_lease_from_a_clock_ahead_lasts_one_term_more(harness: &dyn TokenStoreHarness) {
    let (store, other, olena) = (harness.store(), harness.second_handle().await, user("olena"));
    let generation = connect(&store, &olena, 1, "x").await.generation;
    harness.advance_store_clock(AHEAD).await;
    lease(&store, &olena, generation, owner(1)).await;
    harness.set_store_clock_back(AHEAD).await;
    assert!(is_held(&other, &olena, generation, owner(2)).await, "it is not taken over at once");
    harness.advance_store_clock(LEASE_TERM).await;
    let (_, second) = lease(&other, &olena, generation, owner(2)).await;
    assert!(second.in_doubt);
}

pub(super) async fn a_code_lease_from_a_clock_ahead_lasts_one_term_more(harness: &dyn TokenStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    let request = by_app(code("x"), &user("olena"));
    harness.advance_store_clock(AHEAD).await;
    admit(&store, &request, owner(1)).await;
    harness.set_store_clock_back(AHEAD).await;
    let admitted = other.admit_code(&request, owner(2), at(0)).await.unwrap();
    assert!(matches!(admitted, Admitted::OnRecord(_)), "{admitted:?}");
    harness.advance_store_clock(LEASE_TERM).await;
    admit(&other, &request, owner(2)).await;
}

pub(super) async fn a_backoff_from_a_clock_ahead_lasts_its_own_length_more(harness: &dyn TokenStoreHarness) {
    let (store, other, olena) = (harness.store(), harness.second_handle().await, user("olena"));
    let generation = connect(&store, &olena, 1, "x").await.generation;
    harness.advance_store_clock(AHEAD).await;
    lease(&store, &olena, generation, owner(1)).await;
    store.back_off_refresh(&olena, owner(1), &back_off(false, LEASE_TERM * 2)).await.unwrap();
    harness.set_store_clock_back(AHEAD).await;
    let latest = after(store.clock().await.unwrap(), LEASE_TERM * 2 + SLACK);
    match other.lease_refresh(&olena, &lease_request(generation, owner(2))).await.unwrap() {
        RefreshRequest::BackingOff(until) => assert!(until <= latest, "{until}"),
        granted => panic!("{granted:?}"),
    }
    harness.advance_store_clock(LEASE_TERM * 2).await;
    lease(&other, &olena, generation, owner(2)).await;
}

pub(super) async fn a_look_up_from_a_clock_ahead_is_delayed_by_one_term(harness: &dyn TokenStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    harness.advance_store_clock(AHEAD).await;
    assert_eq!(store.request_look_up(&host(1), None).await.unwrap(), LookUpDecision::Granted);
    harness.set_store_clock_back(AHEAD).await;
    assert!(matches!(other.request_look_up(&host(1), None).await.unwrap(), LookUpDecision::Later(_)));
    harness.advance_store_clock(LOOK_UP_TERM).await;
    assert_eq!(other.request_look_up(&host(1), None).await.unwrap(), LookUpDecision::Granted);
}

pub(super) async fn a_refusal_from_a_clock_ahead_delays_no_refresh(harness: &dyn TokenStoreHarness) {
    let (store, other, olena) = (harness.store(), harness.second_handle().await, user("olena"));
    connect(&store, &olena, 1, "x").await;
    let since = after(store.clock().await.unwrap(), AHEAD);
    let generation = refused(&store, since).await;
    lease(&other, &olena, generation, owner(1)).await;
}

/// Records two refused pairs of olena's, since then.
async fn refused(store: &Store, since: jiff::Timestamp) -> amo_connect_domain::ids::Generation {
    let row = connection(store, &user("olena")).await;
    let refused = RefusedPairs { count: 2, last: row.generation, since };
    let row = altered(row, |parts| parts.refused = Some(refused));
    store.save(&row, Some(row.revision)).await.unwrap();
    row.generation
}

pub(super) async fn refused_pairs_delay_the_next_refresh(harness: &dyn TokenStoreHarness) {
    let (store, other, olena) = (harness.store(), harness.second_handle().await, user("olena"));
    connect(&store, &olena, 1, "x").await;
    let generation = refused(&store, store.clock().await.unwrap()).await;
    let asked = other.lease_refresh(&olena, &lease_request(generation, owner(1))).await.unwrap();
    assert!(matches!(asked, RefreshRequest::BackingOff(_)), "{asked:?}");
    harness.advance_store_clock(Duration::from_mins(1)).await;
    lease(&other, &olena, generation, owner(1)).await;
}

pub(super) async fn a_sweep_shortens_what_a_clock_ahead_made_too_long(harness: &dyn TokenStoreHarness) {
    let (store, other, olena) = (harness.store(), harness.second_handle().await, user("olena"));
    let generation = connect(&store, &olena, 1, "x").await.generation;
    harness.advance_store_clock(AHEAD).await;
    lease(&store, &olena, generation, owner(1)).await;
    store.request_check(AccountId(7)).await.unwrap();
    assert_eq!(store.take_checks(1).await.unwrap(), [AccountId(7)]);
    admit(&store, &unsolicited(code("waiting")), owner(2)).await;
    let ahead = after(at(0), AHEAD);
    store.save_grant(code("waiting"), &grant(1, "waiting"), &served(), ahead).await.unwrap();

    harness.set_store_clock_back(AHEAD).await;
    assert_eq!(swept(&other, at(0)).await.unwrap(), 0);
    match status(&store, code("waiting")).await {
        ExchangeStatus::Waiting { claim_by, grant: kept } => {
            assert_eq!((claim_by, *kept), (after(at(0), CLAIM_TERM), grant(1, "waiting")));
        }
        other => panic!("{other:?}"),
    }
    harness.advance_store_clock(LEASE_TERM).await;
    assert_eq!(store.orphaned_refreshes(10).await.unwrap(), [(olena, generation)]);
    harness.advance_store_clock(REVOCATION_CHECK_INTERVAL).await;
    assert_eq!(store.take_checks(1).await.unwrap(), [AccountId(7)]);
}

pub(super) async fn a_sweep_forgets_no_code_that_is_under_way(harness: &dyn TokenStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    let request = by_app(code("x"), &user("olena"));
    admit(&store, &request, owner(1)).await;
    // By an instance whose clock is ahead.
    swept(&other, after(at(0), MEMORY * 400)).await.unwrap();
    store.save_grant(code("x"), &grant(1, "x"), &served(), at(1)).await.unwrap();
    assert_eq!(connection(&other, &user("olena")).await.grant(), Some(&grant(1, "x")));

    admit(&store, &unsolicited(code("left")), owner(2)).await;
    harness.advance_store_clock(MEMORY + LEASE_TERM * 2).await;
    swept(&other, after(at(0), MEMORY * 400)).await.unwrap();
    assert_eq!(store.exchange(code("left")).await.unwrap(), None, "its owner is long gone");
}

/// The owner of a code must not be forgotten while the code lives: another user may send it.
pub(super) async fn a_sweep_forgets_a_code_by_two_clocks(harness: &dyn TokenStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    admit(&store, &by_app(code("x"), &user("olena")), owner(1)).await;
    store.end_exchange(code("x"), owner(1), false).await.unwrap();
    let before = store.clock().await.unwrap();
    harness.advance_store_clock(MEMORY * 400).await;
    let ahead = store.clock().await.unwrap();
    for (now, as_of) in [(before, ahead), (ahead, before)] {
        other.sweep(now, as_of).await.unwrap();
        let theft = store.admit_code(&by_app(code("x"), &user("ivan")), owner(2), at(1)).await.unwrap();
        assert!(matches!(&theft, Admitted::OnRecord(known) if known.user == Some(user("olena"))), "{theft:?}");
    }
    other.sweep(ahead, ahead).await.unwrap();
    assert_eq!(store.exchange(code("x")).await.unwrap(), None);
}

/// What people did and what became of them is lost by no clock that is ahead for a while.
pub(super) async fn a_sweep_forgets_attempts_entries_and_moves_by_two_clocks(harness: &dyn TokenStoreHarness) {
    let (store, other, olena) = (harness.store(), harness.second_handle().await, user("olena"));
    let before = store.clock().await.unwrap();
    connect(&store, &olena, 1, "x").await;
    let opened = Attempt { opened_at: before, ..attempt("begun", &olena, 0) };
    store.open_attempt(&opened).await.unwrap();
    let moved = FoundHost { host: host(2), account: Some(AccountId(1)) };
    store.save_move(&host(1), &moved).await.unwrap();
    harness.advance_store_clock(AUDIT_MEMORY * 2).await;
    let ahead = store.clock().await.unwrap();
    for (now, as_of) in [(before, ahead), (ahead, before)] {
        other.sweep(now, as_of).await.unwrap();
        assert!(store.attempt(opened.id).await.unwrap().is_some(), "{now} {as_of}");
        assert_eq!(store.audit(&olena, 9).await.unwrap().len(), 1);
        let told = store.request_look_up(&host(1), moved.account).await.unwrap();
        assert_eq!(told, LookUpDecision::MovedTo(host(2)));
    }
    other.sweep(ahead, ahead).await.unwrap();
    assert_eq!(store.attempt(opened.id).await.unwrap(), None);
    assert_eq!(store.audit(&olena, 9).await.unwrap(), []);
}

pub(super) async fn a_forgotten_code_is_put_on_record_again(harness: &dyn TokenStoreHarness) {
    let (store, other, olena) = (harness.store(), harness.second_handle().await, user("olena"));
    let record = admit(&store, &by_app(code("x"), &olena), owner(1)).await;
    harness.advance_store_clock(MEMORY * 400).await;
    swept(&other, store.clock().await.unwrap()).await.unwrap();
    let lost = store.save_grant(code("x"), &grant(1, "x"), &served(), at(1)).await;
    assert!(matches!(lost, Err(StoreError::Conflict)), "{lost:?}");
    store.restore_exchange(&record).await.unwrap();
    store.save_grant(code("x"), &grant(1, "x"), &served(), at(1)).await.unwrap();
    let connected = connection(&other, &olena).await;
    assert_eq!(connected.grant(), Some(&grant(1, "x")));
    store.restore_exchange(&record).await.unwrap();
    assert_eq!(status(&other, code("x")).await, ExchangeStatus::Connected(connected.epoch), "it is not undone");

    // A disconnect in between wins, although there was no record of the code to void.
    let record = admit(&store, &by_app_as_of(code("y"), &olena, connected.epoch), owner(1)).await;
    harness.advance_store_clock(MEMORY * 400).await;
    swept(&other, store.clock().await.unwrap()).await.unwrap();
    other.disconnect(&olena, Actor::User).await.unwrap();
    store.restore_exchange(&record).await.unwrap();
    store.save_grant(code("y"), &grant(1, "y"), &served(), at(1)).await.unwrap();
    assert_eq!(connection(&other, &olena).await.grant(), None);
}
