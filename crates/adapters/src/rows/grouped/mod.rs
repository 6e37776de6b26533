//! Reads in groups: all who ask while a read is under way are answered by the next one.
//!
//! Nothing waits while nothing is under way, so a single caller is not slower. A group is closed before its
//! statement is sent, so every read begins after it was asked for. A caller that goes away drops a receiver.
//! One group is under way, so that the next is as large as can be; beside a slow one, a second. Who waits too long
//! is told so, as who waits for a connection.

use std::error::Error;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use amo_connect_domain::ports::StoreError;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::runtime::Handle;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::time::Instant;

use self::backlog::{Backlog, Counts, LARGEST_GROUP, LONGEST_QUEUE, Waiting, unavailable};
use self::turns::Turns;
use super::failure::{DatabaseError, Failure};

mod backlog;
mod turns;

/// How many read at most. One has the turn; the other takes it beside a slow one.
const READERS: usize = 2;

/// A group that takes longer does not hold up the next. It is many times what a read takes.
const SLOW: Duration = Duration::from_millis(10);

/// How long a caller waits at most until its read begins: as long as for a connection of the pool.
const LONGEST_WAIT: Duration = Duration::from_secs(3);

/// A read that has panicked.
const UNANSWERED: Failure = Failure::Corrupt("a row cannot be read");

/// What is found for each key, in the order of the keys.
pub(crate) type Found<V> = Vec<Result<V, Failure>>;

/// Asks the database for a group of keys.
pub(super) trait Read<K, V>: Fn(Vec<K>) -> BoxFuture<'static, Result<Found<V>, Failure>> + Send + Sync {}

impl<K, V, F> Read<K, V> for F where F: Fn(Vec<K>) -> BoxFuture<'static, Result<Found<V>, Failure>> + Send + Sync {}

/// Reads by a key, in groups. Its clones are one.
pub(super) struct GroupedReads<K, V> {
    queue: mpsc::Sender<Waiting<K, V>>,
    counts: Arc<Counts>,
}

impl<K, V> Clone for GroupedReads<K, V> {
    fn clone(&self) -> Self {
        Self { queue: self.queue.clone(), counts: Arc::clone(&self.counts) }
    }
}

impl<K, V> fmt::Debug for GroupedReads<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GroupedReads").finish_non_exhaustive()
    }
}

/// The times of reads in groups.
#[derive(Clone, Copy)]
struct Times {
    slow: Duration,
    longest_wait: Duration,
}

impl<K: Clone + Send + 'static, V: Send + 'static> GroupedReads<K, V> {
    /// Reads by `read`, in readers that `spawn` starts and that end with the last clone.
    pub(super) fn new(
        runtime: &Handle,
        spawn: impl Fn(BoxFuture<'static, ()>),
        read: impl Read<K, V> + 'static,
    ) -> Self {
        Self::with_times(Times { slow: SLOW, longest_wait: LONGEST_WAIT }, runtime, spawn, read)
    }

    fn with_times(
        times: Times,
        runtime: &Handle,
        spawn: impl Fn(BoxFuture<'static, ()>),
        read: impl Read<K, V> + 'static,
    ) -> Self {
        let (queue, waiting) = mpsc::channel(LONGEST_QUEUE);
        let counts = Arc::<Counts>::default();
        let (waiting, read) = (Arc::new(Mutex::new(Backlog::new(waiting, Arc::clone(&counts)))), Arc::new(read));
        let backlog = Arc::clone(&waiting);
        // A reader that has it waits for callers: nobody waits for a reader.
        let expire = move || backlog.try_lock().is_ok_and(|mut backlog| backlog.expire(times.longest_wait));
        let turns = Turns::new(runtime, times.slow, expire);
        for _ in 0..READERS {
            spawn(Box::pin(answer_groups(Arc::clone(&turns), Arc::clone(&waiting), Arc::clone(&read))));
        }
        Self { queue, counts }
    }

    /// What is stored under `key` now.
    pub(super) async fn get(&self, key: K) -> Result<V, StoreError> {
        let (answer, answered) = oneshot::channel();
        match self.queue.try_send(Waiting { key, since: Instant::now(), answer }) {
            Ok(()) => answered.await.unwrap_or_else(|_| Err(unavailable("the program is stopping"))),
            Err(TrySendError::Full(_)) => Err(unavailable("too many reads wait")),
            Err(TrySendError::Closed(_)) => Err(unavailable("the program is stopping")),
        }
    }

    /// How many callers wait for their read to begin.
    pub(super) fn waiting(&self) -> usize {
        self.counts.waiting(&self.queue)
    }

    /// How many have waited too long, since the start.
    pub(super) fn timeouts(&self) -> u64 {
        self.counts.timeouts()
    }
}

/// Takes all who wait, asks for them, answers them, and so on, while it is this reader's turn.
async fn answer_groups<K: Clone, V>(turns: Arc<Turns>, waiting: Arc<Mutex<Backlog<K, V>>>, read: Arc<impl Read<K, V>>) {
    let mut group = Vec::with_capacity(LARGEST_GROUP);
    while turns.take().await.is_some() {
        loop {
            if !waiting.lock().await.next_group(&mut group).await {
                return turns.close();
            }
            let begun = turns.begin();
            answer(&mut group, &*read).await;
            if !turns.end(begun) {
                break;
            }
        }
    }
}

/// Asks for a group and answers all in it.
async fn answer<K: Clone, V>(group: &mut Vec<Waiting<K, V>>, read: &impl Read<K, V>) {
    group.retain(|waiting| !waiting.answer.is_closed());
    if group.is_empty() {
        return;
    }
    let keys: Vec<K> = group.iter().map(|waiting| waiting.key.clone()).collect();
    let found = match read_once(read, keys.clone()).await {
        Err(Failure::Unavailable(error)) if is_lost_connection(&*error) => read_once(read, keys).await,
        found => found,
    };
    match found {
        Ok(found) => {
            for (waiting, found) in group.drain(..).zip(found) {
                // Nobody is there any more who could be told otherwise.
                let _ = waiting.answer.send(found.map_err(StoreError::from));
            }
        }
        Err(Failure::Unavailable(error)) => {
            let error: Arc<dyn Error + Send + Sync> = Arc::from(error);
            for waiting in group.drain(..) {
                let error = StoreError::Unavailable(Box::new(Shared(Arc::clone(&error))));
                let _ = waiting.answer.send(Err(error));
            }
        }
        // One row may be in the way of all the others.
        Err(Failure::Conflict | Failure::Corrupt(_)) => {
            for waiting in group.drain(..) {
                let found = read_once(read, vec![waiting.key]).await;
                let found = found.and_then(|found| found.into_iter().next().unwrap_or(Err(UNANSWERED)));
                let _ = waiting.answer.send(found.map_err(StoreError::from));
            }
        }
    }
}

/// Asks once. A panic ends this read, and not the task that all readers wait for.
async fn read_once<K, V>(read: &impl Read<K, V>, keys: Vec<K>) -> Result<Found<V>, Failure> {
    AssertUnwindSafe(async { read(keys).await }).catch_unwind().await.unwrap_or(Err(UNANSWERED))
}

/// Whether another connection may serve better.
fn is_lost_connection(error: &(dyn Error + 'static)) -> bool {
    error.downcast_ref::<DatabaseError>().is_some_and(|error| error.is_lost_connection())
}

/// The failure of a group, as each of its callers is told it.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
struct Shared(Arc<dyn Error + Send + Sync>);

#[cfg(test)]
mod tests;
