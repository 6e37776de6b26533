//! The connections of clients: how many there are, and that each has an end.
//!
//! actix-http limits the time of a connection's first head and of its idle times. It does not limit later heads, bodies
//! that nobody reads, and answers that the client does not take, and it goes on to read who does not read. So all limits
//! are here, and actix's are off: [`ClientStream`] tells a [`Connection`] what passes, and the [`Clients`] look at them.

mod connection;
mod ending;
mod stream;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use actix_http::error::DispatchError;
use actix_web::rt::net::TcpStream;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::task::TaskTracker;

pub(crate) use connection::Connection;
pub(crate) use ending::Ending;
pub(super) use stream::ClientStream;

use crate::budgets::STOP_GRACE;

/// How often connections are looked at, and how often in a stop.
const LOOK_EVERY: Duration = Duration::from_secs(1);
const LOOK_IN_A_STOP: Duration = Duration::from_millis(50);

/// One in so many connections gives way at once: to find the oldest takes a look at all.
const PART_THAT_GIVES_WAY: usize = 64;

/// The connections of one listener.
#[derive(Debug)]
pub(crate) struct Clients {
    most: usize,
    idle_timeout: Duration,
    open: Mutex<HashMap<u64, Arc<Connection>>>,
    accepted: AtomicU64,
    ended: [AtomicU64; Ending::ALL.len()],
    /// Each connection that has not been closed.
    tracker: TaskTracker,
}

impl Clients {
    /// At most `most` connections, each of which may be idle for so long.
    pub(super) fn new(most: usize, idle_timeout: Duration) -> Arc<Self> {
        let ended = std::array::from_fn(|_| AtomicU64::new(0));
        let (open, accepted) = (Mutex::default(), AtomicU64::new(0));
        Arc::new(Self { most, idle_timeout, open, accepted, ended, tracker: TaskTracker::new() })
    }

    /// Takes a connection. If there are too many, those give way that have waited for their clients the longest; if none
    /// waits, the new one is given back.
    pub(super) fn admit(self: &Arc<Self>, socket: TcpStream) -> Result<ClientStream, TcpStream> {
        let id = self.accepted.fetch_add(1, Ordering::Relaxed);
        let connection = Arc::new(Connection::new());
        {
            let mut open = self.open();
            if open.len() >= self.most && !make_room(&mut open, self.most / PART_THAT_GIVES_WAY) {
                return Err(socket);
            }
            open.insert(id, Arc::clone(&connection));
        }
        Ok(ClientStream::new(socket, connection, Place { clients: Arc::clone(self), id }, self.tracker.token()))
    }

    /// A connection has ended, or was given back. Tells why, if the service ended it.
    pub(super) fn ended(&self, ending: Option<Ending>, client: Option<IpAddr>) {
        let Some(ending) = ending else { return };
        self.ended[ending as usize].fetch_add(1, Ordering::Relaxed);
        ending.tell(client);
    }

    /// Looks again and again whose time is over.
    pub(super) async fn watch(&self) {
        let mut ticks = interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let now = ticks.tick().await.into_std();
            for connection in self.open().values() {
                if let Some(ending) = connection.overdue(now, self.idle_timeout) {
                    connection.end(ending);
                }
            }
        }
    }

    /// Waits until all connections are closed. Those that wait for their clients are ended after a short while; requests
    /// that are served are waited for.
    pub(super) async fn all_closed(&self) {
        let begun = Instant::now();
        self.tracker.close();
        while timeout(LOOK_IN_A_STOP, self.tracker.wait()).await.is_err() {
            for connection in self.open().values() {
                if connection.waits_since().is_some_and(|since| since.max(begun).elapsed() >= STOP_GRACE) {
                    connection.end(Ending::Stopped);
                }
            }
        }
    }

    /// How many there are, and how many of them wait for their clients.
    pub(crate) fn count(&self) -> (usize, usize) {
        let open = self.open();
        (open.len(), open.values().filter(|connection| connection.waits_since().is_some()).count())
    }

    /// How many there may be.
    pub(crate) fn most(&self) -> usize {
        self.most
    }

    /// How many the service has ended for this reason.
    pub(crate) fn times_ended(&self, ending: Ending) -> u64 {
        self.ended[ending as usize].load(Ordering::Relaxed)
    }

    fn open(&self) -> MutexGuard<'_, HashMap<u64, Arc<Connection>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why the service ended `connection`, as far as it did.
pub(super) fn ending(connection: &Connection, error: Option<&DispatchError>) -> Option<Ending> {
    let is_malformed =
        || error.is_some_and(|error| matches!(error, DispatchError::Parse(_))).then_some(Ending::Malformed);
    connection.ending().or_else(is_malformed)
}

/// Ends those that have waited for their clients the longest, one more than `others`. Whether there was one.
fn make_room(open: &mut HashMap<u64, Arc<Connection>>, others: usize) -> bool {
    let waiting = open.iter().filter_map(|(id, connection)| connection.waits_since().map(|since| (since, *id)));
    let mut waiting: Vec<_> = waiting.collect();
    waiting.sort_unstable();
    waiting.truncate(others + 1);
    for (_, id) in &waiting {
        // Its place is free at once; its descriptor as soon as its task runs.
        if let Some(connection) = open.remove(id) {
            connection.end(Ending::Evicted);
        }
    }
    !waiting.is_empty()
}

/// A connection's place among the others.
#[derive(Debug)]
struct Place {
    clients: Arc<Clients>,
    id: u64,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.clients.open().remove(&self.id);
    }
}
