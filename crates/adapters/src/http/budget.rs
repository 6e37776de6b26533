//! What calls to a CRM take of this process at one time: sockets, and memory for their answers.
//!
//! Memory comes in three sizes. The first is every call's own. A longer answer waits for one of the places of the next
//! size, and a call waits once for each at most, so none keeps others waiting for what it waits for itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::Loss;
use super::host_calls::{HostCall, HostCalls, HostFull};
use super::host_places::HostPlaces;

/// Bytes of an answer that each call has room for. Answers of the token endpoint, and to writes, are no longer.
pub const SMALL_ANSWER: usize = 64 * 1024;

/// Bytes of a longer answer, as a page of 250 leads is, and how many there are at one time: 64 MB.
const MEDIUM_ANSWER: usize = 1024 * 1024;
const MEDIUM_ANSWERS: usize = 64;

/// How many still longer answers there are at one time. The longest has 10 MB: 40 MB.
const LARGE_ANSWERS: usize = 4;

/// What one host has of these: it may be slow with an answer that it has begun.
const MEDIUM_ANSWERS_OF_A_HOST: usize = MEDIUM_ANSWERS / 4;
const LARGE_ANSWERS_OF_A_HOST: usize = LARGE_ANSWERS / 4;

/// How long an answer waits for room.
const WAIT_FOR_ROOM: Duration = Duration::from_secs(5);

/// What calls may take, and have taken.
#[derive(Debug)]
pub struct CallBudget {
    calls: Arc<Semaphore>,
    most_calls: usize,
    by_host: HostCalls,
    medium: Arc<Semaphore>,
    medium_by_host: HostPlaces,
    large: Arc<Semaphore>,
    large_by_host: HostPlaces,
    wait: Duration,
    refused_calls: AtomicU64,
    refused_to_silent_hosts: AtomicU64,
    refused_answers: AtomicU64,
}

/// How a budget is used, and what it has refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallBudgetUse {
    /// Calls that are under way.
    pub calls: usize,
    /// How many there may be.
    pub most_calls: usize,
    /// Answers of more than [`SMALL_ANSWER`] that are read.
    pub long_answers: usize,
    /// Calls that were not made: too many were under way, of this process or to their host.
    pub refused_calls: u64,
    /// Calls that were not made: their host does not answer those that are under way.
    pub refused_to_silent_hosts: u64,
    /// Answers that were not read to their end.
    pub refused_answers: u64,
}

impl CallBudget {
    /// So many calls at one time, each with a socket.
    pub fn of(most_calls: usize) -> Arc<Self> {
        Self::with(most_calls, WAIT_FOR_ROOM)
    }

    fn with(most_calls: usize, wait: Duration) -> Arc<Self> {
        Arc::new(Self {
            calls: Arc::new(Semaphore::new(most_calls)),
            most_calls,
            by_host: HostCalls::of(most_calls),
            medium: Arc::new(Semaphore::new(MEDIUM_ANSWERS)),
            medium_by_host: HostPlaces::of(MEDIUM_ANSWERS_OF_A_HOST),
            large: Arc::new(Semaphore::new(LARGE_ANSWERS)),
            large_by_host: HostPlaces::of(LARGE_ANSWERS_OF_A_HOST),
            wait,
            refused_calls: AtomicU64::new(0),
            refused_to_silent_hosts: AtomicU64::new(0),
            refused_answers: AtomicU64::new(0),
        })
    }

    /// How it is used.
    pub fn usage(&self) -> CallBudgetUse {
        CallBudgetUse {
            calls: self.most_calls - self.calls.available_permits(),
            most_calls: self.most_calls,
            long_answers: MEDIUM_ANSWERS - self.medium.available_permits(),
            refused_calls: self.refused_calls.load(Ordering::Relaxed),
            refused_to_silent_hosts: self.refused_to_silent_hosts.load(Ordering::Relaxed),
            refused_answers: self.refused_answers.load(Ordering::Relaxed),
        }
    }

    /// A call to `host` that may be made now.
    pub(super) fn begin(self: &Arc<Self>, host: &str) -> Result<Room, Loss> {
        let refused = |count: &AtomicU64, why| {
            count.fetch_add(1, Ordering::Relaxed);
            tracing::warn!(crm.host = host, "a call to the CRM was not made: {why}");
            Loss::NoSocket
        };
        let of_host = self.by_host.begin(host).map_err(|full| match full {
            HostFull::Busy => refused(&self.refused_calls, "too many to this host are under way"),
            HostFull::Silent => refused(&self.refused_to_silent_hosts, "this host does not answer"),
        })?;
        let of_process = Arc::clone(&self.calls).try_acquire_owned().ok();
        let call = of_process.ok_or_else(|| refused(&self.refused_calls, "too many of this process are under way"))?;
        Ok(Room { budget: Arc::clone(self), host: host.to_owned(), _call: call, of_host, medium: None, large: None })
    }
}

