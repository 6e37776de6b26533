//! Connections: every field comes back, and a stale writer gets a conflict.

use amo_connect_domain::connection::audit::Actor;
use amo_connect_domain::connection::{
    ConnectionState, CrmConnection, FormerAccount, Grant, Problem, ProblemCode, ReauthReason, RefusedPairs,
};
use amo_connect_domain::ids::{AccountId, Epoch, Generation, Revision};
use amo_connect_domain::ports::StoreError;
use amo_connect_domain::token::TokenPair;
use jiff::{SignedDuration, Timestamp};

use super::TokenStoreHarness;
use super::steps::{Store, connect, connection, epoch};
use crate::fixtures::{altered, at, grant, host, pair, served, user};
use crate::suite::race;

/// A row as a use case would have made it, in this state.
fn row(name: &str, state: ConnectionState) -> CrmConnection {
    altered(CrmConnection::new(user(name)), |parts| {
        parts.epoch = Epoch(3);
        parts.generation = Generation(41);
        parts.state = state;
        parts.connected_at = Some(at(1));
        parts.refreshed_at = Some(at(2));
    })
}

/// Saves a new row and asserts that it comes back whole, and as its summary.
async fn assert_kept(store: &Store, other: &Store, connection: CrmConnection) {
    let revision = store.save(&connection, None).await.unwrap();
    let kept = other.connection(&connection.user).await.unwrap();
    assert_eq!(other.summary(&connection.user).await.unwrap(), Some(connection.summary()));
    assert_eq!(kept, Some(connection.stored_as(revision)));
}

pub(super) async fn an_epoch_is_the_connections(harness: &dyn TokenStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    let olena = user("olena");
    assert_eq!(other.summary(&olena).await.unwrap(), None);
    for name in ["first", "second"] {
        let connected = connect(&store, &olena, 1, name).await.epoch;
        assert_ne!(connected, Epoch::default());
        assert_eq!(epoch(&other, &olena).await, connected);
        store.disconnect(&olena, Actor::User).await.unwrap();
        assert_eq!(epoch(&other, &olena).await, connection(&store, &olena).await.epoch);
    }
}

/// Reads are under way all the time, so that a store which answers by one of them is found out.
pub(super) async fn a_read_sees_what_had_returned_before_it_began(harness: &dyn TokenStoreHarness) {
    let handles = [harness.store(), harness.second_handle().await];
    let olena = user("olena");
    let read = |handle: &Store| {
        let (handle, olena) = (handle.clone(), olena.clone());
        tokio::spawn(async move { (connection(&handle, &olena).await, epoch(&handle, &olena).await) })
    };
    let mut connected = connect(&handles[0], &olena, 1, "x").await;
    for second in 0..50 {
        let under_way: Vec<_> = handles.iter().cycle().take(8).map(read).collect();
        connected = altered(connected, |parts| {
            parts.epoch = Epoch(parts.epoch.0 + 1);
            parts.refreshed_at = Some(at(second));
        });
        let revision = handles[0].save(&connected, Some(connected.revision)).await.unwrap();
        connected = connected.stored_as(revision);
        for reading in handles.iter().cycle().take(4).map(read).collect::<Vec<_>>() {
            assert_eq!(reading.await.unwrap(), (connected.clone(), connected.epoch));
        }
        for reading in under_way {
            let (_, epoch) = reading.await.unwrap();
            assert!(epoch == connected.epoch || epoch.0 + 1 == connected.epoch.0, "{epoch:?}");
        }
    }
}

pub(super) async fn every_state_comes_back_as_it_went_in(harness: &dyn TokenStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    let former = |account| FormerAccount { host: host(9), account };
    let reauth = |reason| ConnectionState::NeedsReauth { former: former(Some(AccountId(9))), reason, since: at(5) };
    let states = [
        ConnectionState::Disconnected,
        ConnectionState::Connected(grant(1, "x")),
        ConnectionState::Connected(Grant { account: None, ..grant(1, "x") }),
        ConnectionState::Connected(grant(i64::MAX.unsigned_abs(), "x")),
        ConnectionState::Connected(grant(u64::MAX, "x")),
        reauth(ReauthReason::GrantRevoked),
        reauth(ReauthReason::RotationLost),
        ConnectionState::Revoked(former(None)),
        ConnectionState::Revoked(former(Some(AccountId(9)))),
    ];
    for (number, state) in (0..).zip(states) {
        assert_kept(&store, &other, row(&format!("user {number}"), state)).await;
    }
    let codes = [
        ProblemCode::ProviderBlocked,
        ProblemCode::ProviderDown,
        ProblemCode::RateLimited,
        ProblemCode::Misconfigured,
        ProblemCode::AccountRefused,
        ProblemCode::PaymentRequired,
    ];
    for code in codes {
        let connected = row(&format!("{code:?}"), ConnectionState::Connected(grant(1, "x")));
        assert_kept(&store, &other, altered(connected, |parts| parts.problem = Some(Problem { code, since: at(7) })))
            .await;
    }
    let refused = Some(RefusedPairs { count: 3, last: Generation(8), since: at(9) });
    let connected = row("refused", ConnectionState::Connected(grant(1, "x")));
    assert_kept(&store, &other, altered(connected, |parts| parts.refused = refused)).await;
    let never = row("never", ConnectionState::Disconnected);
    assert_kept(
        &store,
        &other,
        altered(never, |parts| {
            parts.connected_at = None;
            parts.refreshed_at = None;
        }),
    )
    .await;
    assert_eq!(other.connection(&user("nobody")).await.unwrap(), None);
}

