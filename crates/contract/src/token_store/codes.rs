//! Codes: one sender at a time, one grant each.

use amo_connect_domain::authorization::attempt::{ATTEMPT_TERM, AttemptState};
use amo_connect_domain::authorization::code::{Admission, Admitted, ExchangeStatus, Origin};
use amo_connect_domain::ids::{AccountId, Epoch};
use amo_connect_domain::lease::{LEASE_RENEWAL, LEASE_TERM, Lease};

use super::TokenStoreHarness;
use super::steps::{admit, connect, connection, grant_of, status};
use crate::fixtures::{
    after, at, attempt, by_app, by_app_as_of, by_attempt, code, grant, host, owner, served, state, unsolicited, user,
};
use crate::suite::race;

pub(super) async fn an_exchange_comes_back_as_it_went_in(harness: &dyn TokenStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    connect(&store, &user("olena"), 1, "first").await;
    let before = store.clock().await.unwrap();
    let attempt = attempt("one", &user("olena"), 0);
    store.open_attempt(&attempt).await.unwrap();
    let requests = [
        by_attempt(code("by attempt"), &attempt, true),
        unsolicited(code("by a stranger")),
        Admission { came_with: Some(state("theirs")), ..unsolicited(code("with a state")) },
        Admission { host: host(7), ..by_app_as_of(code("by an app"), &user("olena"), Epoch(1)) },
    ];
    for request in requests {
        let granted = admit(&store, &request, owner(1)).await;
        assert_eq!((granted.came_with, &granted.host), (request.came_with, &request.host));
        let by_now = store.clock().await.unwrap();
        assert!(before <= granted.admitted_at && granted.admitted_at <= by_now, "by the store's clock");
        let by_olena = request.origin != Origin::Unsolicited;
        assert_eq!(granted.user, by_olena.then(|| user("olena")));
        assert_eq!(granted.epoch, Epoch(i64::from(by_olena)));
        assert_eq!(other.exchange(request.code).await.unwrap(), Some(granted));
    }
    assert_eq!(other.exchange(code("unheard of")).await.unwrap(), None);
}

pub(super) async fn a_code_is_granted_to_one_of_many(harness: &dyn TokenStoreHarness) {
    let handles = [harness.store(), harness.second_handle().await];
    let answers = race(&handles, 8, |store, number| async move {
        store.admit_code(&unsolicited(code("x")), owner(number), at(0)).await.unwrap()
    })
    .await;
    let granted: Vec<_> = answers.iter().filter(|answer| matches!(answer, Admitted::Granted(_))).collect();
    assert_eq!(granted.len(), 1, "{answers:?}");
    let record = handles[0].exchange(code("x")).await.unwrap().unwrap();
    assert_eq!(granted, [&Admitted::Granted(record.clone())]);
    assert!(answers.iter().all(|answer| answer == granted[0] || *answer == Admitted::OnRecord(record.clone())));
}

pub(super) async fn a_code_in_flight_is_granted_to_nobody_until_its_lease_lapses(harness: &dyn TokenStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    let first = admit(&store, &unsolicited(code("x")), owner(1)).await;
    harness.advance_store_clock(LEASE_RENEWAL * 2).await;
    let answer = other.admit_code(&unsolicited(code("x")), owner(2), at(0)).await.unwrap();
    assert_eq!(answer, Admitted::OnRecord(first));
    harness.advance_store_clock(LEASE_RENEWAL).await;
    let second = admit(&other, &unsolicited(code("x")), owner(2)).await;
    assert!(matches!(second.status, ExchangeStatus::InFlight(lease) if lease.owner == owner(2)));
    assert_eq!(store.exchange(code("x")).await.unwrap(), Some(second));
}

pub(super) async fn a_code_lease_is_set_and_judged_by_the_stores_clock(harness: &dyn TokenStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    let before = store.clock().await.unwrap();
    let exchange = admit(&store, &unsolicited(code("x")), owner(1)).await;
    let granted_at_most = Lease::granted(owner(1), store.clock().await.unwrap()).until;
    let ExchangeStatus::InFlight(lease) = exchange.status else { panic!("{exchange:?}") };
    assert!(Lease::granted(owner(1), before).until <= lease.until && lease.until <= granted_at_most, "{lease:?}");
    let years_later = at(10 * 365 * 24 * 3600);
    let answer = other.admit_code(&unsolicited(code("x")), owner(2), years_later).await.unwrap();
    assert!(matches!(answer, Admitted::OnRecord(_)), "a caller's clock ended a lease");
}

