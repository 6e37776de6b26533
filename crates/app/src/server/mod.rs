//! The HTTP server: starting it, and stopping it without losing what is in flight.

mod admin;
mod background;
pub(crate) mod clients;
mod http;
mod shutdown;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use actix_server::ServerHandle;
use actix_web::App;
use actix_web::middleware::from_fn;
use actix_web::web::{Data, ServiceConfig};
use admin::Admin;
use clients::Clients;
pub use shutdown::Unfinished;
use tokio::task::JoinHandle;

use crate::metrics::http::count;
use crate::state::AppState;
use crate::{budgets, routes, telemetry};

/// A server that runs.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    state: Data<AppState>,
    listener: TcpListener,
    handle: ServerHandle,
    clients: Arc<Clients>,
    /// Ends connections whose time is over.
    watching: JoinHandle<()>,
    serving: JoinHandle<io::Result<()>>,
    sweeping: JoinHandle<()>,
    checking: JoinHandle<()>,
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

impl Running {
    /// Serves `state` on `listeners`; `extra` adds routes, as the sandbox's phone page.
    pub fn start(
        listeners: impl Into<Listeners>,
        state: AppState,
        extra: impl Fn(&mut ServiceConfig) + Clone + Send + 'static,
    ) -> io::Result<Self> {
        let Listeners { main: listener, admin } = listeners.into();
        let address = listener.local_addr()?;
        let own_listener = listener.try_clone()?;
        let state = Data::new(state);
        let admin = admin.map(|admin| Admin::start(admin, state.clone())).transpose()?;
        let metrics = if admin.is_none() { routes::metrics } else { |_: &mut ServiceConfig| {} };
        let shared = state.clone();
        let clients = Clients::new(state.budgets.clients, state.idle_timeout);
        state.metrics.watch_clients(Arc::clone(&clients));
        let app = move || {
            App::new()
                .app_data(shared.clone())
                .configure(extra.clone())
                .configure(metrics)
                .configure(|config| routes::configure(config, &shared.allowed_origins))
                .wrap(from_fn(count))
                .wrap(from_fn(telemetry::observe))
        };
        let server = http::serve(budgets::workers(), listener, &clients, app)?;
        let handle = server.handle();
        let serving = state.runtime.spawn(server);
        let watched = Arc::clone(&clients);
        let watching = state.runtime.spawn(async move { watched.watch().await });
        let sweeping = state.runtime.spawn(background::sweep(state.clone()));
        let checking = state.runtime.spawn(background::check_readiness(state.clone()));
        let background = state.runtime.spawn(background::run(state.clone()));
        let verifier = state.clone();
        let keys = state.runtime.spawn(async move { verifier.verifier.keep_keys().await });
        let metrics = state.clone();
        let counting = state.runtime.spawn(async move { metrics.metrics.keep(&metrics.use_cases).await });
        Ok(Self {
            address,
            state,
            listener: own_listener,
            handle,
            clients,
            watching,
            serving,
            sweeping,
            checking,
            background,
            keys,
            counting,
            admin,
        })
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
}
