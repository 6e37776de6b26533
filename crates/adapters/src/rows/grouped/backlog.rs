//! Who waits to be read, in their order, and for how long at most.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use amo_connect_domain::ports::StoreError;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::super::failure::{DatabaseError, Failure};

/// The most keys of a group.
pub(super) const LARGEST_GROUP: usize = 64;

/// The most callers that wait.
pub(super) const LONGEST_QUEUE: usize = 4096;

/// A caller whose read has not begun.
pub(super) struct Waiting<K, V> {
    pub(super) key: K,
    pub(super) since: Instant,
    pub(super) answer: oneshot::Sender<Result<V, StoreError>>,
}

/// Counts of a backlog, for who looks at it from outside.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// How many wait that are in the channel no more.
    aside: AtomicUsize,
    timeouts: AtomicU64,
}

impl Counts {
    /// How many wait, of those who asked through `queue`.
    pub(super) fn waiting<T>(&self, queue: &mpsc::Sender<T>) -> usize {
        queue.max_capacity() - queue.capacity() + self.aside.load(Ordering::Relaxed)
    }

    /// How many have waited too long, since the start.
    pub(super) fn timeouts(&self) -> u64 {
        self.timeouts.load(Ordering::Relaxed)
    }
}

/// All who wait.
pub(super) struct Backlog<K, V> {
    queue: mpsc::Receiver<Waiting<K, V>>,
    /// Those who came first, taken out of the channel to see how long they have waited.
    oldest: VecDeque<Waiting<K, V>>,
    counts: Arc<Counts>,
}

impl<K, V> Backlog<K, V> {
    pub(super) fn new(queue: mpsc::Receiver<Waiting<K, V>>, counts: Arc<Counts>) -> Self {
        Self { queue, oldest: VecDeque::new(), counts }
    }

    /// Waits for somebody, and puts the next group into `group`. Returns whether there is one: nobody may ask any more.
    pub(super) async fn next_group(&mut self, group: &mut Vec<Waiting<K, V>>) -> bool {
        group.extend(self.oldest.drain(..self.oldest.len().min(LARGEST_GROUP)));
        self.count_aside();
        if group.is_empty() {
            return self.queue.recv_many(group, LARGEST_GROUP).await > 0;
        }
        while group.len() < LARGEST_GROUP
            && let Ok(waiting) = self.queue.try_recv()
        {
            group.push(waiting);
        }
        true
    }

    /// Tells those who have waited for `longest_wait` that they have. Returns whether anybody still waits.
    pub(super) fn expire(&mut self, longest_wait: Duration) -> bool {
        while self.oldest.len() < LONGEST_QUEUE
            && let Ok(waiting) = self.queue.try_recv()
        {
            self.oldest.push_back(waiting);
        }
        let now = Instant::now();
        while let Some(waiting) = self.oldest.pop_front_if(|waiting| now - waiting.since >= longest_wait) {
            self.counts.timeouts.fetch_add(1, Ordering::Relaxed);
            // Who has gone away hears nothing.
            let _ = waiting.answer.send(Err(unavailable("every connection is busy")));
        }
        self.count_aside();
        !self.oldest.is_empty()
    }

    fn count_aside(&self) {
        self.counts.aside.store(self.oldest.len(), Ordering::Relaxed);
    }
}

/// The failure of who is not read.
pub(super) fn unavailable(why: &'static str) -> StoreError {
    Failure::unavailable(DatabaseError::new(why)).into()
}
