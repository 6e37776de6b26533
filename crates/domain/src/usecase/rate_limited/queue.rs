//! The queues of this process, one for each account that somebody waits for.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_channel::oneshot;

use super::slot::Slot;
use super::waiters::{Call, Waiter, Waiters};
use crate::clock::Instant;
use crate::host::AccountHost;
use crate::ports::AmoError;
use crate::rate_limit::{Demand, Share};

/// A store that has not answered for so long has failed.
const STORE_TIMEOUT: Duration = Duration::from_secs(1);

/// Reservations of one process that are further apart than this were delayed.
const LONGEST_PACE: Duration = Duration::from_secs(1);

/// What a caller gets: its slot, or the reason why there is none.
pub(super) type Granted = Result<Slot, AmoError>;

/// The queues of this process, one for each account that somebody waits for.
#[derive(Debug, Default)]
pub(super) struct Queues {
    queues: Mutex<HashMap<AccountHost, Queue>>,
    /// A place keeps its number when its queue is gone, so numbers are never used again.
    arrived: AtomicU64,
}

/// The callers that wait for one account, and what is known of the next reservation.
#[derive(Debug, Default)]
struct Queue {
    waiting: Waiters,
    /// When the store was asked, if it has not answered yet.
    asked: Option<Instant>,
    /// When the next turn is due, or the store is asked again.
    due: Option<Instant>,
    /// When the last turn was due.
    last: Option<Instant>,
    /// How far apart the recent reservations of this process are: other instances have theirs.
    apart: Duration,
    /// Whether an outcome was recorded after the store was asked.
    outdated: bool,
}

/// A caller's place in a queue. Dropping it leaves the queue.
#[derive(Debug)]
pub(super) struct Place {
    queues: Arc<Queues>,
    account: AccountHost,
    number: u64,
}

/// A place, its reply, and whether this caller has to start the dispatcher.
pub(super) struct Entered {
    pub(super) place: Place,
    pub(super) granted: oneshot::Receiver<Granted>,
    pub(super) is_first: bool,
}

impl Queues {
    /// Takes a place for `call`, for `longest_wait` from `now`.
    ///
    /// # Errors
    /// How long the calls before it take, if that is longer; then no place is taken.
    pub(super) fn enter(
        self: &Arc<Self>,
        account: &AccountHost,
        call: Call,
        longest_wait: Duration,
        apart: Duration,
        now: Instant,
    ) -> Result<Entered, Duration> {
        let mut queues = self.all();
        let is_first = !queues.contains_key(account);
        let queue = queues.entry(account.clone()).or_default();
        let wait = queue.likely(queue.waiting.turns_before(call), apart, now);
        if wait > longest_wait {
            return Err(wait);
        }
        let (reply, granted) = oneshot::channel();
        let number = self.arrived.fetch_add(1, Ordering::Relaxed);
        queue.waiting.add(Waiter { number, call, until: now + longest_wait, reply });
        let place = Place { queues: Arc::clone(self), account: account.clone(), number };
        Ok(Entered { place, granted, is_first })
    }

    /// The longest time that a caller in the queue of `account` still waits. If none waits, the queue
    /// is removed, and the next caller is the first.
    pub(super) fn longest_wait(&self, account: &AccountHost, now: Instant) -> Option<Duration> {
        let mut queues = self.all();
        let longest_wait = queues.get(account).and_then(|queue| queue.waiting.iter().map(|waiter| waiter.until).max());
        if longest_wait.is_none() {
            queues.remove(account);
        }
        longest_wait.map(|until| until.since(now))
    }

    /// What waits for `account`, asked for by `asker`.
    pub(super) fn demand(&self, account: &AccountHost, asker: u32) -> Demand {
        let waiting = self.all().get(account).map(|queue| queue.waiting.demand()).unwrap_or_default();
        Demand { asker, waiting }
    }

    /// Whether anybody waits for `account`.
    pub(super) fn is_empty(&self, account: &AccountHost) -> bool {
        self.all().get(account).is_none_or(|queue| queue.waiting.is_empty())
    }

    /// The store is about to be asked for a reservation. An outcome that is recorded from now on
    /// makes its answer outdated.
    pub(super) fn ask(&self, account: &AccountHost, now: Instant) {
        if let Some(queue) = self.all().get_mut(account) {
            queue.asked = Some(now);
            queue.outdated = false;
        }
    }

    /// Notes when the reservation is due.
    pub(super) fn expect(&self, account: &AccountHost, due: Instant) {
        if let Some(queue) = self.all().get_mut(account) {
            (queue.asked, queue.due) = (None, Some(due));
            let last = queue.last.replace(due).filter(|last| *last <= due).map(|last| due.since(last));
            // A longer time is a pause, and no pace.
            if let Some(apart) = last.filter(|apart| *apart <= LONGEST_PACE) {
                queue.apart = if queue.apart.is_zero() { apart } else { (queue.apart * 3 + apart) / 4 };
            }
        }
    }

