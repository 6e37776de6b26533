//! `/readyz`: better than no instance.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Instant;

use amo_connect_contract::MemoryTokenStore;
use amo_connect_domain::ports::{Storage, StoreError, StoreHealth, Stores};
use amo_connect_tests::{Answer, RunningApp, Served, Service, TestApp, World};
use async_trait::async_trait;
use diesel::{Connection as _, RunQueryDsl as _, SqliteConnection, sql_query};
use futures_util::future::join_all;
use jiff::Timestamp;

/// A database that counts how often it is asked, and may never answer.
#[derive(Debug, Default)]
struct Asked {
    times: AtomicUsize,
    is_silent: bool,
}

#[async_trait]
impl StoreHealth for Asked {
    async fn ready(&self) -> Result<Option<Timestamp>, StoreError> {
        self.times.fetch_add(1, Relaxed);
        if self.is_silent { std::future::pending().await } else { Ok(None) }
    }

    async fn beat(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn clock(&self) -> Result<Timestamp, StoreError> {
        Ok(Timestamp::UNIX_EPOCH)
    }
}

async fn app_on(health: &Arc<Asked>) -> RunningApp {
    let stores = Stores::from(Arc::new(MemoryTokenStore::new()) as Arc<dyn Storage>);
    TestApp::new().stores(Stores { health: Arc::clone(health) as _, ..stores }).start().await
}

async fn ready(service: &Service) -> Answer {
    Answer::to(service.http().get(format!("{}/readyz", service.base))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_is_asked_once_a_second_whoever_asks() {
    let health = Arc::new(Asked::default());
    let app = app_on(&health).await;
    let begun = Instant::now();
    for _ in 0..5 {
        for answer in join_all((0..20).map(|_| ready(&app))).await {
            assert_eq!((answer.status, answer.header("cache-control")), (200, "no-store"), "{answer:?}");
        }
    }
    let (asked, longest) = (health.times.load(Relaxed), begun.elapsed().as_secs() + 2);
    assert!(asked >= 1 && asked as u64 <= longest, "{asked} in {:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_does_not_answer_is_not_waited_for() {
    let app = app_on(&Arc::new(Asked { is_silent: true, ..Asked::default() })).await;
    for _ in 0..2 {
        let answer = ready(&app).await;
        assert_eq!(answer.problem(), (503, "storage_unavailable"));
        assert_eq!(answer.header("cache-control"), "no-store");
    }
    let alive = Answer::to(app.http().get(format!("{}/healthz", app.base))).await;
    assert_eq!((alive.status, alive.header("cache-control")), (200, "no-store"));
}

/// Taking every instance away would help nobody.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_can_only_be_read_is_told_in_the_log_and_leaves_the_instance_ready() {
    let world = World::without_service().await;
    let served = Served::start(&world.settings, &world.folder()).await;
    assert_eq!(ready(&served).await.status, 200);

    let file = world.settings.database_url.as_ref().unwrap().strip_prefix("sqlite:").unwrap();
    let mut other = SqliteConnection::establish(file).unwrap();
    sql_query("PRAGMA busy_timeout = 20000").execute(&mut other).unwrap();
    sql_query("BEGIN IMMEDIATE").execute(&mut other).unwrap();
    let line = served.process().until_logged("the database can be read and not written").await;
    assert!(line.contains("database is locked"), "{line}");
    assert_eq!(ready(&served).await.status, 200);

    sql_query("ROLLBACK").execute(&mut other).unwrap();
    served.process().until_logged("the database can be written again").await;
    assert_eq!(served.process().times_logged("the database can be read and not written"), 1);
}
