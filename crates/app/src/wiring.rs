//! The one file that makes the adapters of the domain's ports, except stores: those are in `stores.rs`.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use amo_connect_adapters::amo::{AmoLimits, AmoSettings, OauthAmoClient};
use amo_connect_adapters::backend::{Backend, OpenError, OpenOptions, OpenStore};
use amo_connect_adapters::migrate::Pending;
use amo_connect_adapters::runtime::TokioRuntime;
use amo_connect_domain::ports::{AmoClient, RateLimitStore, Runtime, Storage, Stores};
use amo_connect_domain::rate_limit::Pace;
use amo_connect_domain::usecase::rate_limited::RateLimitedClient;
use amo_connect_domain::usecase::{Settings, UseCases};
use metrics_exporter_prometheus::BuildError;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;

use crate::auth::jwt::Verifier;
use crate::budgets::Budgets;
use crate::caller_limits::Limits;
use crate::config::{ServiceConfig, StorageConfig};
use crate::metrics::{Measured, Metrics};
use crate::readiness::Readiness;
use crate::state::AppState;

/// Why the service could not be put together.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database cannot be used.
    #[error("DATABASE_URL: the database cannot be opened")]
    Storage(#[source] OpenError),
    /// The HTTP client cannot be made.
    #[error("the client of amoCRM cannot be made")]
    Client(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The app's key set cannot be fetched by any means.
    #[error("JWT_JWKS_URL: there is no client for the key set")]
    Keys(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Metrics cannot be counted.
    #[error("metrics cannot be counted")]
    Metrics(#[from] BuildError),
    /// The address is taken, or not ours.
    #[error("cannot listen on {0}")]
    Bind(SocketAddr, #[source] io::Error),
    /// The server did not start, or ended.
    #[error("the server ended")]
    Server(#[from] io::Error),
}

/// How many connections wait to be accepted: a proxy that starts opens all of its own at once.
const BACKLOG: i32 = 1024;

/// Opens `address`, before anything else is touched.
pub fn bind(address: SocketAddr) -> Result<TcpListener, StartError> {
    let listen = || {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        // A start right after a stop finds old connections still closing.
        socket.set_reuse_address(true)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        Ok(socket.into())
    };
    listen().map_err(|error| StartError::Bind(address, error))
}

/// Brings the database that the settings name up to date. Returns the names of the migrations
/// it took.
pub async fn migrate(database: &dyn Backend) -> Result<Vec<String>, StartError> {
    database.migrate().await.map_err(StartError::Storage)
}

/// The store that the settings name.
pub async fn open(storage: StorageConfig) -> Result<OpenStore, StartError> {
    let pending = if storage.auto_migrate { Pending::Apply } else { Pending::Refuse };
    let options = OpenOptions { pending, connections: storage.pool };
    storage.database.open(storage.token_keys, options).await.map_err(StartError::Storage)
}

/// The service on its real adapters.
pub async fn assemble(
    storage: StorageConfig,
    amo: AmoSettings,
    service: &ServiceConfig,
) -> Result<AppState, StartError> {
    assemble_on(open(storage).await?, amo, service, Metrics::new()?)
}

/// The service on a store that is open.
pub fn assemble_on(
    store: OpenStore,
    amo: AmoSettings,
    service: &ServiceConfig,
    metrics: Arc<Metrics>,
) -> Result<AppState, StartError> {
    let OpenStore { storage, rate_limits, pools, keys, .. } = store;
    let connections = pools.as_ref().map_or(0, |pools| pools.pools().iter().map(|pool| pool.size).sum());
    let budgets = Budgets::of_process(connections);
    metrics.watch(pools, keys);
    let store: Arc<dyn Storage> = Arc::new(Measured::new(storage, Arc::clone(&metrics)));
    let rate_limits = Arc::new(Measured::new(rate_limits, Arc::clone(&metrics)));
    let (amo, process, tasks) = rate_limited_client(amo, rate_limits, &metrics, service.pace, budgets)?;
    Ok(AppState { budgets, ..assemble_with(store.into(), amo, process, tasks, metrics, service)? })
}

/// The use cases alone, on stores that are open, and the tasks that a stop waits for.
pub fn use_cases_on(
    (store, rate_limits): (Arc<dyn Storage>, Arc<dyn RateLimitStore>),
    amo: AmoSettings,
    pace: Pace,
    settings: Settings,
) -> Result<(UseCases, TaskTracker), StartError> {
    // Nobody asks a command for metrics; a refresh leaves its line in the log.
    let metrics = Metrics::new()?;
    let (amo, process, tasks) = rate_limited_client(amo, rate_limits, &metrics, pace, Budgets::of_process(0))?;
    Ok((UseCases::new(store.into(), amo, process, metrics, settings), tasks))
}

/// The client of the CRM. Another CRM's takes this line.
fn client(
    settings: AmoSettings,
    metrics: &Metrics,
    budgets: Budgets,
) -> Result<impl AmoClient, Box<dyn std::error::Error + Send + Sync>> {
    let limits = AmoLimits { calls: budgets.amo_calls, ..AmoLimits::default() };
    let client = OauthAmoClient::with_limits(settings, limits)?;
    metrics.watch_amo(client.budgets());
    Ok(client)
}

/// The only client of the CRM that anything gets, what it runs on, and the tasks it makes.
fn rate_limited_client(
    amo: AmoSettings,
    rate_limits: Arc<dyn RateLimitStore>,
    metrics: &Arc<Metrics>,
    pace: Pace,
    budgets: Budgets,
) -> Result<(RateLimitedClient, Arc<dyn Runtime>, TaskTracker), StartError> {
    let amo = client(amo, metrics, budgets).map_err(StartError::Client)?;
    let tasks = TaskTracker::new();
    let process: Arc<dyn Runtime> = Arc::new(TokioRuntime::new(Handle::current(), tasks.clone()));
    let amo = RateLimitedClient::new(Arc::new(amo), rate_limits, Arc::clone(&process), Arc::clone(metrics) as _, pace);
    Ok((amo, process, tasks))
}

/// The service on any store, any CRM and any clock. A stop waits for `tasks`; those that
/// `process` spawns are among them only if it was told so.
pub fn assemble_with(
    stores: Stores,
    amo: RateLimitedClient,
    process: Arc<dyn Runtime>,
    tasks: TaskTracker,
    metrics: Arc<Metrics>,
    service: &ServiceConfig,
) -> Result<AppState, StartError> {
    let verifier = Verifier::new(&service.jwt).map_err(StartError::Keys)?;
    metrics.watch_tasks(tasks.clone());
    Ok(AppState {
        budgets: Budgets::of_process(0),
        use_cases: UseCases::new(stores, amo, process, Arc::clone(&metrics) as _, service.settings.clone()),
        verifier,
        limits: Limits::new(
            service.user_rate,
            service.address_rate,
            service.trusted_proxies.clone(),
            service.network_key.clone(),
        ),
        deep_links: service.deep_links.clone(),
        metrics,
        readiness: Readiness::new(Handle::current()),
        idle_timeout: service.idle_timeout,
        allowed_origins: service.allowed_origins.clone(),
        runtime: Handle::current(),
        tasks,
    })
}