    /// Notes when the store is asked again: nothing is reserved.
    pub(super) fn ask_again(&self, account: &AccountHost, at: Instant) {
        if let Some(queue) = self.all().get_mut(account) {
            (queue.asked, queue.due) = (None, Some(at));
        }
    }

    /// Notes when a turn of a bundle is due. How far these are apart tells nothing of other instances.
    pub(super) fn expect_bundled(&self, account: &AccountHost, due: Instant) {
        if let Some(queue) = self.all().get_mut(account) {
            (queue.due, queue.last) = (Some(due), Some(due));
        }
    }

    /// Notes that the store's answer may not include the newest outcome.
    pub(super) fn mark_outdated(&self, account: &AccountHost) {
        if let Some(queue) = self.all().get_mut(account) {
            queue.outdated = true;
        }
    }

    pub(super) fn is_outdated(&self, account: &AccountHost) -> bool {
        self.all().get(account).is_some_and(|queue| queue.outdated)
    }

    /// Gives `slot` to the first caller of `share` that still waits, or to another one. A turn of a bundle is of no share.
    pub(super) fn give(&self, account: &AccountHost, share: Option<Share>, slot: Slot) {
        let mut granted = Ok(slot);
        while let Some(waiter) = self.pop(account, share) {
            match waiter.reply.send(granted) {
                Ok(()) => return,
                Err(back) => granted = back,
            }
        }
    }

    /// Rejects every caller in the queue. `why` gets the time that the callers ahead are likely to
    /// take, if reservations are `apart` at least.
    pub(super) fn reject_all(&self, account: &AccountHost, apart: Duration, why: impl Fn(Duration) -> AmoError) {
        let (waiting, apart) = match self.all().get_mut(account) {
            Some(queue) => (std::mem::take(&mut *queue.waiting), apart.max(queue.apart)),
            None => return,
        };
        for (ahead, waiter) in (0..).zip(waiting) {
            // The caller may be gone.
            let _ = waiter.reply.send(Err(why(apart.saturating_mul(ahead))));
        }
    }

    /// Drops the queue: every caller in it gets an error.
    pub(super) fn abandon(&self, account: &AccountHost) {
        let abandoned = self.all().remove(account);
        drop(abandoned);
    }

    /// How many callers wait, in all queues.
    pub(super) fn waiting(&self) -> usize {
        self.all().values().map(|queue| queue.waiting.len()).sum()
    }

    fn pop(&self, account: &AccountHost, share: Option<Share>) -> Option<Waiter> {
        self.all().get_mut(account)?.waiting.pop(share)
    }

    fn all(&self) -> MutexGuard<'_, HashMap<AccountHost, Queue>> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    /// How long a caller with so many ahead is likely to wait, if reservations are `apart` at least.
    fn likely(&self, ahead: usize, apart: Duration, now: Instant) -> Duration {
        let next = self.due.map_or(Duration::ZERO, |due| due.since(now));
        next + apart.max(self.apart).saturating_mul(u32::try_from(ahead).unwrap_or(u32::MAX))
    }
}

impl Place {
    /// Why this place got no slot in time.
    pub(super) fn missed(&self, apart: Duration, now: Instant) -> AmoError {
        let queues = self.queues.all();
        let Some(queue) = queues.get(&self.account) else { return AmoError::PermitUnavailable };
        if queue.asked.is_some_and(|asked| now.since(asked) >= STORE_TIMEOUT) {
            return AmoError::PermitUnavailable;
        }
        // A caller that comes back is behind all others.
        AmoError::QueueFull { retry_after: queue.likely(queue.waiting.len(), apart, now) }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(queue) = self.queues.all().get_mut(&self.account) {
            queue.waiting.retain(|waiter| waiter.number != self.number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::usecase::rate_limited::waiters::Order;

    #[test]
    fn a_caller_that_leaves_after_its_reply_removes_no_other_caller() {
        let (queues, account, now) =
            (Arc::new(Queues::default()), AccountHost::stored("a.amocrm.ru"), Instant::default());
        let call = Call { share: Share::Read, order: Order::Arrived, calls: 1 };
        let enter = || {
            let entered = queues.enter(&account, call, Duration::from_secs(5), Duration::ZERO, now);
            entered.unwrap_or_else(|wait| panic!("{wait:?}"))
        };
        let early = enter();
        queues.reject_all(&account, Duration::ZERO, |_| AmoError::PermitUnavailable);
        assert_eq!(queues.longest_wait(&account, now), None);
        let mut late = enter();
        assert!(late.is_first && queues.waiting() == 1);
        drop(early);
        assert!(matches!(late.granted.try_recv(), Ok(None)), "it still waits");
        assert_eq!(queues.longest_wait(&account, now), Some(Duration::from_secs(5)));
    }
}
