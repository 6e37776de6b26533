//! The ports that the sandbox listens on, and those of the web server behind them where it answers
//! over TLS.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::sync::Arc;

use rustls::ServerConfig;
use tokio::net::TcpSocket;

use crate::{Options, SandboxError, tls::Front};

/// Connections that may wait to be taken.
const BACKLOG: u32 = 1024;

/// Ports that are taken. Nobody answers there yet; dropping them frees them.
pub(crate) struct Ports {
    open: Vec<TcpListener>,
    tls: Option<Tls>,
}

/// One port of the web server for each of those that are open, on this machine alone.
struct Tls {
    config: Arc<ServerConfig>,
    behind: Vec<TcpListener>,
}

impl Ports {
    /// Takes `needed` ports in a row, or free ones.
    pub(crate) fn open(
        options: &Options,
        needed: u16,
        config: Option<Arc<ServerConfig>>,
    ) -> Result<Self, SandboxError> {
        let first = options.amo_bind;
        if !first.ip().is_loopback() && !options.allow_non_loopback {
            return Err(SandboxError::NotLoopback { address: first });
        }
        let port = |offset: u16| match first.port() {
            0 => Some(0),
            port => port.checked_add(offset),
        };
        let open = |offset| {
            let port = port(offset).ok_or(SandboxError::PortsExhausted { first: first.port(), needed })?;
            let address = SocketAddr::new(first.ip(), port);
            bind(address).map_err(|source| SandboxError::Bind { address, first, needed, source })
        };
        let open: Vec<_> = (0..needed).map(open).collect::<Result<_, _>>()?;
        let tls = config.map(|config| {
            let own = SocketAddr::new(loopback_like(first.ip()), 0);
            let behind = open.iter().map(|_| bind(own)).collect::<Result<_, _>>();
            behind.map(|behind| Tls { config, behind }).map_err(SandboxError::Server)
        });
        Ok(Self { open, tls: tls.transpose()? })
    }

    /// The addresses that clients connect to.
    pub(crate) fn addresses(&self) -> Result<Vec<SocketAddr>, SandboxError> {
        addresses(&self.open)
    }

    /// The ports that the web server knows requests by.
    pub(crate) fn of_server(&self) -> Result<Vec<u16>, SandboxError> {
        let of_server = self.tls.as_ref().map_or(&self.open, |tls| &tls.behind);
        Ok(addresses(of_server)?.iter().map(SocketAddr::port).collect())
    }

    /// What the web server listens on, and what hands connections on to it.
    pub(crate) fn ready(self) -> Result<(Vec<TcpListener>, Vec<Front>), SandboxError> {
        let Some(Tls { config, behind }) = self.tls else { return Ok((self.open, Vec::new())) };
        let servers = addresses(&behind)?;
        let front = |(listener, server)| Front::start(listener, server, Arc::clone(&config));
        let fronts: io::Result<_> = self.open.into_iter().zip(servers).map(front).collect();
        Ok((behind, fronts.map_err(SandboxError::Server)?))
    }
}

fn addresses(listeners: &[TcpListener]) -> Result<Vec<SocketAddr>, SandboxError> {
    listeners.iter().map(TcpListener::local_addr).collect::<Result<_, _>>().map_err(SandboxError::Server)
}

/// The loopback address of the same version.
const fn loopback_like(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
    }
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // On Windows this option would let two programs share one port.
    #[cfg(not(windows))]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)?.into_std()
}