pub(super) async fn times_are_kept_to_the_microsecond_and_into_the_far_future(harness: &dyn TokenStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    let micros = |count| at(0).checked_add(SignedDuration::from_micros(count)).unwrap();
    let far: Timestamp = "9999-12-30T21:59:59.999999Z".parse().unwrap();
    for (number, time) in (0..).zip([micros(1), micros(999_999), Timestamp::UNIX_EPOCH, far]) {
        let tokens = TokenPair { issued_at: time, expires_at: far, ..pair("x") };
        let state = ConnectionState::Connected(Grant { tokens, ..grant(1, "x") });
        let kept = altered(row(&format!("user {number}"), state), |parts| parts.connected_at = Some(time));
        assert_kept(&store, &other, kept).await;
    }
}

pub(super) async fn odd_user_ids_are_kept_apart(harness: &dyn TokenStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    let longest = "я".repeat(127) + "x";
    let almost = "я".repeat(127) + "y";
    let names = [
        "42",
        "42.0",
        "042",
        "o'hara",
        "o\"hara",
        "a\0b",
        "a",
        "A",
        "🦀",
        "%",
        "_",
        "\\",
        " a",
        "a ",
        "é",
        "e\u{301}",
        "'; DROP TABLE connections; --",
        &longest,
        &almost,
    ];
    for name in names {
        let state = ConnectionState::Connected(grant(1, name));
        assert_kept(&store, &other, row(name, state)).await;
    }
    for name in names {
        assert_eq!(connection(&other, &user(name)).await.grant(), Some(&grant(1, name)), "{name:?}");
    }
}

pub(super) async fn a_connection_is_its_users_alone(harness: &dyn TokenStoreHarness) {
    let store = harness.store();
    let olenas = connect(&store, &user("olena"), 1, "hers").await;
    assert_eq!(store.connection(&user("ivan")).await.unwrap(), None);
    connect(&store, &user("ivan"), 1, "his").await;
    assert_eq!(connection(&store, &user("olena")).await, olenas);
}

pub(super) async fn a_stale_revision_is_refused_and_changes_nothing(harness: &dyn TokenStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    let first = connect(&store, &user("olena"), 1, "x").await;
    let noted =
        altered(first.clone(), |parts| parts.problem = Some(Problem { code: ProblemCode::ProviderDown, since: at(3) }));
    let revision = store.save(&noted, Some(first.revision)).await.unwrap();
    let now = noted.stored_as(revision);
    for stale in [Some(first.revision), Some(Revision(revision.0 + 1)), None] {
        let refused = other.save(&row("olena", ConnectionState::Disconnected), stale).await;
        assert!(matches!(refused, Err(StoreError::Conflict)), "{stale:?}: {refused:?}");
        assert_eq!(connection(&other, &user("olena")).await, now);
    }
    let nobody = other.save(&row("nobody", ConnectionState::Disconnected), Some(Revision(1))).await;
    assert!(matches!(nobody, Err(StoreError::Conflict)), "{nobody:?}");
    assert_eq!(other.connection(&user("nobody")).await.unwrap(), None);
}

pub(super) async fn a_first_save_is_refused_where_there_is_a_row(harness: &dyn TokenStoreHarness) {
    let (store, other) = (harness.store(), harness.second_handle().await);
    store.disconnect(&user("olena"), Actor::User).await.unwrap();
    let before = connection(&store, &user("olena")).await;
    let refused = other.save(&row("olena", ConnectionState::Connected(grant(1, "x"))), None).await;
    assert!(matches!(refused, Err(StoreError::Conflict)), "{refused:?}");
    assert_eq!(connection(&store, &user("olena")).await, before);
}

pub(super) async fn of_eight_writers_one_wins(harness: &dyn TokenStoreHarness) {
    let handles = [harness.store(), harness.second_handle().await];
    for expected in [None, Some(())] {
        let expected = match expected {
            None => None,
            Some(()) => Some(connection(&handles[0], &user("olena")).await.revision),
        };
        let answers = race(&handles, 8, |store, number| {
            let mine = row("olena", ConnectionState::Connected(grant(number.into(), "x")));
            async move { store.save(&mine, expected).await }
        })
        .await;
        let mut winners = (0_u64..).zip(&answers).filter_map(|(number, answer)| answer.as_ref().ok().map(|_| number));
        let (winner, another) = (winners.next().unwrap(), winners.next());
        assert_eq!(another, None, "{answers:?}");
        let lost = answers.iter().filter(|answer| matches!(answer, Err(StoreError::Conflict))).count();
        assert_eq!(lost, 7, "{answers:?}");
        assert_eq!(connection(&handles[0], &user("olena")).await.grant(), Some(&grant(winner, "x")));
    }
}

pub(super) async fn every_change_of_a_row_raises_its_revision(harness: &dyn TokenStoreHarness) {
    let (store, olena) = (harness.store(), user("olena"));
    let connected = connect(&store, &olena, 1, "x").await;
    let saved = store.save(&connected, Some(connected.revision)).await.unwrap();
    assert!(saved > connected.revision);
    let rotated = store.save_rotated(&olena, connected.generation, &pair("y"), &served(), at(3)).await.unwrap();
    assert!(rotated.revision > saved);
    store.disconnect(&olena, Actor::User).await.unwrap();
    assert!(connection(&store, &olena).await.revision > rotated.revision);
}
