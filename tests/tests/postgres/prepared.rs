//! A connection to the database is told the SQL of a statement once: to prepare it again would be another round trip.

use std::time::Duration;

use amo_connect_adapters::postgres::{PgOptions, PgTokenStore};
use amo_connect_contract::fixtures::{
    at, attempt, by_attempt, client, code, demand, grant, host, owner, pair, served, user,
};
use amo_connect_contract::fixtures::{back_off, lease_request};
use amo_connect_domain::connection::audit::Actor;
use amo_connect_domain::ports::{RateLimitStore as _, RefreshRequest, Served, StoreHealth as _, TokenStore as _};
use amo_connect_domain::rate_limit::{CallOutcome, Pace, PaceScope};
use amo_connect_tests::{PgDatabase, Proxy, test_server};

use crate::steps::{connected, open_with};

const PACE: Pace = Pace { apart: Duration::from_millis(1), scope: PaceScope::Account };

/// What a user does from connecting to disconnecting, with a refresh that fails and one that does not.
async fn connect_refresh_and_disconnect(store: &PgTokenStore, name: &str) {
    let (user, opened) = (user(name), attempt(name, &user(name), 0));
    store.open_attempt(&opened).await.unwrap();
    store.admit_code(&by_attempt(code(name), &opened, false), owner(1), at(0)).await.unwrap();
    store.save_grant(code(name), &grant(1, name), &served(), at(0)).await.unwrap();
    for fails in [true, false] {
        store.reserve(&host(1), PACE, &demand(1), Duration::from_mins(1)).await.unwrap();
        let generation = store.connection(&user).await.unwrap().unwrap().generation;
        let leased = store.lease_refresh(&user, &lease_request(generation, owner(1))).await.unwrap();
        assert!(matches!(leased, RefreshRequest::Granted(..)), "{leased:?}");
        assert!(store.renew_refresh_lease(&user, owner(1)).await.unwrap());
        store.record_outcome(&host(1), CallOutcome::Limited(Duration::ZERO), None).await.unwrap();
        if fails {
            store.back_off_refresh(&user, owner(1), &back_off(false, Duration::ZERO)).await.unwrap();
        } else {
            let served = Served { client: client(1), sent_at: store.clock().await.unwrap() };
            store.save_rotated(&user, generation, &pair("new"), &served, at(1)).await.unwrap();
        }
    }
    store.disconnect(&user, Actor::User).await.unwrap();
    store.beat().await.unwrap();
}

/// A store with one connection to the database, and what it says there.
async fn overheard() -> (PgDatabase, Proxy, PgTokenStore) {
    let database = PgDatabase::migrated(&test_server()).await;
    let proxy = Proxy::to(&test_server()).await;
    let options = PgOptions { connections: 1, connect_timeout: Duration::from_secs(20), ..PgOptions::default() };
    let store = open_with(&proxy.url(database.name()), options).await.unwrap();
    (database, proxy, store)
}

#[tokio::test(flavor = "multi_thread")]
async fn statements_are_prepared_once_on_a_connection() {
    let (_database, proxy, store) = overheard().await;
    connect_refresh_and_disconnect(&store, "olena").await;
    let first = proxy.take_said();
    assert!(first.contains("UPDATE \"connections\"") && first.contains("INSERT INTO \"turns\""), "{first:?}");
    connect_refresh_and_disconnect(&store, "taras").await;
    let second = proxy.take_said();
    assert!(second.contains("COMMIT"), "{second:?}");
    let is_sql = |text: &&str| ["SELECT", "INSERT", "UPDATE", "DELETE"].iter().any(|verb| text.starts_with(verb));
    let sql: Vec<&str> = second.split('\0').filter(is_sql).collect();
    assert_eq!(sql, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_makes_so_many_round_trips() {
    let (_database, proxy, store) = overheard().await;
    connect_refresh_and_disconnect(&store, "olena").await;
    let user = user("taras");
    store.save(&connected("taras"), None).await.unwrap();
    let generation = store.connection(&user).await.unwrap().unwrap().generation;
    proxy.take_round_trips();

    store.lease_refresh(&user, &lease_request(generation, owner(1))).await.unwrap();
    assert_eq!(proxy.take_round_trips(), 4, "to take the lease");
    store.reserve(&host(1), PACE, &demand(1), Duration::from_mins(1)).await.unwrap();
    assert_eq!(proxy.take_round_trips(), 6, "to reserve the call");
    let sent_at = store.clock().await.unwrap();
    assert_eq!(proxy.take_round_trips(), 1, "to ask the store's clock");
    let served = Served { client: client(1), sent_at };
    store.save_rotated(&user, generation, &pair("new"), &served, at(1)).await.unwrap();
    assert_eq!(proxy.take_round_trips(), 5, "to save the pair");
}
