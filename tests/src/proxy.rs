//! The way between a service and its database, which a test can block and cut.

use std::mem;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, Weak};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;
use tokio_postgres::config::{Config, Host};

/// What ends a transaction. Its beginning says `READ COMMITTED`.
const COMMIT: &[u8] = b"COMMIT\0";

/// How much is passed on at a time.
const CHUNK: usize = 16 * 1024;

/// How the way is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Open.
    Open,
    /// What the service says is held back.
    Held,
    /// What the server says after it was told to commit is held back.
    Unconfirmed,
    /// Every connection ends, and each new one at once.
    Cut,
}

/// A TCP port that leads to a PostgreSQL server, as far as the test lets it. Dropping it cuts
/// the way.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    ways: Arc<Ways>,
}

#[derive(Debug)]
struct Ways {
    /// Of the connections that come now.
    current: Mutex<watch::Sender<Way>>,
    /// Of those that were lost.
    lost: Mutex<Vec<watch::Sender<Way>>>,
    talk: Arc<Talk>,
}

/// What is said on all connections.
#[derive(Debug, Default)]
struct Talk {
    /// All that the service said.
    said: Mutex<Vec<u8>>,
    /// Whether the server spoke last.
    answered: AtomicBool,
    /// How often the service spoke after the server had.
    turns: AtomicUsize,
}

impl Talk {
    fn service_says(&self, bytes: &[u8]) {
        self.said.lock().unwrap().extend_from_slice(bytes);
        self.turns.fetch_add(usize::from(self.answered.swap(false, SeqCst)), SeqCst);
    }
}

impl Proxy {
    /// An open way to the server of `url`.
    pub async fn to(url: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let current = Mutex::new(watch::Sender::new(Way::Open));
        let ways = Arc::new(Ways { current, lost: Mutex::default(), talk: Arc::default() });
        tokio::spawn(serve(listener, url.parse().unwrap(), Arc::downgrade(&ways)));
        Self { address, ways }
    }

    /// The address of `database`, by this way.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@{}/{database}?sslmode=disable", self.address)
    }

    /// Makes the way so, for what is under way too.
    pub fn set(&self, way: Way) {
        self.ways.current.lock().unwrap().send_replace(way);
    }

    /// What the service said since this was asked for last, as text.
    pub fn take_said(&self) -> String {
        String::from_utf8_lossy(&mem::take(&mut *self.ways.talk.said.lock().unwrap())).into_owned()
    }

    /// The round trips since this was asked for last, while one connection is used at a time.
    pub fn take_round_trips(&self) -> usize {
        self.ways.talk.turns.swap(0, SeqCst)
    }

    /// Loses the connections that there are, and tells neither side. The way is open for new ones.
    pub fn lose_connections(&self) {
        self.set(Way::Held);
        let before = mem::replace(&mut *self.ways.current.lock().unwrap(), watch::Sender::new(Way::Open));
        self.ways.lost.lock().unwrap().push(before);
    }
}

async fn serve(listener: TcpListener, server: Config, ways: Weak<Ways>) {
    while let Ok((service, _)) = listener.accept().await {
        let Some((way, talk)) =
            ways.upgrade().map(|ways| (ways.current.lock().unwrap().subscribe(), Arc::clone(&ways.talk)))
        else {
            return;
        };
        let server = server.clone();
        tokio::spawn(async move {
            let mut cut = way.clone();
            tokio::select! {
                // An error means that the proxy is gone.
                _ = cut.wait_for(|way| *way == Way::Cut) => {}
                () = lead(service, &server, way, &talk) => {}
            }
        });
    }
}

async fn lead(service: TcpStream, server: &Config, way: watch::Receiver<Way>, talk: &Talk) {
    let port = server.get_ports().first().copied().unwrap_or(5432);
    let (from_service, to_service) = service.into_split();
    match server.get_hosts().first().unwrap() {
        Host::Tcp(host) => {
            let Ok(server) = TcpStream::connect((host.as_str(), port)).await else { return };
            let (from_server, to_server) = server.into_split();
            both(from_service, to_server, from_server, to_service, way, talk).await;
        }
        Host::Unix(folder) => {
            let Ok(server) = UnixStream::connect(folder.join(format!(".s.PGSQL.{port}"))).await else { return };
            let (from_server, to_server) = server.into_split();
            both(from_service, to_server, from_server, to_service, way, talk).await;
        }
    }
}

/// Ends when either side has ended.
async fn both(
    mut from_service: impl AsyncRead + Unpin,
    mut to_server: impl AsyncWrite + Unpin,
    mut from_server: impl AsyncRead + Unpin,
    mut to_service: impl AsyncWrite + Unpin,
    mut way: watch::Receiver<Way>,
    talk: &Talk,
) {
    let mut back = way.clone();
    let committing = AtomicBool::new(false);
    let there = async {
        let mut bytes = vec![0; CHUNK];
        while let Ok(read @ 1..) = from_service.read(&mut bytes).await {
            if !open_again(&mut way, |way| way == Way::Held).await {
                return;
            }
            let commits = bytes[..read].windows(COMMIT.len()).any(|part| part == COMMIT);
            committing.store(commits && *way.borrow() == Way::Unconfirmed, SeqCst);
            talk.service_says(&bytes[..read]);
            if to_server.write_all(&bytes[..read]).await.is_err() {
                return;
            }
        }
    };
    let back = async {
        let mut bytes = vec![0; CHUNK];
        while let Ok(read @ 1..) = from_server.read(&mut bytes).await {
            talk.answered.store(true, SeqCst);
            let passes = open_again(&mut back, |way| way == Way::Unconfirmed && committing.load(SeqCst)).await;
            if !passes || to_service.write_all(&bytes[..read]).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = there => {}
        () = back => {}
    }
}

/// Waits while the way `holds`. `false` if it was cut: what was held back is lost then.
async fn open_again(way: &mut watch::Receiver<Way>, holds: impl Fn(Way) -> bool) -> bool {
    way.wait_for(|way| !holds(*way)).await.is_ok_and(|way| *way != Way::Cut)
}
