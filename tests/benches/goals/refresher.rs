//! The use cases over a real store and a CRM in memory: refreshes without HTTP.

use std::sync::Arc;
use std::time::{Duration, Instant};

use amo_connect_adapters::backend::OpenStore;
use amo_connect_adapters::runtime::TokioRuntime;
use amo_connect_contract::{FakeAmo, fixtures};
use amo_connect_domain::host::AccountHost;
use amo_connect_domain::ports::{AmoClient, NoObserver, Runtime, Storage, TokenEndpoint as _};
use amo_connect_domain::rate_limit::{Pace, PaceScope};
use amo_connect_domain::usecase::rate_limited::RateLimitedClient;
use amo_connect_domain::usecase::{Settings, UseCases};
use futures_util::{StreamExt as _, stream};
use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;

use crate::database::Database;
use crate::figures::a_second;
use crate::users::{self, USERS};

const KEEPALIVE_AFTER: Duration = Duration::from_hours(30 * 24);

/// An instance without its HTTP: its own pool, its own use cases.
pub(crate) struct Refresher {
    pub(crate) use_cases: UseCases,
    tasks: TaskTracker,
    _store: OpenStore,
}

impl Refresher {
    pub(crate) async fn on(database: &Database, amo: &FakeAmo) -> Self {
        let store = database.open().await;
        let tasks = TaskTracker::new();
        let runtime: Arc<dyn Runtime> = Arc::new(TokioRuntime::new(Handle::current(), tasks.clone()));
        let pace = Pace { apart: Duration::from_micros(1), scope: PaceScope::Account };
        let client: Arc<dyn AmoClient> = Arc::new(amo.clone());
        let (limits, observer) = (Arc::clone(&store.rate_limits), Arc::new(NoObserver));
        let client = RateLimitedClient::new(client, limits, Arc::clone(&runtime), observer, pace);
        let settings = Settings { keepalive_after: KEEPALIVE_AFTER, ..fixtures::settings() };
        let stores = Arc::clone(&store.storage).into();
        let use_cases = UseCases::new(stores, client, runtime, Arc::new(NoObserver), settings);
        Self { use_cases, tasks, _store: store }
    }

    /// Refreshes the tokens of one user after another, of so many at once. Returns how many a second.
    pub(crate) async fn refresh(&self, users: impl Iterator<Item = usize>, at_once: usize, within: Duration) -> f64 {
        let begun = Instant::now();
        let refreshes = stream::iter(users.take_while(|_| begun.elapsed() < within)).map(|number| {
            let use_cases = self.use_cases.clone();
            // As the service runs it: a task of the process.
            tokio::spawn(async move { use_cases.refresh_now(&users::user(number)).await })
        });
        let done: Vec<_> = refreshes.buffer_unordered(at_once).collect().await;
        let took = begun.elapsed();
        let failed = done.iter().find(|refreshed| !matches!(refreshed, Ok(Ok(()))));
        assert!(failed.is_none(), "{failed:?}");
        a_second(done.len(), took)
    }

    /// Ends when everything that a background round has begun is done.
    pub(crate) async fn idle(&self) {
        self.tasks.close();
        self.tasks.wait().await;
        self.tasks.reopen();
    }
}

/// A CRM with an account for each user.
pub(crate) fn crm() -> FakeAmo {
    FakeAmo::new().with_accounts((0..USERS).map(number_of))
}

/// Connects all users, with tokens that `amo` takes.
pub(crate) async fn connect_all(store: &dyn Storage, amo: &FakeAmo) {
    for number in 0..USERS {
        let host = host(number);
        let code = amo.allow(&host);
        let issued = amo.exchange(fixtures::permit(&host), &code).await.unwrap();
        users::connect(store, number, host, issued).await;
    }
}

fn number_of(user: usize) -> u64 {
    u64::try_from(user).unwrap() + 1
}

fn host(user: usize) -> AccountHost {
    fixtures::host(number_of(user))
}
