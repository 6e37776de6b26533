//! The web server: its addresses and what is where.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener},
    sync::Arc,
};

use actix_web::{
    App, HttpRequest, HttpServer,
    dev::ServerHandle,
    middleware::{NormalizePath, from_fn},
    web::{self, Data},
};
use tokio::net::TcpSocket;

use crate::{
    Options, SandboxError, api, control,
    hosts::{Host, HostIndex, Scheme},
    journal, oauth, raw,
    world::World,
};

/// Connections that may wait to be taken.
const BACKLOG: u32 = 1024;
/// The largest body taken, in bytes.
const MAX_BODY: usize = 256 * 1024;

/// Listens on the address of each account and on the spare ones.
pub(crate) fn listen(options: &Options) -> Result<Vec<TcpListener>, SandboxError> {
    let first = options.amo_bind;
    if !first.ip().is_loopback() && !options.allow_non_loopback {
        return Err(SandboxError::NotLoopback { address: first });
    }
    let needed = options.accounts().saturating_add(options.spare_hosts);
    let port = |offset: u16| match first.port() {
        0 => Some(0),
        port => port.checked_add(offset),
    };
    (0..needed)
        .map(|offset| {
            let port = port(offset).ok_or(SandboxError::PortsExhausted { first: first.port(), needed })?;
            let address = SocketAddr::new(first.ip(), port);
            bind(address).map_err(|source| SandboxError::Bind { address, first, needed, source })
        })
        .collect()
}

fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // On Windows this option would let two programs share one port.
    #[cfg(not(windows))]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)?.into_std()
}

/// The hosts that clients know `addresses` by.
pub(crate) fn hosts(options: &Options, addresses: &[SocketAddr]) -> Vec<Host> {
    let name = |address: &SocketAddr| match &options.public_name {
        Some(name) => format!("{name}:{}", address.port()),
        None => SocketAddr::new(reachable(address.ip()), address.port()).to_string(),
    };
    addresses.iter().map(|address| Host::new(Scheme::Http, name(address))).collect()
}

/// Nobody can connect to "all addresses"; this machine is among them.
fn reachable(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(v4) if v4.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(v6) if v6.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    }
}

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

/// Which of the sandbox's addresses a request came in on.
pub(crate) fn host_index(request: &HttpRequest, world: &World) -> HostIndex {
    let port = request.app_config().local_addr().port();
    world.ports.iter().position(|&known| known == port).unwrap_or(usize::MAX)
}
