//! Listings: a store lists those connections that the domain's functions name, in every state of a
//! connection and of its refresh, just before each of its times and just at it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use amo_connect_domain::client::{ClientFingerprint, ClientRecord};
use amo_connect_domain::connection::{CrmConnection, Grant, ReauthReason, RefusedPairs};
use amo_connect_domain::ids::{AccountId, UserId};
use amo_connect_domain::lease::LEASE_TERM;
use amo_connect_domain::ports::Served;
use amo_connect_domain::refresh::backoff::Backoff;
use amo_connect_domain::refresh::due;
use amo_connect_domain::refresh::lease::RefreshLease;
use jiff::{SignedDuration, Timestamp};

use super::TokenStoreHarness;
use super::steps::{Store, connect, go_to, lease};
use crate::fixtures::{altered, at, back_off, client, grant, issued, owner, pair, user};

const SECOND: Duration = Duration::from_secs(1);
const ACCOUNT: AccountId = AccountId(1);
const EVERYBODY: u32 = 1_000;

/// A connection, and what is on record of its refresh.
type Row = (CrmConnection, Option<RefreshLease>);

/// Connections in every state.
struct Crowd {
    rows: Vec<Row>,
    clients: BTreeMap<ClientFingerprint, ClientRecord>,
}

/// What happened to the refresh of a connection.
#[derive(Clone, Copy)]
enum Refresh {
    Never,
    Held,
    /// It was leased after its owner had died.
    TakenOver,
    BacksOff(Backoff),
    /// It was leased again after a backoff.
    Again(Backoff),
    /// The same client was accused, served in another account, and accused again.
    AccusedTwice(Backoff),
}

/// What happened to a connection then.
#[derive(Clone, Copy)]
enum End {
    None,
    Refused(ReauthReason),
    Revoked,
    Disconnected,
}

/// Those that can be used come last: their leases are live when the listings begin.
const ENDS: [End; 5] = [
    End::Refused(ReauthReason::GrantRevoked),
    End::Refused(ReauthReason::RotationLost),
    End::Revoked,
    End::Disconnected,
    End::None,
];

fn refreshes() -> Vec<Refresh> {
    let accused = |number| Some(client(number));
    // These take time; for the others it stands still.
    let again = Backoff { accused: accused(2), ..back_off(false, LEASE_TERM * 3) };
    let mut all = vec![Refresh::TakenOver, Refresh::AccusedTwice(again), Refresh::Never, Refresh::Held];
    for (in_doubt, accused) in
        [(false, None), (true, None), (false, accused(1)), (true, accused(1)), (false, accused(2)), (true, accused(2))]
    {
        all.push(Refresh::BacksOff(Backoff { accused, ..back_off(in_doubt, LEASE_TERM * 2) }));
        all.push(Refresh::Again(Backoff { accused, ..back_off(in_doubt, Duration::ZERO) }));
    }
    all
}

impl Crowd {
    async fn gather(harness: &dyn TokenStoreHarness) -> Self {
        let store = harness.store();
        let mut crowd = Self { rows: Vec::new(), clients: BTreeMap::new() };
        for end in ENDS {
            for refresh in refreshes() {
                crowd.add(harness, &store, Some(ACCOUNT), refresh, end).await;
            }
            crowd.add(harness, &store, Some(AccountId(2)), Refresh::Never, end).await;
            crowd.add(harness, &store, None, Refresh::Never, end).await;
        }
        for (count, ahead) in [(1, 0), (2, 0), (3, 0), (3, 3_600)] {
            let begun = crowd.begin(&store, Some(ACCOUNT)).await;
            let since = after(store.clock().await.unwrap(), SignedDuration::from_secs(ahead));
            let refused = RefusedPairs { count, last: begun.generation, since };
            crowd.keep(&store, altered(begun, |parts| parts.refused = Some(refused)), None).await;
        }
        harness.advance_store_clock(SECOND).await;
        // Of client 1 the newest word is that it is accused, of client 2 that it is served.
        crowd.serve(&store, client(2)).await;
        crowd
    }