pub(super) async fn a_refused_code_is_granted_to_nobody(harness: &dyn TokenStoreHarness) {
    let store = harness.store();
    admit(&store, &unsolicited(code("x")), owner(1)).await;
    let refused = store.end_exchange(code("x"), owner(1), true).await.unwrap();
    assert_eq!(refused.status, ExchangeStatus::CodeRefused);
    harness.advance_store_clock(LEASE_TERM).await;
    let answer = store.admit_code(&by_app(code("x"), &user("olena")), owner(2), at(1)).await.unwrap();
    assert_eq!(answer, Admitted::OnRecord(refused));
}

pub(super) async fn an_interrupted_code_is_granted_at_once(harness: &dyn TokenStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    admit(&store, &unsolicited(code("x")), owner(1)).await;
    let ended = store.end_exchange(code("x"), owner(1), false).await.unwrap();
    assert_eq!(ended.status, ExchangeStatus::Interrupted);
    let mine = admit(&other, &by_app(code("x"), &user("olena")), owner(2)).await;
    assert_eq!(mine.user, Some(user("olena")));
    assert_eq!(store.exchange(code("x")).await.unwrap(), Some(mine));
}

pub(super) async fn a_granted_attempt_is_spent(harness: &dyn TokenStoreHarness) {
    let (store, attempt) = (harness.store(), attempt("one", &user("olena"), 0));
    store.open_attempt(&attempt).await.unwrap();
    let exchange = admit(&store, &by_attempt(code("x"), &attempt, false), owner(1)).await;
    assert_eq!(exchange.attempt, Some(attempt.id));
    assert_eq!(store.attempt(attempt.id).await.unwrap().unwrap().state, AttemptState::Spent(code("x")));
}

pub(super) async fn one_attempt_admits_one_code(harness: &dyn TokenStoreHarness) {
    let handles = [harness.store(), harness.second_handle().await];
    let attempt = attempt("one", &user("olena"), 0);
    handles[0].open_attempt(&attempt).await.unwrap();
    let answers = race(&handles, 8, |store, number| {
        let request = by_attempt(code(&format!("code {number}")), &attempt, false);
        async move { store.admit_code(&request, owner(number), at(0)).await.unwrap() }
    })
    .await;
    let granted = answers.iter().filter(|answer| matches!(answer, Admitted::Granted(_))).count();
    let refused = answers.iter().filter(|answer| **answer == Admitted::StateSpent).count();
    assert_eq!((granted, refused), (1, 7), "{answers:?}");
}

pub(super) async fn an_attempt_that_is_over_admits_nothing(harness: &dyn TokenStoreHarness) {
    let (store, attempt) = (harness.store(), attempt("one", &user("olena"), 0));
    store.open_attempt(&attempt).await.unwrap();
    let request = by_attempt(code("x"), &attempt, false);
    let too_late = after(at(0), ATTEMPT_TERM);
    assert_eq!(store.admit_code(&request, owner(1), too_late).await.unwrap(), Admitted::StateSpent);
    assert_eq!(store.exchange(code("x")).await.unwrap(), None);
    assert_eq!(store.attempt(attempt.id).await.unwrap(), Some(attempt));
}

pub(super) async fn a_code_lease_is_renewed_by_its_owner_alone(harness: &dyn TokenStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    admit(&store, &unsolicited(code("x")), owner(1)).await;
    harness.advance_store_clock(LEASE_RENEWAL * 2).await;
    assert!(!other.renew_code_lease(code("x"), owner(2)).await.unwrap());
    assert!(store.renew_code_lease(code("x"), owner(1)).await.unwrap());
    harness.advance_store_clock(LEASE_RENEWAL * 2).await;
    let answer = other.admit_code(&unsolicited(code("x")), owner(2), at(0)).await.unwrap();
    assert!(matches!(answer, Admitted::OnRecord(_)), "a renewed lease lapsed");
    harness.advance_store_clock(LEASE_RENEWAL).await;
    let second = admit(&other, &unsolicited(code("x")), owner(2)).await;
    assert!(!store.renew_code_lease(code("x"), owner(1)).await.unwrap());
    assert_eq!(store.exchange(code("x")).await.unwrap(), Some(second));
}

