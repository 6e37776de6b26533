//! Data at rest: durable, whole, encrypted, and forgotten in time.

use std::time::Duration;

use amo_connect_domain::authorization::attempt::{ATTEMPT_TERM, MEMORY};
use amo_connect_domain::authorization::code::{CLAIM_TERM, ExchangeStatus};
use amo_connect_domain::connection::ReauthReason;
use amo_connect_domain::connection::audit::Actor;
use amo_connect_domain::ids::Epoch;
use amo_connect_domain::ports::StoreError;
use amo_connect_domain::token::CodeHash;

use super::steps::{Store, admit, connect, connection, grant_of, status, swept, waiting};
use super::{Keys, TokenStoreHarness};
use crate::fixtures::{after, at, attempt, by_app, by_attempt, code, grant, owner, pair, served, user};
use crate::suite::abandon_after;

pub(super) async fn a_fresh_store_is_ready(harness: &dyn TokenStoreHarness) {
    harness.store().ready().await.unwrap();
    harness.second_handle().await.ready().await.unwrap();
}

pub(super) async fn a_heartbeat_is_written_by_a_beat_alone(harness: &dyn TokenStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    let before = store.ready().await.unwrap();
    harness.advance_store_clock(Duration::from_secs(1)).await;
    assert_eq!((store.ready().await.unwrap(), other.ready().await.unwrap()), (before, before));
}

pub(super) async fn a_heartbeat_is_seen_by_every_handle(harness: &dyn TokenStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    let before = store.ready().await.unwrap();
    harness.advance_store_clock(Duration::from_secs(1)).await;
    store.beat().await.unwrap();
    let beat = other.ready().await.unwrap();
    assert_ne!(beat, before);
    assert_eq!(store.ready().await.unwrap(), beat);
}

pub(super) async fn data_are_there_for_the_next_handle(harness: &dyn TokenStoreHarness) {
    let (store, olena) = (harness.store(), user("olena"));
    let connected = connect(&store, &olena, 1, "x").await;
    let attempt = attempt("one", &olena, 0);
    store.open_attempt(&attempt).await.unwrap();
    let code = waiting(&store, "y").await;
    let exchange = store.exchange(code).await.unwrap();

    let opened_now = harness.second_handle().await;
    assert_eq!(connection(&opened_now, &olena).await, connected);
    assert_eq!(opened_now.attempt(attempt.id).await.unwrap(), Some(attempt));
    assert_eq!(opened_now.exchange(code).await.unwrap(), exchange);
}

pub(super) async fn a_dropped_future_leaves_nothing_half_done(harness: &dyn TokenStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    for polls in 0..12 {
        let (name, user) = (format!("code {polls}"), user(&format!("user {polls}")));
        let code = waiting(&store, &name).await;
        let done = abandon_after(polls, store.claim(code, &user, Epoch::default(), at(2))).await;
        // A store may go on with an abandoned call: these hold before, between and after.
        let earlier = connected_in(&other, code).await;
        let found = other.connection(&user).await.unwrap();
        let later = connected_in(&other, code).await;
        let epoch = found.map(|connection| connection.epoch);
        assert!(earlier.is_none() || earlier == epoch, "after {polls} polls there is no connection");
        assert!(epoch.is_none() || epoch == later, "after {polls} polls there is nothing but a connection");
        assert!(earlier.is_some() || !done, "a claim that was done is not there");

        store.claim(code, &user, Epoch::default(), at(3)).await.unwrap();
        assert_eq!(grant_of(&other, &user).await, Some(grant(1, &name)));
        assert_eq!(connection(&other, &user).await.epoch, Epoch(1), "it was claimed once");
    }
}

/// The epoch in which a code became a connection, if it did.
async fn connected_in(store: &Store, code: CodeHash) -> Option<Epoch> {
    match status(store, code).await {
        ExchangeStatus::Connected(epoch) => Some(epoch),
        _ => None,
    }
}

pub(super) async fn no_token_is_stored_in_plain_bytes(harness: &dyn TokenStoreHarness) {
    let store = harness.store();
    connect(&store, &user("olena"), 1, "in use").await;
    waiting(&store, "unclaimed").await;
    store.open_attempt(&attempt("one", &user("olena"), 0)).await.unwrap();
    admit(&store, &by_app(code("in flight"), &user("olena")), owner(1)).await;
    let Some(stored) = harness.at_rest().await else { return };
    let holds = |text: &str| stored.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds("account1.amocrm.ru"), "these are not the store's bytes");
    for secret in ["access-", "refresh-", "code-", "state-"] {
        assert!(!holds(secret), "{secret}… is stored in plain bytes");
    }
}

