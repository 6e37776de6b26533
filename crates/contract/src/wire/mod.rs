//! [`CrmServer`]: the CRM's side of the wire, for harnesses of clients that speak HTTP.

mod amo;
mod answer;
mod dialect;
mod request;

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use amo_connect_domain::host::AccountHost;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinHandle;

use crate::fake::{Asked, Reply};
pub use amo::Integration;
pub use dialect::{Dialect, Words};
pub use request::Request;

use answer::Answer;

/// A small HTTP server on loopback that answers as it is told, writes down what it is asked,
/// and is gone when it is dropped. A request without an answer laid ready is closed on. A
/// connection over which a read was answered well is kept, unless the client wants it closed.
pub struct CrmServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    listener: Mutex<Listener>,
}

/// What the servers of one CRM share.
#[derive(Default)]
struct Journal {
    script: Mutex<VecDeque<Reply>>,
    asked: Mutex<Vec<Asked>>,
}

/// What the connections share.
struct Shared {
    dialect: Box<dyn Dialect>,
    host: AccountHost,
    journal: Arc<Journal>,
    /// How often all connections were lost: one that is older than the last time is dead.
    losses: AtomicUsize,
}

enum Listener {
    Open(JoinHandle<()>),
    /// Nobody listens, but the port stays ours.
    Closed(TcpSocket),
}

impl CrmServer {
    /// Starts a CRM that speaks so, as an [`Integration`] does.
    pub async fn start(dialect: impl Dialect) -> io::Result<Self> {
        Self::open_with(dialect, Arc::default()).await
    }

    /// Starts another server of the same CRM, as for its tokens. Both answer from one script and write
    /// down what they are asked in one list.
    pub async fn beside(&self, dialect: impl Dialect) -> io::Result<Self> {
        Self::open_with(dialect, Arc::clone(&self.shared.journal)).await
    }

    async fn open_with(dialect: impl Dialect, journal: Arc<Journal>) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let host = AccountHost::stored(address.to_string());
        let dialect = Box::new(dialect);
        let shared = Arc::new(Shared { dialect, host, journal, losses: AtomicUsize::default() });
        let listener = Mutex::new(Listener::Open(accept(listener, Arc::clone(&shared))));
        Ok(Self { address, shared, listener })
    }

    /// Where it answers: a loopback address with its port, over `http`.
    pub fn host(&self) -> AccountHost {
        self.shared.host.clone()
    }

    /// Everything that has reached it, in order.
    pub fn asked(&self) -> Vec<Asked> {
        lock(&self.shared.journal.asked).clone()
    }

    /// Lays an answer ready for the next request. [`Reply::Unreachable`] closes the port until
    /// the next answer is laid ready.
    pub async fn will(&self, reply: Reply) -> io::Result<()> {
        if reply != Reply::Unreachable {
            lock(&self.shared.journal.script).push_back(reply);
            return self.open();
        }
        self.close().await
    }

    /// Closes the port, until the next answer is laid ready or it is [opened](Self::open).
    pub async fn close(&self) -> io::Result<()> {
        let listening = match &mut *lock(&self.listener) {
            Listener::Open(listening) => {
                listening.abort();
                std::mem::replace(listening, tokio::spawn(async {}))
            }
            Listener::Closed(_) => return Ok(()),
        };
        self.shared.lose_connections();
        // Aborted: what is awaited is that the listener is gone.
        let _ = listening.await;
        let socket = TcpSocket::new_v4()?;
        socket.set_reuseaddr(true)?;
        socket.bind(self.address)?;
        *lock(&self.listener) = Listener::Closed(socket);
        Ok(())
    }

    /// Opens the port again, if it is closed.
    pub fn open(&self) -> io::Result<()> {
        let mut opened = lock(&self.listener);
        if let Listener::Closed(_) = &*opened
            && let Listener::Closed(socket) = std::mem::replace(&mut *opened, Listener::Open(tokio::spawn(async {})))
        {
            *opened = Listener::Open(accept(socket.listen(16)?, Arc::clone(&self.shared)));
        }
        Ok(())
    }
}

impl Drop for CrmServer {
    fn drop(&mut self) {
        if let Listener::Open(listening) = &*lock(&self.listener) {
            listening.abort();
        }
    }
}

fn accept(listener: TcpListener, shared: Arc<Shared>) -> JoinHandle<()> {
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let shared = Arc::clone(&shared);
            // A client that goes away ends its connection, and no more.
            tokio::spawn(async move { drop(shared.serve(socket).await) });
        }
    })
}

impl Shared {
    fn lose_connections(&self) {
        self.losses.fetch_add(1, Ordering::SeqCst);
    }

    /// Answers request by request.
    async fn serve(&self, mut socket: TcpStream) -> io::Result<()> {
        let losses = self.losses.load(Ordering::SeqCst);
        while let Some(request) = Request::read(&mut socket).await? {
            if losses < self.losses.load(Ordering::SeqCst) || !self.answer(&request, &mut socket).await? {
                break;
            }
        }
        socket.shutdown().await
    }

    /// Whether another request may come over this connection.
    async fn answer(&self, request: &Request, socket: &mut TcpStream) -> io::Result<bool> {
        let understood = match request.header("host") {
            Some(named) if named == self.host.as_str() => self.dialect.understand(request, &self.host),
            _ => Err("it names another host"),
        };
        let asked = understood.unwrap_or_else(|why| Asked::Unintelligible { host: self.host.clone(), why });
        lock(&self.journal.asked).push(asked.clone());
        let reply = match asked {
            Asked::Unintelligible { .. } => Some(Reply::OddRefusal),
            _ => lock(&self.journal.script).pop_front(),
        };
        if reply == Some(Reply::KeptConnectionsLost) {
            self.lose_connections();
        }
        match reply.map(|reply| Answer::to(&asked, &reply.to(&asked), &*self.dialect)) {
            None => {}
            Some(Answer::Whole(bytes)) => socket.write_all(&bytes).await?,
            Some(Answer::Kept(bytes)) => {
                socket.write_all(&bytes).await?;
                return Ok(request.header("connection") != Some("close"));
            }
            Some(Answer::Reset(bytes)) => {
                socket.write_all(&bytes).await?;
                // Dropped without a farewell.
                socket.set_zero_linger()?;
                return Err(io::ErrorKind::ConnectionReset.into());
            }
            Some(Answer::Open(bytes)) => {
                socket.write_all(&bytes).await?;
                // Until the client has had enough.
                socket.read_to_end(&mut Vec::new()).await?;
            }
            Some(Answer::Endless(head)) => {
                socket.write_all(&head).await?;
                let chunk = [b"4000\r\n".as_slice(), &[b' '; 0x4000], b"\r\n"].concat();
                while socket.write_all(&chunk).await.is_ok() {}
            }
        }
        Ok(false)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
