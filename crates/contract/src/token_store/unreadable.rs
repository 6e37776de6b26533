//! Tokens that cannot be opened, because a bit has flipped or a key is gone: they are in the way of
//! nothing except their own use.

use amo_connect_domain::authorization::code::{CLAIM_TERM, ExchangeStatus};
use amo_connect_domain::connection::audit::Actor;
use amo_connect_domain::connection::{ConnectionState, CrmConnection, ReauthReason};
use amo_connect_domain::ids::AccountId;
use amo_connect_domain::lease::LEASE_TERM;
use amo_connect_domain::ports::Claim;
use amo_connect_domain::token::CodeHash;

use super::steps::{Store, admit, connect, connection, grant_of, lease, status, swept, waiting};
use super::{Keys, TokenStoreHarness};
use crate::fixtures::{
    after, altered, at, attempt, back_off, by_app_as_of, by_attempt, code, grant, owner, pair, served, unsolicited,
    user,
};

/// What is stored before the tokens become unreadable: a connection for each way of writing, and
/// grants that wait.
struct Stored {
    rows: Vec<CrmConnection>,
    unclaimed: CodeHash,
    hers: CodeHash,
}

const NAMES: [&str; 7] = ["saved", "refused", "rotated", "granted", "claimed", "backed off", "disconnected"];

impl Stored {
    async fn new(store: &Store) -> Self {
        let mut rows = Vec::new();
        for (number, name) in (0..).zip(NAMES) {
            let row = connect(store, &user(name), 1, name).await;
            lease(store, &row.user, row.generation, owner(number)).await;
            rows.push(row);
        }
        let attempt = attempt("hers", &user("disconnected"), 0);
        store.open_attempt(&attempt).await.unwrap();
        admit(store, &by_attempt(code("hers"), &attempt, true), owner(9)).await;
        store.save_grant(code("hers"), &grant(1, "hers"), &served(), at(1)).await.unwrap();
        Self { rows, unclaimed: waiting(store, "unclaimed").await, hers: code("hers") }
    }

    fn row(&self, name: &str) -> &CrmConnection {
        self.rows.iter().find(|row| row.user == user(name)).unwrap()
    }

    /// Replaces and wipes all of it through a handle that can open none of it.
    async fn assert_replaced_through(&self, store: &Store) {
        assert_eq!(store.users(None, 100).await.unwrap().len(), NAMES.len());
        assert_eq!(store.users_of(AccountId(1)).await.unwrap().len(), NAMES.len());
        assert!(store.awaits_claim(&user("disconnected"), at(2)).await.unwrap());
        for row in &self.rows {
            assert_eq!(store.summary(&row.user).await.unwrap(), Some(row.summary()));
        }
        self.replace(store).await;
        for name in ["saved", "rotated", "granted", "claimed"] {
            assert_eq!(grant_of(store, &user(name)).await, Some(grant(1, "new")), "{name}");
        }
        self.wipe(store).await;
    }

    async fn replace(&self, store: &Store) {
        let saved = self.row("saved");
        let with_new = altered(saved.clone(), |parts| parts.state = ConnectionState::Connected(grant(1, "new")));
        store.save(&with_new, Some(saved.revision)).await.unwrap();

        let rotated = self.row("rotated");
        assert!(store.renew_refresh_lease(&rotated.user, owner(2)).await.unwrap());
        store.save_rotated(&rotated.user, rotated.generation, &pair("new"), &served(), at(2)).await.unwrap();

        let granted = self.row("granted");
        admit(store, &by_app_as_of(code("new"), &granted.user, granted.epoch), owner(8)).await;
        store.save_grant(code("new"), &grant(1, "new"), &served(), at(2)).await.unwrap();

        let claimed = self.row("claimed");
        admit(store, &unsolicited(code("claimed anew")), owner(8)).await;
        store.save_grant(code("claimed anew"), &grant(1, "new"), &served(), at(2)).await.unwrap();
        let claim = store.claim(code("claimed anew"), &claimed.user, claimed.epoch, at(2)).await.unwrap();
        assert_eq!(claim, Claim::Connected);
    }

    async fn wipe(&self, store: &Store) {
        let backed_off = store.back_off_refresh(&user("backed off"), owner(5), &back_off(true, LEASE_TERM)).await;
        assert!(backed_off.unwrap().is_some_and(|record| record.in_doubt));

        let mut refused = self.row("refused").clone();
        let revision = refused.revision;
        refused.refuse(refused.generation, ReauthReason::GrantRevoked, at(2)).unwrap();
        store.save(&refused, Some(revision)).await.unwrap();
        assert!(matches!(connection(store, &refused.user).await.state, ConnectionState::NeedsReauth { .. }));

        store.disconnect(&user("disconnected"), Actor::User).await.unwrap();
        assert_eq!(grant_of(store, &user("disconnected")).await, None);
        assert_eq!(status(store, self.hers).await, ExchangeStatus::Void);

        let late = after(at(1), CLAIM_TERM);
        assert_eq!(swept(store, late).await.unwrap(), 1);
        assert_eq!(status(store, self.unclaimed).await, ExchangeStatus::Unclaimed);
    }
}

pub(super) async fn damaged_tokens_are_replaced_and_wiped(harness: &dyn TokenStoreHarness) {
    let stored = Stored::new(&harness.store()).await;
    if harness.damage_tokens().await {
        stored.assert_replaced_through(&harness.second_handle().await).await;
    }
}

pub(super) async fn tokens_whose_key_is_gone_are_replaced_and_wiped(harness: &dyn TokenStoreHarness) {
    let stored = Stored::new(&harness.store()).await;
    if let Some(new_alone) = harness.handle_with_keys(Keys::NewAlone).await {
        stored.assert_replaced_through(&new_alone).await;
    }
}

pub(super) async fn what_one_handle_cannot_open_is_left_to_the_others(harness: &dyn TokenStoreHarness) {
    let store = harness.store();
    let hers = connect(&store, &user("olena"), 1, "hers").await;
    let gone = connect(&store, &user("gone"), 1, "gone").await;
    let code = waiting(&store, "unclaimed").await;
    let unclaimed = store.exchange(code).await.unwrap();
    let Some(new_alone) = harness.handle_with_keys(Keys::NewAlone).await else { return };
    let his = connect(&new_alone, &user("ivan"), 1, "his").await;
    new_alone.save_rotated(&his.user, his.generation, &pair("his next"), &served(), at(2)).await.unwrap();
    new_alone.disconnect(&gone.user, Actor::User).await.unwrap();
    swept(&new_alone, at(2)).await.unwrap();
    assert_eq!(connection(&store, &hers.user).await, hers);
    assert_eq!(store.exchange(code).await.unwrap(), unclaimed);
}
