//! The web server: what is where.

use std::{net::TcpListener, sync::Arc};

use actix_web::{
    App, HttpRequest, HttpServer,
    dev::ServerHandle,
    http::header,
    middleware::{NormalizePath, from_fn},
    web::{self, Data},
};

use crate::{SandboxError, api, control, hosts::HostIndex, journal, oauth, raw, world::World};

/// The largest body taken, in bytes.
const MAX_BODY: usize = 256 * 1024;

/// Starts to answer; the server runs on the caller's runtime until its handle stops it.
pub(crate) fn serve(world: &Arc<World>, listeners: Vec<TcpListener>) -> Result<ServerHandle, SandboxError> {
    let data = Data::from(Arc::clone(world));
    let mut server = HttpServer::new(move || {
        App::new()
            .app_data(data.clone())
            .app_data(web::PayloadConfig::new(MAX_BODY))
            .wrap(NormalizePath::trim())
            .wrap(from_fn(journal::record))
            .configure(oauth::routes)
            .configure(api::routes)
            .configure(control::routes)
            .default_service(web::to(api::not_found))
    })
    .on_connect(raw::on_connect)
    .workers(world.options.workers.max(1))
    .disable_signals()
    .shutdown_timeout(1);
    for listener in listeners {
        server = server.listen(listener).map_err(SandboxError::Server)?;
    }
    let server = server.run();
    let handle = server.handle();
    tokio::spawn(server);
    Ok(handle)
}

/// Which of the sandbox's hosts a request was sent to.
pub(crate) fn host_index(request: &HttpRequest, world: &World) -> HostIndex {
    let port = request.app_config().local_addr().port();
    world.doors.host(host_header(request), port).unwrap_or(usize::MAX)
}

/// What a request calls the host that it was sent to.
pub(crate) fn host_header(request: &HttpRequest) -> Option<&str> {
    request.headers().get(header::HOST).and_then(|host| host.to_str().ok())
}
