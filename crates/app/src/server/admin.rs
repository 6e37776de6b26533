//! The server of `/metrics`, where that has an address of its own.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use actix_server::ServerHandle;
use actix_web::App;
use actix_web::middleware::from_fn;
use actix_web::web::Data;
use tokio::task::JoinHandle;

use super::clients::Clients;
use super::http;
use crate::budgets::ADMIN_CLIENTS;
use crate::routes;
use crate::state::AppState;
use crate::telemetry;

/// A server of `/metrics`.
pub(super) struct Admin {
    pub(super) address: SocketAddr,
    handle: ServerHandle,
    serving: JoinHandle<io::Result<()>>,
    watching: JoinHandle<()>,
}

impl Admin {
    /// One thread is enough for a scrape every few seconds.
    pub(super) fn start(listener: TcpListener, state: Data<AppState>) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let runtime = state.runtime.clone();
        let clients = Clients::new(ADMIN_CLIENTS, state.idle_timeout);
        let app = move || App::new().app_data(state.clone()).configure(routes::admin).wrap(from_fn(telemetry::observe));
        let server = http::serve(1, listener, &clients, app)?;
        let handle = server.handle();
        let watched = Arc::clone(&clients);
        let watching = runtime.spawn(async move { watched.watch().await });
        Ok(Self { address, handle, serving: runtime.spawn(server), watching })
    }

    pub(super) async fn stop(self) {
        self.handle.stop(false).await;
        self.serving.abort();
        self.watching.abort();
    }
}