    async fn add(
        &mut self,
        harness: &dyn TokenStoreHarness,
        store: &Store,
        account: Option<AccountId>,
        refresh: Refresh,
        end: End,
    ) {
        let mut row = self.begin(store, account).await;
        let record = self.refresh(harness, store, &row, refresh).await;
        match end {
            End::None => return self.rows.push((row, record)),
            End::Refused(reason) => row.refuse(row.generation, reason, at(9)).unwrap(),
            End::Revoked => row.revoke(row.generation).unwrap(),
            End::Disconnected => row.disconnect(),
        }
        self.keep(store, row, None).await;
    }

    /// A connection whose tokens were issued a second after those of the one before it.
    async fn begin(&self, store: &Store, account: Option<AccountId>) -> CrmConnection {
        let name = format!("user {}", self.rows.len());
        let second = self.rows.len().try_into().unwrap();
        let mut row = CrmConnection::new(user(&name));
        let tokens = issued(&name).into_pair(at(second));
        row.connect(Grant { account, tokens, ..grant(1, &name) }, at(second));
        let revision = store.save(&row, None).await.unwrap();
        row.stored_as(revision)
    }

    async fn keep(&mut self, store: &Store, row: CrmConnection, lease: Option<RefreshLease>) {
        let revision = store.save(&row, Some(row.revision)).await.unwrap();
        self.rows.push((row.stored_as(revision), lease));
    }

    async fn refresh(
        &mut self,
        harness: &dyn TokenStoreHarness,
        store: &Store,
        row: &CrmConnection,
        refresh: Refresh,
    ) -> Option<RefreshLease> {
        let leased = async || Some(lease(store, &row.user, row.generation, owner(1)).await.1);
        match refresh {
            Refresh::Never => None,
            Refresh::Held => leased().await,
            Refresh::TakenOver => {
                leased().await;
                harness.advance_store_clock(LEASE_TERM).await;
                leased().await
            }
            Refresh::BacksOff(backoff) => {
                leased().await;
                self.back_off(store, row, backoff).await
            }
            Refresh::Again(backoff) => {
                leased().await;
                self.back_off(store, row, backoff).await;
                leased().await
            }
            Refresh::AccusedTwice(backoff) => {
                leased().await;
                self.back_off(store, row, Backoff { pause: Duration::ZERO, ..backoff }).await;
                harness.advance_store_clock(SECOND).await;
                self.serve(store, client(2)).await;
                harness.advance_store_clock(SECOND).await;
                leased().await;
                self.back_off(store, row, backoff).await
            }
        }
    }

    async fn back_off(&mut self, store: &Store, row: &CrmConnection, backoff: Backoff) -> Option<RefreshLease> {
        let record = store.back_off_refresh(&row.user, owner(1), &backoff).await.unwrap().unwrap();
        if let Some(accusation) = record.accusation {
            let known = self.clients.entry(accusation.client).or_default();
            *known = known.accused(accusation.last);
        }
        Some(record)
    }

    /// amoCRM serves a connection that is not of the crowd as this client, now.
    async fn serve(&mut self, store: &Store, client: ClientFingerprint) {
        let (helper, sent_at) = (user("helper"), store.clock().await.unwrap());
        let name = sent_at.to_string();
        let spent = connect(store, &helper, 9, &name).await.generation;
        store.save_rotated(&helper, spent, &pair(&name), &Served { client, sent_at }, at(9)).await.unwrap();
        store.disconnect(&helper, amo_connect_domain::connection::audit::Actor::User).await.unwrap();
        let known = self.clients.entry(client).or_default();
        *known = known.served(sent_at).unwrap_or(*known);
    }

    /// The moments at which an answer changes.
    fn moments(&self, store_now: Timestamp) -> BTreeSet<Timestamp> {
        let until = self.rows.iter().filter_map(|(_, lease)| Some(lease.as_ref()?.until));
        until.chain(self.rows.iter().filter_map(|(row, _)| row.refresh_backs_off_until(store_now))).collect()
    }
}

/// A listing, with what it is asked for.
enum Listing {
    Orphaned,
    Stale(Timestamp, Timestamp),
    Acquitted(ClientFingerprint, Option<Timestamp>),
    UsersOf(AccountId),
}

