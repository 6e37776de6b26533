//! Two instances whose rounds overlap: who comes late finds the work done.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use amo_connect_contract::fixtures::{at, host, permit, settings, user};
use amo_connect_contract::{Asked, FakeAmo, MemoryTokenStore, TestRuntime};
use amo_connect_domain::clock::Instant;
use amo_connect_domain::connection::{CrmConnection, Grant};
use amo_connect_domain::ports::{NoObserver, Runtime, Storage, TokenEndpoint as _, TokenStore as _};
use amo_connect_domain::usecase::UseCases;
use amo_connect_domain::usecase::rate_limited::RateLimitedClient;
use async_trait::async_trait;
use futures_util::future::BoxFuture;
use jiff::Timestamp;

const MONTH_S: i64 = 30 * 24 * 60 * 60;

/// A process that is too busy to begin with its tasks until it is told.
struct Busy {
    runtime: TestRuntime,
    /// `None` once it was told.
    waiting: Mutex<Option<Vec<BoxFuture<'static, ()>>>>,
}

impl Busy {
    async fn begin_at_last(&self) {
        let tasks = self.waiting.lock().unwrap().take().unwrap();
        assert_eq!(tasks.len(), 1, "it found nothing to do");
        for task in tasks {
            self.runtime.spawn(task);
        }
        self.runtime.idle().await;
    }
}

impl fmt::Debug for Busy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Busy")
    }
}

#[async_trait]
impl Runtime for Busy {
    fn now(&self) -> Timestamp {
        self.runtime.now()
    }

    fn instant(&self) -> Instant {
        self.runtime.instant()
    }

    async fn sleep(&self, duration: Duration) {
        self.runtime.sleep(duration).await;
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) {
        match self.waiting.lock().unwrap().as_mut() {
            Some(waiting) => waiting.push(task),
            None => self.runtime.spawn(task),
        }
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        self.runtime.fill_random(bytes);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_another_instance_has_just_refreshed_is_left_alone() {
    let amo = FakeAmo::new().with_accounts([1]);
    let store = MemoryTokenStore::new();
    let issued = amo.exchange(permit(&host(1)), &amo.allow(&host(1))).await.unwrap();
    let mut connection = CrmConnection::new(user("olena"));
    connection.connect(Grant { host: host(1), account: None, tokens: issued.into_pair(at(0)) }, at(0));
    store.save(&connection, None).await.unwrap();

    let later = at(MONTH_S + 1);
    let prompt = Arc::new(TestRuntime::seeded(later, 1));
    let busy = Arc::new(Busy { runtime: TestRuntime::seeded(later, 2), waiting: Mutex::new(Some(Vec::new())) });
    let service = |runtime: Arc<dyn Runtime>| {
        let store: Arc<dyn Storage> = Arc::new(store.clone());
        UseCases::new(
            store.into(),
            RateLimitedClient::unlimited(Arc::new(amo.clone())),
            runtime,
            Arc::new(NoObserver),
            settings(),
        )
    };
    let (first, second) = (service(Arc::clone(&prompt) as _), service(Arc::clone(&busy) as _));

    second.background_round().await.unwrap();
    first.background_round().await.unwrap();
    prompt.idle().await;
    busy.begin_at_last().await;
    let refreshes = amo.asked().iter().filter(|asked| matches!(asked, Asked::Refresh { .. })).count();
    assert_eq!(refreshes, 1);
}
