//! The HTTP server: starting it, and stopping it without losing what is in flight.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::middleware::from_fn;
use actix_web::web::{Data, ServiceConfig};
use actix_web::{App, HttpServer};
use amo_connect_domain::usecase::BACKGROUND_INTERVAL;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout_at};

use crate::metrics::http::count;
use crate::state::AppState;
use crate::{routes, telemetry};

/// How often unclaimed grants are wiped and quiet callers forgotten.
const SWEEP_EVERY: Duration = Duration::from_secs(30);

/// actix's own limit to a stop, out of the way: [`Running::stop`] is given the real one.
const LONGEST_STOP_S: u64 = 24 * 60 * 60;

/// A server that runs.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    state: Data<AppState>,
    handle: ServerHandle,
    serving: JoinHandle<io::Result<()>>,
    sweeping: JoinHandle<()>,
    background: JoinHandle<()>,
    keys: JoinHandle<()>,
    counting: JoinHandle<()>,
    /// The server of `/metrics`, if it has an address of its own.
    admin: Option<Admin>,
}

/// Where a server listens.
#[derive(Debug)]
pub struct Listeners {
    /// For the app, and for `/metrics` unless that has an address of its own.
    pub main: TcpListener,
    /// For `/metrics` alone.
    pub admin: Option<TcpListener>,
}

impl From<TcpListener> for Listeners {
    fn from(main: TcpListener) -> Self {
        Self { main, admin: None }
    }
}

/// A server of `/metrics`.
struct Admin {
    address: SocketAddr,
    handle: ServerHandle,
    serving: JoinHandle<io::Result<()>>,
}

impl Admin {
    /// One thread is enough for a scrape every few seconds.
    fn start(listener: TcpListener, state: Data<AppState>) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let runtime = state.runtime.clone();
        let server = HttpServer::new(move || App::new().app_data(state.clone()).configure(routes::admin))
            .workers(1)
            .disable_signals()
            .listen(listener)?
            .run();
        let handle = server.handle();
        Ok(Self { address, handle, serving: runtime.spawn(server) })
    }
}

/// Work was still going on when the time to stop was up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{tasks} exchanges, refreshes or saves were not done in time; {pairs} token pairs were not saved and are lost")]
pub struct Unfinished {
    /// How many tasks were going on.
    pub tasks: usize,
    /// How many pairs that amoCRM had given were not saved.
    pub pairs: usize,
}

impl Running {
    /// Serves `state` on `listeners`; `extra` adds routes, as the sandbox's phone page.
    pub fn start(
        listeners: impl Into<Listeners>,
        state: AppState,
        extra: impl Fn(&mut ServiceConfig) + Clone + Send + 'static,
    ) -> io::Result<Self> {
        let Listeners { main: listener, admin } = listeners.into();
        let address = listener.local_addr()?;
        let state = Data::new(state);
        let admin = admin.map(|admin| Admin::start(admin, state.clone())).transpose()?;
        let metrics = if admin.is_none() { routes::metrics } else { |_: &mut ServiceConfig| {} };
        let shared = state.clone();
        let server = HttpServer::new(move || {
            App::new()
                .app_data(shared.clone())
                .configure(extra.clone())
                .configure(metrics)
                .configure(routes::configure)
                .wrap(from_fn(count))
                .wrap(from_fn(telemetry::observe))
        })
        // A caller that goes away is noticed at once. No browser and no app closes only one half.
        .h1_allow_half_closed(false)
        .disable_signals()
        .shutdown_timeout(LONGEST_STOP_S)
        .listen(listener)?
        .run();
        let handle = server.handle();
        let serving = state.runtime.spawn(server);
        let sweeping = state.runtime.spawn(sweep(state.clone()));
        let background = state.runtime.spawn(run_background(state.clone()));
        let verifier = state.clone();
        let keys = state.runtime.spawn(async move { verifier.verifier.keep_keys().await });
        let metrics = state.clone();
        let counting = state.runtime.spawn(async move { metrics.metrics.keep().await });
        Ok(Self { address, state, handle, serving, sweeping, background, keys, counting, admin })
    }

    /// Where `/metrics` is, if that has an address of its own.
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.admin.as_ref().map(|admin| admin.address)
    }

    /// Waits until the server ends by itself, which it does only if something is very wrong.
    pub async fn ended(&mut self) -> io::Result<()> {
        match (&mut self.serving).await {
            Ok(ended) => ended,
            Err(error) => Err(io::Error::other(error)),
        }
    }

    /// Stops taking requests, and waits up to `timeout` for what is in flight.
    pub async fn stop(self, timeout: Duration) -> Result<(), Unfinished> {
        let deadline = Instant::now() + timeout;
        self.sweeping.abort();
        self.background.abort();
        self.keys.abort();
        self.state.use_cases.wind_down();
        self.state.tasks.close();
        let waiting_for = self.state.tasks.len();
        if waiting_for > 0 {
            let pairs_to_save = self.state.use_cases.pending_pairs();
            tracing::info!(waiting_for, pairs_to_save, "stopping; waiting for exchanges, refreshes and saves");
        }
        let requests = timeout_at(deadline, self.handle.stop(true)).await;
        let tasks = timeout_at(deadline, self.state.tasks.wait()).await;
        // The last scrape may be of the stop itself.
        if let Some(admin) = self.admin {
            admin.handle.stop(false).await;
            admin.serving.abort();
        }
        self.counting.abort();
        match (requests, tasks) {
            (_, Err(_)) => {
                let (tasks, pairs) = (self.state.tasks.len(), self.state.use_cases.pending_pairs());
                tracing::error!(tasks, pairs_lost = pairs, "stopping before all work was done");
                Err(Unfinished { tasks, pairs })
            }
            (_, Ok(())) => Ok(()),
        }
    }
}

async fn sweep(state: Data<AppState>) {
    let mut ticks = interval(SWEEP_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        state.limits.forget_quiet();
        match state.use_cases.sweep().await {
            Ok(0) => {}
            Ok(wiped) => tracing::info!(wiped, "unclaimed grants wiped"),
            Err(error) => tracing::warn!(%error, "sweep failed"),
        }
    }
}

/// Runs a background round again and again. A round that fails leaves its work to the next.
async fn run_background(state: Data<AppState>) {
    let mut ticks = interval(BACKGROUND_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = state.use_cases.background_round().await {
            tracing::warn!(%error, "background round failed");
        }
    }
}
