//! What is stored comes back as it was, also from a file that was closed meanwhile.

use amo_connect_domain::authorization::attempt::{AttemptReason, AttemptState, OPEN_ATTEMPTS};
use amo_connect_domain::authorization::code::{CLAIM_TERM, Exchange, ExchangeStatus};
use amo_connect_domain::connection::audit::Actor;
use amo_connect_domain::connection::{
    ConnectionParts, ConnectionState, CrmConnection, FormerAccount, Problem, ProblemCode, ReauthReason,
};
use amo_connect_domain::ids::{AccountId, Epoch, Generation};
use amo_connect_domain::lease::{LEASE_TERM, Lease};
use amo_connect_domain::ports::{Maintenance as _, RefreshRequest, StoreHealth as _, TokenStore as _};
use amo_connect_domain::token::CodeHash;

use super::fixtures::*;
use crate::sqlite::SqliteTokenStore;

#[tokio::test(flavor = "multi_thread")]
async fn connections_of_every_state_come_back_from_a_reopened_file() {
    let former = |account| FormerAccount { host: grant(1, "").host, account };
    let mut awkward = grant(u64::MAX, "");
    awkward.tokens.issued_at = at(-3_000_000_000);
    let states = [
        ConnectionState::Disconnected,
        ConnectionState::Connected(grant(31_920_194, "a")),
        ConnectionState::Connected(awkward),
        ConnectionState::Connected(amo_connect_domain::connection::Grant { account: None, ..grant(1, "b") }),
        ConnectionState::NeedsReauth {
            former: former(Some(AccountId(7))),
            reason: ReauthReason::GrantRevoked,
            since: at(1),
        },
        ConnectionState::NeedsReauth { former: former(None), reason: ReauthReason::RotationLost, since: at(2) },
        ConnectionState::Revoked(former(Some(AccountId(8)))),
    ];
    let problems = [
        None,
        Some(ProblemCode::ProviderBlocked),
        Some(ProblemCode::ProviderDown),
        Some(ProblemCode::RateLimited),
        Some(ProblemCode::Misconfigured),
        Some(ProblemCode::AccountRefused),
        Some(ProblemCode::PaymentRequired),
    ];
    let scratch = Scratch::new();
    let store = scratch.store().await;
    let mut saved = Vec::new();
    for (number, (state, code)) in (0..).zip(states.into_iter().zip(problems)) {
        let parts = ConnectionParts {
            state,
            epoch: Epoch(number),
            generation: Generation(number * 10),
            connected_at: (number % 2 == 0).then(|| at(number)),
            refreshed_at: (number % 3 == 0).then(|| at(number * 2)),
            problem: code.map(|code| Problem { code, since: at(number * 3) }),
            ..CrmConnection::new(user(&format!("user {number}\0 їжак"))).into_parts()
        };
        let connection = CrmConnection::restore(parts).unwrap();
        let revision = store.save(&connection, None).await.unwrap();
        saved.push(connection.stored_as(revision));
    }
    drop(store);
    let store = scratch.store().await;
    for connection in saved {
        assert_eq!(store.connection(&connection.user).await.unwrap(), Some(connection));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn users_whose_ids_differ_behind_a_nul_are_two() {
    let scratch = Scratch::new();
    let store = scratch.store().await;
    store.save(&connected("olena\0a"), None).await.unwrap();
    for other in ["olena\0b", "olena", "olena\0"] {
        assert_eq!(store.connection(&user(other)).await.unwrap(), None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_of_every_state_come_back() {
    let reasons = [
        AttemptReason::CrmUnavailable,
        AttemptReason::StorageUnavailable,
        AttemptReason::InvalidCode,
        AttemptReason::InvalidAccountHost,
        AttemptReason::ClaimTimeout,
        AttemptReason::Disconnected,
    ];
    let failures = reasons.into_iter().map(Some).chain([None]).map(AttemptState::Failed);
    let ends = failures.chain([AttemptState::Open, AttemptState::Denied, AttemptState::Spent(code("x"))]);
    let scratch = Scratch::new();
    let store = scratch.store().await;
    for (number, end) in ends.enumerate() {
        let mut attempt = attempt(&format!("{number}"), user("olena"), 0);
        store.open_attempt(&attempt).await.unwrap();
        store.close_attempt(attempt.state_hash, end).await.unwrap();
        attempt.state = end;
        assert_eq!(store.attempt(attempt.id).await.unwrap().as_ref(), Some(&attempt));
        assert_eq!(store.attempt_by_state(attempt.state_hash).await.unwrap(), Some(attempt));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_oldest_open_attempt_is_superseded() {
    let scratch = Scratch::new();
    let store = scratch.store().await;
    let attempts: Vec<_> =
        (0..).take(OPEN_ATTEMPTS + 1).map(|age| attempt(&format!("{age}"), user("olena"), -age)).collect();
    for attempt in attempts.iter().rev() {
        store.open_attempt(attempt).await.unwrap();
    }
    let oldest = attempts.last().unwrap();
    assert_eq!(store.attempt(oldest.id).await.unwrap().unwrap().state, AttemptState::Superseded);
}

/// The record of `code`, stored in the way of `settle`.
async fn settled<F>(store: &SqliteTokenStore, code: CodeHash, settle: impl FnOnce() -> F) -> Exchange
where
    F: Future<Output = ()>,
{
    settle().await;
    store.exchange(code).await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_of_every_status_come_back() {
    let scratch = Scratch::new();
    let store = &scratch.store().await;
    let status = |exchange: Exchange| exchange.status;
    let store_now = store.clock().await.unwrap();
    let attempt = attempt("state", user("olena"), 0);
    store.open_attempt(&attempt).await.unwrap();

    let in_flight = settled(store, code("a"), || async {
        store.admit_code(&by_attempt(code("a"), &attempt), owner(7), at(5)).await.unwrap();
    });
    let expected = Exchange {
        code: code("a"),
        came_with: Some(attempt.state_hash),
        attempt: Some(attempt.id),
        user: Some(user("olena")),
        claim_needed: true,
        host: grant(1, "").host,
        epoch: Epoch(0),
        status: ExchangeStatus::InFlight(Lease { owner: owner(7), until: store_now + LEASE_TERM }),
        admitted_at: store_now,
    };
    assert_eq!(in_flight.await, expected);
    assert_eq!(store.attempt(attempt.id).await.unwrap().unwrap().state, AttemptState::Spent(code("a")));

    let waiting = settled(store, code("a"), || async {
        store.save_grant(code("a"), &grant(4, "kept"), &served(), at(6)).await.unwrap();
    });
    let claim_by = at(6) + CLAIM_TERM;
    let grant_kept = Box::new(grant(4, "kept"));
    assert_eq!(status(waiting.await), ExchangeStatus::Waiting { grant: grant_kept, claim_by });
    assert!(store.awaits_claim(&user("olena"), at(7)).await.unwrap());
    assert!(!store.awaits_claim(&user("olena"), claim_by).await.unwrap());

    let claimed = settled(store, code("a"), || async {
        store.claim(code("a"), &user("olena"), Epoch::default(), at(7)).await.unwrap();
    });
    assert_eq!(status(claimed.await), ExchangeStatus::Connected(Epoch(1)));
    assert_eq!(store.connection(&user("olena")).await.unwrap().unwrap().grant(), Some(&grant(4, "kept")));

    for (name, refused, expected) in
        [("b", true, ExchangeStatus::CodeRefused), ("c", false, ExchangeStatus::Interrupted)]
    {
        let ended = settled(store, code(name), || async {
            store.admit_code(&unsolicited(code(name)), owner(1), at(0)).await.unwrap();
            store.end_exchange(code(name), owner(1), refused).await.unwrap();
        });
        assert_eq!(status(ended.await), expected);
    }
    let other_account = settled(store, code("d"), || async {
        store.admit_code(&by_app(code("d"), user("olena"), Epoch(1)), owner(1), at(0)).await.unwrap();
        store.save_grant(code("d"), &grant(9, "other"), &served(), at(0)).await.unwrap();
    });
    assert_eq!(status(other_account.await), ExchangeStatus::OtherAccount);
    let unclaimed = settled(store, code("e"), || async {
        store.admit_code(&unsolicited(code("e")), owner(1), at(0)).await.unwrap();
        store.save_grant(code("e"), &grant(9, "late"), &served(), at(0)).await.unwrap();
        assert_eq!(store.sweep(at(3600), store.clock().await.unwrap()).await.unwrap(), 1);
    });
    assert_eq!(status(unclaimed.await), ExchangeStatus::Unclaimed);
    let void = settled(store, code("f"), || async {
        store.admit_code(&by_app(code("f"), user("olena"), Epoch(1)), owner(1), at(0)).await.unwrap();
        store.disconnect(&user("olena"), Actor::User).await.unwrap();
    });
    assert_eq!(status(void.await), ExchangeStatus::Void);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_stands_beside_the_revision_and_outlasts_a_restart() {
    let scratch = Scratch::new();
    let store = scratch.store().await;
    let connection = connected("olena");
    let revision = store.save(&connection, None).await.unwrap();
    let granted = store.lease_refresh(&connection.user, &lease_request(connection.generation, owner(1))).await.unwrap();
    let RefreshRequest::Granted(leased, lease) = granted else { panic!("{granted:?}") };
    assert_eq!(leased.revision, revision);
    assert_eq!(lease.until, store.clock().await.unwrap() + LEASE_TERM);

    store.save(&connection, Some(revision)).await.unwrap();
    drop(store);
    let store = scratch.store().await;
    let second = store.lease_refresh(&connection.user, &lease_request(connection.generation, owner(2))).await.unwrap();
    assert_eq!(second, RefreshRequest::Held);
    assert!(store.renew_refresh_lease(&connection.user, owner(1)).await.unwrap());
}
