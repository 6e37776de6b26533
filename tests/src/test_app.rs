//! [`TestApp`]: the real app at a port of its own, over any store, any CRM, and a clock that a test moves.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use amo_connect::config::Given;
use amo_connect::metrics::Metrics;
use amo_connect::server::Running;
use amo_connect::wiring;
use amo_connect_contract::token_store::TokenStoreHarness;
use amo_connect_contract::{FakeAmo, MemoryTokenStore, TestRuntime, fixtures};
use amo_connect_domain::ports::{AmoClient, Storage, Stores};
use amo_connect_domain::usecase::rate_limited::RateLimitedClient;
use jiff::Timestamp;
use tokio_util::task::TaskTracker;

use crate::answer::Answer;
use crate::service::{Begun, Service};
use crate::settings;

/// How long an orderly stop may take.
const STOP_TIMEOUT: Duration = Duration::from_secs(20);

/// Seeds each app's randomness: of two on one store, neither may draw the other's states.
static STARTED: AtomicU64 = AtomicU64::new(0);

/// What an app is to be started on. By default an empty [`MemoryTokenStore`], a [`FakeAmo`] with an
/// empty account at [`fixtures::host(1)`](fixtures::host), and the tests' beginning of time.
#[derive(Clone)]
pub struct TestApp {
    stores: Stores,
    amo: Arc<dyn AmoClient>,
    begin: Timestamp,
    settings: Given,
}

impl Default for TestApp {
    fn default() -> Self {
        Self::new()
    }
}

fn stores_of(store: impl Storage) -> Stores {
    Stores::from(Arc::new(store) as Arc<dyn Storage>)
}

impl TestApp {
    /// The defaults.
    pub fn new() -> Self {
        let amo = FakeAmo::new().with_accounts([1]);
        Self {
            stores: stores_of(MemoryTokenStore::new()),
            amo: Arc::new(amo),
            begin: fixtures::at(0),
            settings: settings::at_a_free_port(),
        }
    }

    /// On this store.
    #[must_use]
    pub fn store(self, store: impl Storage) -> Self {
        self.stores(stores_of(store))
    }

    /// On these ports.
    #[must_use]
    pub fn stores(self, stores: Stores) -> Self {
        Self { stores, ..self }
    }

    /// On the store of a contract suite's harness, which has to outlive the app.
    #[must_use]
    pub fn store_of(self, harness: &dyn TokenStoreHarness) -> Self {
        self.stores(harness.store().into())
    }

    /// With this CRM. Its hosts have to be those that the settings allow: by default amoCRM's.
    #[must_use]
    pub fn amo(self, amo: impl AmoClient) -> Self {
        Self { amo: Arc::new(amo), ..self }
    }

    /// With a clock that shows `now` at the start. JWTs and limits of calls go by the machine's.
    #[must_use]
    pub fn clock(self, now: Timestamp) -> Self {
        Self { begin: now, ..self }
    }

    /// With settings that `change` changed.
    #[must_use]
    pub fn settings(mut self, change: impl FnOnce(&mut Given)) -> Self {
        change(&mut self.settings);
        self
    }

    /// Starts it, and ends when it answers.
    pub async fn start(self) -> RunningApp {
        let seed = STARTED.fetch_add(1, Ordering::Relaxed);
        let clock = Arc::new(TestRuntime::seeded(self.begin, seed));
        let running = Some(self.run(&clock));
        let app = RunningApp { service: Service::with(&self.settings), plan: self, clock, running };
        assert_eq!(Answer::to(app.http().get(format!("{}/healthz", app.base))).await.status, 200);
        app
    }

    fn run(&self, clock: &Arc<TestRuntime>) -> Running {
        let config = self.settings.clone().check().unwrap();
        let listener = wiring::bind(config.bind).unwrap();
        let (store, amo) = (self.stores.clone(), RateLimitedClient::unlimited(Arc::clone(&self.amo)));
        let state = wiring::assemble_with(
            store,
            amo,
            Arc::clone(clock) as _,
            TaskTracker::new(),
            Metrics::new().unwrap(),
            &config.service,
        )
        .unwrap();
        Running::start(listener, state, |_| {}).unwrap()
    }
}

/// A [`TestApp`] that runs, and the [`Service`] that it is called as.
pub struct RunningApp {
    plan: TestApp,
    service: Service,
    clock: Arc<TestRuntime>,
    running: Option<Running>,
}

impl Deref for RunningApp {
    type Target = Service;

    fn deref(&self) -> &Service {
        &self.service
    }
}

impl RunningApp {
    /// Its clock, which stands still until it is moved.
    pub fn clock(&self) -> &TestRuntime {
        &self.clock
    }

    /// Connects `user` to the account at [`fixtures::host(account)`](fixtures::host) of `amo`, its CRM.
    pub async fn connect(&self, user: &str, amo: &FakeAmo, account: u64) -> Begun {
        let host = fixtures::host(account);
        self.connect_with(user, amo.allow(&host).expose(), host.as_str()).await
    }

    /// What `done` gives, while the clock runs at twenty times its pace.
    pub async fn while_time_passes<T>(&self, done: impl Future<Output = T>) -> T {
        let mut ticks = tokio::time::interval(Duration::from_millis(50));
        let mut done = std::pin::pin!(done);
        loop {
            tokio::select! {
                done = &mut done => return done,
                _ = ticks.tick() => self.clock.advance(Duration::from_secs(1)),
            }
        }
    }

    /// Stops it in order, and starts another at the same address, on the same store, CRM and clock.
    pub async fn restart(&mut self) {
        self.halt().await;
        self.running = Some(self.plan.run(&self.clock));
    }

    /// Stops it in order, and ends when the store and the CRM are in nobody's hands but the
    /// test's: a mock is dropped, and complains of how it was called, in the test's own thread.
    pub async fn stop(mut self) {
        self.halt().await;
        let in_use = || Arc::strong_count(&self.plan.amo) > 1;
        let let_go = async {
            while in_use() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(STOP_TIMEOUT, let_go).await.unwrap();
    }

    async fn halt(&mut self) {
        self.running.take().unwrap().stop(STOP_TIMEOUT).await.unwrap();
        tokio::time::timeout(STOP_TIMEOUT, self.clock.idle()).await.unwrap();
    }
}

/// A moment, such as `2026-11-23T10:00Z`.
pub fn at(moment: &str) -> Timestamp {
    moment.parse().unwrap()
}