pub(super) async fn an_exchange_is_ended_by_its_owner_alone(harness: &dyn TokenStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    admit(&store, &unsolicited(code("x")), owner(1)).await;
    harness.advance_store_clock(LEASE_TERM).await;
    let second = admit(&other, &unsolicited(code("x")), owner(2)).await;
    assert_eq!(store.end_exchange(code("x"), owner(1), true).await.unwrap(), second);
    assert_eq!(store.exchange(code("x")).await.unwrap(), Some(second));
    store.save_grant(code("x"), &grant(1, "x"), &served(), at(1)).await.unwrap();
    let settled = other.end_exchange(code("x"), owner(2), true).await.unwrap();
    assert!(matches!(settled.status, ExchangeStatus::Waiting { .. }), "{settled:?}");
}

pub(super) async fn a_grant_becomes_its_users_connection(harness: &dyn TokenStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    let olena = user("olena");
    admit(&store, &by_app(code("x"), &olena), owner(1)).await;
    let exchange = store.save_grant(code("x"), &grant(1, "x"), &served(), at(5)).await.unwrap();
    let made = connection(&other, &olena).await;
    assert_eq!(made.grant(), Some(&grant(1, "x")));
    assert_eq!((made.connected_at, made.refreshed_at), (Some(at(5)), None));
    assert_eq!(exchange.status, ExchangeStatus::Connected(made.epoch));
    assert_eq!(other.exchange(code("x")).await.unwrap(), Some(exchange));
}

pub(super) async fn a_new_grant_replaces_the_old_one(harness: &dyn TokenStoreHarness) {
    let (store, olena) = (harness.store(), user("olena"));
    let before = connect(&store, &olena, 1, "old").await;
    let attempt = attempt("one", &olena, 0);
    store.open_attempt(&attempt).await.unwrap();
    admit(&store, &by_attempt(code("new"), &attempt, false), owner(1)).await;
    assert_eq!(grant_of(&store, &olena).await, Some(grant(1, "old")));
    store.save_grant(code("new"), &grant(2, "new"), &served(), at(9)).await.unwrap();
    let after = connection(&harness.second_handle().await, &olena).await;
    assert_eq!(after.grant(), Some(&grant(2, "new")));
    assert_eq!(after.grant().unwrap().account, Some(AccountId(2)));
    assert!(after.epoch > before.epoch && after.generation > before.generation && after.revision > before.revision);
}

pub(super) async fn a_grant_is_taken_once(harness: &dyn TokenStoreHarness) {
    let (store, olena) = (harness.store(), user("olena"));
    let made = connect(&store, &olena, 1, "x").await;
    let exchange = store.save_grant(code("x"), &grant(1, "again"), &served(), at(2)).await.unwrap();
    assert_eq!(exchange.status, ExchangeStatus::Connected(made.epoch));
    assert_eq!(connection(&store, &olena).await, made);
}

pub(super) async fn a_grant_is_accepted_after_its_lease_has_passed(harness: &dyn TokenStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    admit(&store, &by_app(code("x"), &user("olena")), owner(1)).await;
    harness.advance_store_clock(LEASE_TERM).await;
    admit(&other, &by_app(code("x"), &user("olena")), owner(2)).await;
    store.save_grant(code("x"), &grant(1, "x"), &served(), at(20)).await.unwrap();
    assert_eq!(grant_of(&other, &user("olena")).await, Some(grant(1, "x")));
}

pub(super) async fn a_grant_is_accepted_after_its_code_was_recorded_as_refused(harness: &dyn TokenStoreHarness) {
    let store = harness.store();
    admit(&store, &by_app(code("x"), &user("olena")), owner(1)).await;
    store.end_exchange(code("x"), owner(1), true).await.unwrap();
    store.save_grant(code("x"), &grant(1, "x"), &served(), at(20)).await.unwrap();
    assert_eq!(grant_of(&store, &user("olena")).await, Some(grant(1, "x")));
    assert!(matches!(status(&store, code("x")).await, ExchangeStatus::Connected(_)));
}
