//! What stands before the web server: it takes TLS connections and hands their bytes on.
//!
//! The web server itself speaks plain HTTP, so that what goes wrong on purpose (answers written
//! past it, cut or reset connections) goes wrong over TLS in the same way.

use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use socket2::SockRef;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Mutex,
    task::{JoinHandle, JoinSet},
    time::timeout,
};
use tokio_rustls::TlsAcceptor;

/// How long a client may take to agree on a connection.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long to wait when the machine gives no further connection, for it has too many.
const SHORTAGE: Duration = Duration::from_millis(100);
/// Bytes that are on their way in one direction.
const BUFFER: usize = 64 * 1024;

/// Takes connections at one port, until it is dropped or stopped.
pub(crate) struct Front {
    task: Mutex<JoinHandle<()>>,
}

impl Front {
    /// Takes the connections of `listener` and hands them on to `server`.
    pub(crate) fn start(listener: StdListener, server: SocketAddr, config: Arc<ServerConfig>) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(listener)?;
        let task = tokio::spawn(take_all(listener, server, TlsAcceptor::from(config)));
        Ok(Self { task: Mutex::new(task) })
    }

    /// Closes all connections and waits until the port is free.
    pub(crate) async fn stop(&self) {
        let mut task = self.task.lock().await;
        task.abort();
        if !task.is_finished() {
            // It ends by being aborted, which counts as a failure.
            let _ = (&mut *task).await;
        }
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.task.get_mut().abort();
    }
}

async fn take_all(listener: TcpListener, server: SocketAddr, acceptor: TlsAcceptor) {
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        match listener.accept().await {
            Ok((client, _)) => drop(connections.spawn(hand_on(client, server, acceptor.clone()))),
            Err(_) => tokio::time::sleep(SHORTAGE).await,
        }
    }
}

/// Carries the bytes of a connection until both sides have closed it. Who does not agree on TLS is
/// not answered.
async fn hand_on(client: TcpStream, server: SocketAddr, acceptor: TlsAcceptor) -> io::Result<()> {
    client.set_nodelay(true)?;
    let mut client = timeout(HANDSHAKE, acceptor.accept(client)).await??;
    let mut server = TcpStream::connect(server).await?;
    server.set_nodelay(true)?;
    let carried = tokio::io::copy_bidirectional_with_sizes(&mut client, &mut server, BUFFER, BUFFER).await;
    if carried.is_err() {
        // One side has reset the connection: the other sees the same.
        for side in [client.get_ref().0, &server] {
            SockRef::from(side).set_linger(Some(Duration::ZERO))?;
        }
    }
    carried.map(drop)
}
