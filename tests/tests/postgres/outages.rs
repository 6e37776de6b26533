//! A server that goes and comes back, and one that says nothing.

use std::time::{Duration, Instant};

use amo_connect_adapters::backend::Pools as _;
use amo_connect_adapters::postgres::PgOptions;
use amo_connect_contract::fixtures::user;
use amo_connect_domain::connection::audit::Actor;
use amo_connect_domain::ports::{StoreHealth as _, TokenStore as _};
use amo_connect_tests::{PgDatabase, Proxy, test_server};
use amo_connect_xtask::postgres::{Cluster, Options};
use futures_util::FutureExt as _;
use futures_util::future::join_all;

use crate::steps::{connected, open, open_with, opened, told, unavailable};

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_is_unavailable_and_one_that_comes_back_is_used_again() {
    let cluster = Cluster::start(&Options::default()).unwrap();
    let store = open(&cluster.url("postgres")).await.unwrap();
    let before = connected("olena");
    store.save(&before, None).await.unwrap();

    cluster.stop().unwrap();
    let begun = Instant::now();
    for outcome in [store.ready().await.map(drop), store.disconnect(&user("olena"), Actor::User).await] {
        let told = unavailable(outcome);
        assert!(told.contains("the server cannot be reached") || told.contains("is lost"), "{told}");
    }
    unavailable(store.connection(&user("olena")).await);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());

    cluster.start_again().unwrap();
    store.ready().await.unwrap();
    let after = store.connection(&user("olena")).await.unwrap().unwrap();
    assert_eq!(after.state, before.state);
}

/// Ends the store's connections, and none of another store's.
const END: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'amo-connect' \
                   AND datname = current_database()";

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_the_server_ends_are_replaced() {
    let (database, store) = opened().await;
    store.ready().await.unwrap();
    database.execute(END).await;
    // Whether it is seen before or during its use is chance; the use after it is not.
    let _ = store.ready().await;
    store.ready().await.unwrap();
}

/// Whether the store notices the end before its next use or during it is chance: a group of reads is asked again.
#[tokio::test(flavor = "multi_thread")]
async fn reads_whose_connection_the_server_ended_are_answered() {
    let database = PgDatabase::migrated(&test_server()).await;
    let times = PgOptions { connections: 1, connect_timeout: Duration::from_secs(20), ..PgOptions::default() };
    let store = open_with(&database.url(), times).await.unwrap();
    store.save(&connected("olena"), None).await.unwrap();
    for _ in 0..20 {
        database.execute(END).await;
        let olena = user("olena");
        for read in join_all((0..8).map(|_| store.connection(&olena))).await {
            assert_eq!(read.unwrap().unwrap().user, olena);
        }
    }
}

/// A query of diesel's that is dropped on such a runtime would block it.
#[test]
fn reads_may_be_dropped_on_a_single_threaded_runtime() {
    let main = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (_database, store) = main.block_on(opened());
    main.block_on(store.save(&connected("olena"), None)).unwrap();
    let worker = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let olena = user("olena");
    worker.block_on(async {
        for _ in 0..50 {
            // Looked at once, which begins them, and dropped.
            drop(store.connection(&olena).now_or_never());
            drop(store.summary(&olena).now_or_never());
            assert_eq!(store.connection(&olena).await.unwrap().unwrap().user, olena);
        }
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_says_nothing_is_not_waited_for() {
    let mute = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("postgres://olena:hunter2@{}/postgres", mute.local_addr().unwrap());
    let options = PgOptions { connect_timeout: Duration::from_millis(100), ..PgOptions::default() };
    let told = told(&open_with(&url, options).await.unwrap_err());
    assert!(told.contains("the server does not answer"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_long_for_a_connection_or_for_a_lock() {
    let database = PgDatabase::migrated(&test_server()).await;
    let times = PgOptions {
        connections: 1,
        connect_timeout: Duration::from_secs(20),
        transaction_timeout: Duration::from_millis(300),
        ..PgOptions::default()
    };
    let store = open_with(&database.url(), times).await.unwrap();
    store.save(&connected("olena"), None).await.unwrap();

    let held = database.transaction("LOCK TABLE connections IN ACCESS EXCLUSIVE MODE").await;
    let told = unavailable(store.disconnect(&user("olena"), Actor::User).await);
    assert!(["took too long", "lock timeout", "statement timeout"].iter().any(|why| told.contains(why)), "{told}");
    drop(held);
    store.disconnect(&user("olena"), Actor::User).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_the_network_has_lost_are_all_replaced_after_the_first_is_found_out() {
    let database = PgDatabase::migrated(&test_server()).await;
    let proxy = Proxy::to(&test_server()).await;
    let times = PgOptions { connections: 4, transaction_timeout: Duration::from_secs(1), ..PgOptions::default() };
    let store = open_with(&proxy.url(database.name()), times).await.unwrap();
    store.save(&connected("olena"), None).await.unwrap();
    while store.pools()[0].idle < 4 {
        join_all((0..16).map(|_| store.ready())).await;
    }

    proxy.lose_connections();
    let told = unavailable(store.connection(&user("olena")).await);
    assert!(told.contains("took too long"), "{told}");
    for _ in 0..4 {
        assert!(store.connection(&user("olena")).await.unwrap().is_some());
    }
}