impl Listing {
    async fn of(&self, store: &Store) -> BTreeSet<UserId> {
        let due = match self {
            Self::Orphaned => store.orphaned_refreshes(EVERYBODY).await,
            Self::Stale(issued_before, issued_after) => {
                store.stale_connections(*issued_before, *issued_after, EVERYBODY).await
            }
            Self::Acquitted(client, expired_by) => store.acquitted_refreshes(*client, *expired_by, EVERYBODY).await,
            Self::UsersOf(account) => return store.users_of(*account).await.unwrap().into_iter().collect(),
        };
        due.unwrap().into_iter().map(|(user, _)| user).collect()
    }

    /// Whether the domain's functions name this row.
    fn has(
        &self,
        (row, lease): &Row,
        clients: &BTreeMap<ClientFingerprint, ClientRecord>,
        store_now: Timestamp,
    ) -> bool {
        let lease = lease.as_ref();
        match self {
            Self::Orphaned => due::orphaned_since(row, lease, store_now).is_some(),
            Self::Stale(issued_before, issued_after) => {
                due::stale_since(row, lease, *issued_before, *issued_after, store_now).is_some()
            }
            Self::Acquitted(client, expired_by) => {
                let record = clients.get(client).copied().unwrap_or_default();
                due::acquitted_expires_at(row, lease, *client, &record)
                    .is_some_and(|expires| expired_by.is_none_or(|by| expires <= by))
            }
            Self::UsersOf(account) => row.may_be_revoked_in(*account),
        }
    }
}

fn after(moment: Timestamp, by: SignedDuration) -> Timestamp {
    moment.checked_add(by).unwrap()
}

/// Asserts that each of the `listings` has those connections that the domain names, at every moment
/// that matters. A store whose clock goes on meanwhile may answer as of before or after the call.
async fn assert_listed(harness: &dyn TokenStoreHarness, listings: &[Listing]) {
    let (crowd, other) = (Crowd::gather(harness).await, harness.second_handle().await);
    let (mut named, mut left_out) = (0, 0);
    for moment in crowd.moments(other.clock().await.unwrap()) {
        for by in [SignedDuration::from_secs(-1), SignedDuration::from_micros(-1), SignedDuration::ZERO] {
            go_to(harness, &other, after(moment, by)).await;
            for (number, listing) in listings.iter().enumerate() {
                let before = other.clock().await.unwrap();
                let listed = listing.of(&other).await;
                let by_now = other.clock().await.unwrap();
                for (index, row) in crowd.rows.iter().enumerate() {
                    let [is_named, will_be] = [before, by_now].map(|now| listing.has(row, &crowd.clients, now));
                    if is_named == will_be {
                        assert_eq!(listed.contains(&row.0.user), is_named, "listing {number}, row {index}: {row:?}");
                    }
                    *(if is_named { &mut named } else { &mut left_out }) += 1;
                }
            }
        }
    }
    assert!(named > 0 && left_out > 0, "{named} named, {left_out} left out");
}

pub(super) async fn orphaned_refreshes_are_those_that_the_domain_names(harness: &dyn TokenStoreHarness) {
    assert_listed(harness, &[Listing::Orphaned]).await;
}

pub(super) async fn stale_connections_are_those_that_the_domain_names(harness: &dyn TokenStoreHarness) {
    let listings = [
        Listing::Stale(at(40), Timestamp::MAX),
        Listing::Stale(Timestamp::MIN, at(40)),
        Listing::Stale(at(10), at(70)),
        Listing::Stale(Timestamp::MAX, Timestamp::MAX),
    ];
    assert_listed(harness, &listings).await;
}

pub(super) async fn acquitted_refreshes_are_those_that_the_domain_names(harness: &dyn TokenStoreHarness) {
    let expires = issued("x").into_pair(at(7)).expires_at;
    let listings = [
        Listing::Acquitted(client(1), None),
        Listing::Acquitted(client(2), None),
        Listing::Acquitted(client(2), Some(expires)),
        Listing::Acquitted(client(3), None),
    ];
    assert_listed(harness, &listings).await;
}

pub(super) async fn users_of_an_account_are_those_that_the_domain_names(harness: &dyn TokenStoreHarness) {
    assert_listed(
        harness,
        &[Listing::UsersOf(ACCOUNT), Listing::UsersOf(AccountId(2)), Listing::UsersOf(AccountId(3))],
    )
    .await;
}
