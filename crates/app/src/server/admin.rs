//! The server of `/metrics`, where that has an address of its own.

use std::io;
use std::net::{SocketAddr, TcpListener};

use actix_web::dev::ServerHandle;
use actix_web::web::Data;
use actix_web::{App, HttpServer};
use tokio::task::JoinHandle;

use crate::routes;
use crate::state::AppState;

/// A server of `/metrics`.
pub(super) struct Admin {
    pub(super) address: SocketAddr,
    handle: ServerHandle,
    serving: JoinHandle<io::Result<()>>,
}

impl Admin {
    /// One thread is enough for a scrape every few seconds.
    pub(super) fn start(listener: TcpListener, state: Data<AppState>) -> io::Result<Self> {
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

    pub(super) async fn stop(self) {
        self.handle.stop(false).await;
        self.serving.abort();
    }
}