/// What one call has of a budget, until it is dropped.
#[derive(Debug)]
pub(super) struct Room {
    budget: Arc<CallBudget>,
    host: String,
    _call: OwnedSemaphorePermit,
    of_host: HostCall,
    medium: Option<Place>,
    large: Option<Place>,
}

/// Room for a long answer: of the host's, and of all.
type Place = [OwnedSemaphorePermit; 2];

impl Room {
    /// The host has answered.
    pub(super) fn answered(&self) {
        self.of_host.answered();
    }

    /// Makes room for an answer of so many bytes.
    pub(super) async fn grow(&mut self, bytes: usize) -> Result<(), Loss> {
        if bytes > SMALL_ANSWER && self.medium.is_none() {
            self.medium = Some(self.wait_for(&self.budget.medium_by_host, &self.budget.medium).await?);
        }
        if bytes > MEDIUM_ANSWER && self.large.is_none() {
            self.large = Some(self.wait_for(&self.budget.large_by_host, &self.budget.large).await?);
        }
        Ok(())
    }

    async fn wait_for(&self, by_host: &HostPlaces, of_all: &Arc<Semaphore>) -> Result<Place, Loss> {
        let place = async {
            // First the host's: whoever waits for that holds nobody else up.
            let of_host = by_host.of_host(&self.host).acquire_owned().await.ok()?;
            Some([of_host, Arc::clone(of_all).acquire_owned().await.ok()?])
        };
        timeout(self.budget.wait, place).await.ok().flatten().ok_or_else(|| {
            self.budget.refused_answers.fetch_add(1, Ordering::Relaxed);
            tracing::warn!("an answer of the CRM's was not read: too many long ones are in memory");
            Loss::NoRoom
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn long_answers_wait_for_each_other_and_no_longer_than_they_may() {
        let budget = CallBudget::with(MEDIUM_ANSWERS + 1, Duration::ZERO);
        let mut rooms = Vec::new();
        for number in 0..MEDIUM_ANSWERS {
            let mut room = budget.begin(&format!("host{number}")).unwrap();
            room.grow(SMALL_ANSWER + 1).await.unwrap();
            rooms.push(room);
        }
        let mut late = budget.begin("late").unwrap();
        assert_eq!(budget.begin("later").err(), Some(Loss::NoSocket));
        late.grow(SMALL_ANSWER).await.unwrap();
        assert_eq!(late.grow(SMALL_ANSWER + 1).await, Err(Loss::NoRoom));
        for room in &mut rooms[..LARGE_ANSWERS] {
            room.grow(MEDIUM_ANSWER + 1).await.unwrap();
        }
        assert_eq!(rooms[LARGE_ANSWERS].grow(MEDIUM_ANSWER + 1).await, Err(Loss::NoRoom));
        assert_eq!(
            budget.usage(),
            CallBudgetUse {
                calls: MEDIUM_ANSWERS + 1,
                most_calls: MEDIUM_ANSWERS + 1,
                long_answers: MEDIUM_ANSWERS,
                refused_calls: 1,
                refused_to_silent_hosts: 0,
                refused_answers: 2
            }
        );
        rooms.clear();
        late.grow(MEDIUM_ANSWER + 1).await.unwrap();
        drop(late);
        assert_eq!((budget.usage().calls, budget.usage().long_answers), (0, 0));
    }

    #[tokio::test]
    async fn a_host_that_is_slow_with_long_answers_leaves_room_for_others() {
        let budget = CallBudget::with(4 * MEDIUM_ANSWERS, Duration::ZERO);
        let mut rooms = Vec::new();
        let mut hold = async |host: &str, bytes: usize| {
            let mut room = budget.begin(host).unwrap();
            let grown = room.grow(bytes).await;
            rooms.push(room);
            grown.is_ok()
        };
        assert!(hold("slow", MEDIUM_ANSWER + 1).await && !hold("slow", MEDIUM_ANSWER + 1).await);
        // Both have one of the first size.
        for number in 2..MEDIUM_ANSWERS_OF_A_HOST {
            assert!(hold("slow", SMALL_ANSWER + 1).await, "{number}");
        }
        assert!(!hold("slow", SMALL_ANSWER + 1).await);
        for host in ["one", "two", "three"] {
            assert!(hold(host, MEDIUM_ANSWER + 1).await, "{host}");
        }
    }
}