pub(super) async fn wiped_tokens_do_not_lie_at_rest(harness: &dyn TokenStoreHarness) {
    let (store, olena) = (harness.store(), user("olena"));
    let Some(0) = harness.sealed_at_rest().await else { return };
    let mut sealed = 0;
    for name in ["olena", "refused", "revoked", "rotated"] {
        connect(&store, &user(name), 1, name).await;
        sealed += 1;
    }
    let attempt = attempt("hers", &olena, 0);
    store.open_attempt(&attempt).await.unwrap();
    admit(&store, &by_attempt(code("hers"), &attempt, true), owner(1)).await;
    store.save_grant(code("hers"), &grant(1, "hers"), &served(), at(1)).await.unwrap();
    let (claimed, late) = (waiting(&store, "claimed").await, waiting(&store, "late").await);
    sealed += 3;
    assert_eq!(harness.sealed_at_rest().await, Some(sealed));

    let rotated = connection(&store, &user("rotated")).await;
    store.save_rotated(&rotated.user, rotated.generation, &pair("next"), &served(), at(2)).await.unwrap();
    store.claim(claimed, &user("claimer"), Epoch::default(), at(2)).await.unwrap();
    assert_eq!(harness.sealed_at_rest().await, Some(sealed), "a claimed grant moves, and a new pair replaces the old");

    store.disconnect(&olena, Actor::User).await.unwrap();
    assert_eq!(harness.sealed_at_rest().await, Some(sealed - 2), "her connection's and her unclaimed grant's");
    for (name, ended) in [("refused", sealed - 3), ("revoked", sealed - 4)] {
        let mut row = connection(&store, &user(name)).await;
        let (generation, revision) = (row.generation, row.revision);
        match name {
            "refused" => row.refuse(generation, ReauthReason::GrantRevoked, at(2)).unwrap(),
            _ => row.revoke(generation).unwrap(),
        }
        store.save(&row, Some(revision)).await.unwrap();
        assert_eq!(harness.sealed_at_rest().await, Some(ended), "{name}");
    }
    swept(&store, after(at(1), CLAIM_TERM)).await.unwrap();
    assert_eq!(status(&store, late).await, ExchangeStatus::Unclaimed);
    assert_eq!(harness.sealed_at_rest().await, Some(2), "the rotated connection's and the claimed one's");
}

pub(super) async fn damaged_tokens_are_corrupt_and_nothing_worse(harness: &dyn TokenStoreHarness) {
    let (store, olena) = (harness.store(), user("olena"));
    let connected = connect(&store, &olena, 1, "x").await;
    let code = waiting(&store, "y").await;
    if !harness.damage_tokens().await {
        return;
    }
    let handle = harness.second_handle().await;
    let read = handle.connection(&olena).await;
    assert!(matches!(read, Err(StoreError::Corrupt(_))), "{read:?}");
    let read = handle.exchange(code).await;
    assert!(matches!(read, Err(StoreError::Corrupt(_))), "{read:?}");
    let told = handle.summary(&olena).await.unwrap();
    assert_eq!(told, Some(connected.summary()), "a user who connects anew needs its epoch");
    handle.disconnect(&olena, Actor::User).await.unwrap();
    assert_eq!(grant_of(&handle, &olena).await, None, "a user is not stuck with what cannot be read");
}

pub(super) async fn tokens_outlive_a_change_of_keys(harness: &dyn TokenStoreHarness) {
    let (store, olena, ivan) = (harness.store(), user("olena"), user("ivan"));
    let hers = connect(&store, &olena, 1, "hers").await;
    let his = connect(&store, &ivan, 1, "his").await;
    let Some(both) = harness.handle_with_keys(Keys::NewAndOld).await else { return };
    assert_eq!(connection(&both, &olena).await, hers);
    both.save(&hers, Some(hers.revision)).await.unwrap();

    let new_alone = harness.handle_with_keys(Keys::NewAlone).await.unwrap();
    assert_eq!(grant_of(&new_alone, &olena).await.as_ref(), hers.grant());
    let read = new_alone.connection(&ivan).await;
    assert!(matches!(read, Err(StoreError::Corrupt(_))), "{read:?}");
    assert_eq!(connection(&store, &ivan).await, his);
}

pub(super) async fn a_sweep_wipes_unclaimed_grants_and_counts_them(harness: &dyn TokenStoreHarness) {
    let store = harness.store();
    let late = [waiting(&store, "late").await, waiting(&store, "later").await];
    let claimed = waiting(&store, "claimed").await;
    store.claim(claimed, &user("olena"), Epoch::default(), at(2)).await.unwrap();
    admit(&store, &by_app(code("in time"), &user("ivan")), owner(1)).await;
    assert_eq!(swept(&store, at(2)).await.unwrap(), 0);
    assert_eq!(swept(&store, after(at(1), CLAIM_TERM)).await.unwrap(), 2);
    for code in late {
        assert_eq!(status(&store, code).await, ExchangeStatus::Unclaimed);
    }
    assert!(matches!(status(&store, claimed).await, ExchangeStatus::Connected(_)));
    assert!(matches!(status(&store, code("in time")).await, ExchangeStatus::InFlight(_)));
    assert_eq!(swept(&store, after(at(1), CLAIM_TERM)).await.unwrap(), 0, "they were counted before");
}

pub(super) async fn a_sweep_forgets_old_attempts_and_codes_alone(harness: &dyn TokenStoreHarness) {
    let (store, olena) = (harness.store(), user("olena"));
    let connected = connect(&store, &olena, 1, "x").await;
    let old = attempt("old", &olena, 0);
    let young = attempt("young", &olena, 60);
    store.open_attempt(&old).await.unwrap();
    store.open_attempt(&young).await.unwrap();
    swept(&store, after(at(0), ATTEMPT_TERM)).await.unwrap();
    assert!(store.attempt(old.id).await.unwrap().is_some() && store.exchange(code("x")).await.unwrap().is_some());
    harness.advance_store_clock(MEMORY).await;
    let now = after(at(30), MEMORY);
    store.sweep(now, now).await.unwrap();
    assert_eq!(store.attempt(old.id).await.unwrap(), None);
    assert_eq!(store.attempt(young.id).await.unwrap(), Some(young));
    harness.advance_store_clock(Duration::from_secs(1)).await;
    swept(&store, store.clock().await.unwrap()).await.unwrap();
    assert_eq!(store.exchange(code("x")).await.unwrap(), None);
    assert_eq!(connection(&store, &olena).await, connected);
}
