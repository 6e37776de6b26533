//! The calls that wait in this process: in order of arrival, but for their ranks.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_channel::oneshot;

use super::slot::Slot;
use crate::clock::Instant;
use crate::host::AccountHost;
use crate::ports::AmoError;

/// A store that has not answered for so long is not the limit of calls, but a fault.
const MUTE: Duration = Duration::from_secs(1);

/// Permits of one process that are further apart were put off.
const LONGEST_PACE: Duration = Duration::from_secs(1);

/// What a caller is told when its turn has come, or will not come.
pub(super) type Granted = Result<Slot, AmoError>;

/// Whose turn it may be next. A token request keeps others from their tokens, and a page that
/// others' turns were spent on goes before one that is not begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Priority {
    /// Its turn had come, and was missed.
    Missed,
    Tokens,
    Completing,
    Reading,
}

/// The queues of this process, one for each account that somebody waits for.
#[derive(Debug, Default)]
pub(super) struct Queues {
    queues: Mutex<HashMap<AccountHost, Queue>>,
    /// A place keeps its number when its queue is gone, so no other place may ever have it.
    arrived: AtomicU64,
}

/// Those who wait for one account, and what is known of the next turn.
#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Waiter>,
    /// Since when the store owes us an answer.
    asked: Option<Instant>,
    /// When the turn comes that was asked for last.
    due: Option<Instant>,
    /// How far apart turns are that this process gets, as of late: other instances have theirs.
    apart: Duration,
    /// amoCRM has said something since.
    overtaken: bool,
}

#[derive(Debug)]
struct Waiter {
    number: u64,
    priority: Priority,
    until: Instant,
    told: oneshot::Sender<Granted>,
}

/// A caller's place in a queue. Who drops it goes away.
#[derive(Debug)]
pub(super) struct Place {
    queues: Arc<Queues>,
    account: AccountHost,
    number: u64,
}

/// A place, where its news come in, and whether somebody has to see to this queue from now on.
pub(super) struct Entered {
    pub(super) place: Place,
    pub(super) told: oneshot::Receiver<Granted>,
    pub(super) is_first: bool,
}

impl Queues {
    /// Takes the next place of `priority`, for `longest_wait` from `now`. If the turns before it take
    /// longer than that, none is taken, and the time is given that they take.
    pub(super) fn enter(
        self: &Arc<Self>,
        account: &AccountHost,
        priority: Priority,
        longest_wait: Duration,
        apart: Duration,
        now: Instant,
    ) -> Result<Entered, Duration> {
        let mut queues = self.all();
        let is_first = !queues.contains_key(account);
        let queue = queues.entry(account.clone()).or_default();
        let ahead = queue.waiting.iter().take_while(|waiter| waiter.priority <= priority).count();
        let wait = queue.likely(ahead, apart, now);
        if wait > longest_wait {
            return Err(wait);
        }
        let (sender, told) = oneshot::channel();
        let number = self.arrived.fetch_add(1, Ordering::Relaxed);
        let until = now + longest_wait;
        queue.waiting.insert(ahead, Waiter { number, priority, until, told: sender });
        let place = Place { queues: Arc::clone(self), account: account.clone(), number };
        Ok(Entered { place, told, is_first })
    }

    /// How long the most patient who wait for `account` still do. If nobody does, the queue is
    /// gone, and the next to come is the first.
    pub(super) fn longest_wait(&self, account: &AccountHost, now: Instant) -> Option<Duration> {
        let mut queues = self.all();
        let longest_wait = queues.get(account).and_then(|queue| queue.waiting.iter().map(|waiter| waiter.until).max());
        if longest_wait.is_none() {
            queues.remove(account);
        }
        longest_wait.map(|until| until.since(now))
    }

    /// Somebody is about to ask for a turn. What amoCRM says from now on overtakes it.
    pub(super) fn ask(&self, account: &AccountHost, now: Instant) {
        if let Some(queue) = self.all().get_mut(account) {
            queue.asked = Some(now);
            queue.overtaken = false;
        }
    }

    /// Notes when the turn comes that was asked for.
    pub(super) fn expect(&self, account: &AccountHost, due: Instant) {
        if let Some(queue) = self.all().get_mut(account) {
            queue.asked = None;
            let last = queue.due.replace(due).filter(|last| *last <= due).map(|last| due.since(last));
            // Longer than that is a pause, and no pace.
            if let Some(apart) = last.filter(|apart| *apart <= LONGEST_PACE) {
                queue.apart = if queue.apart.is_zero() { apart } else { (queue.apart * 3 + apart) / 4 };
            }
        }
    }

    /// Notes that the turn that was asked for may not know of amoCRM's last word.
    pub(super) fn overtake(&self, account: &AccountHost) {
        if let Some(queue) = self.all().get_mut(account) {
            queue.overtaken = true;
        }
    }

    pub(super) fn is_overtaken(&self, account: &AccountHost) -> bool {
        self.all().get(account).is_some_and(|queue| queue.overtaken)
    }

    /// Gives `slot` to the first who is still there.
    pub(super) fn give(&self, account: &AccountHost, slot: Slot) {
        let mut told = Ok(slot);
        while let Some(waiter) = self.pop(account) {
            match waiter.told.send(told) {
                Ok(()) => return,
                Err(back) => told = back,
            }
        }
    }

    /// Sends everybody away. `why` is told how long those ahead are likely to take, if turns are
    /// `apart` at least.
    pub(super) fn turn_away(&self, account: &AccountHost, apart: Duration, why: impl Fn(Duration) -> AmoError) {
        let (waiting, apart) = match self.all().get_mut(account) {
            Some(queue) => (std::mem::take(&mut queue.waiting), apart.max(queue.apart)),
            None => return,
        };
        for (ahead, waiter) in (0..).zip(waiting) {
            // Who has gone away already need not be told.
            let _ = waiter.told.send(Err(why(apart.saturating_mul(ahead))));
        }
    }

    /// Drops the queue, and with it everybody's hope.
    pub(super) fn abandon(&self, account: &AccountHost) {
        let abandoned = self.all().remove(account);
        drop(abandoned);
    }

    fn pop(&self, account: &AccountHost) -> Option<Waiter> {
        self.all().get_mut(account)?.waiting.pop_front()
    }

    fn all(&self) -> MutexGuard<'_, HashMap<AccountHost, Queue>> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    /// How long somebody with so many ahead is likely to wait, if turns are `apart` at least.
    fn likely(&self, ahead: usize, apart: Duration, now: Instant) -> Duration {
        let next = self.due.map_or(Duration::ZERO, |due| due.since(now));
        next + apart.max(self.apart).saturating_mul(u32::try_from(ahead).unwrap_or(u32::MAX))
    }
}

impl Place {
    /// Why there was no turn for this place in time.
    pub(super) fn missed(&self, apart: Duration, now: Instant) -> AmoError {
        let queues = self.queues.all();
        let Some(queue) = queues.get(&self.account) else { return AmoError::PermitUnavailable };
        if queue.asked.is_some_and(|asked| now.since(asked) >= MUTE) {
            return AmoError::PermitUnavailable;
        }
        // Who comes back is behind everybody.
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

    #[test]
    fn who_was_told_and_goes_late_takes_nobody_elses_place() {
        let (queues, account, now) =
            (Arc::new(Queues::default()), AccountHost::stored("a.amocrm.ru"), Instant::default());
        let enter = || {
            let entered = queues.enter(&account, Priority::Reading, Duration::from_secs(5), Duration::ZERO, now);
            entered.unwrap_or_else(|wait| panic!("{wait:?}"))
        };
        let early = enter();
        queues.turn_away(&account, Duration::ZERO, |_| AmoError::PermitUnavailable);
        assert_eq!(queues.longest_wait(&account, now), None);
        let mut late = enter();
        assert!(late.is_first);
        drop(early);
        assert!(matches!(late.told.try_recv(), Ok(None)), "it still waits");
        assert_eq!(queues.longest_wait(&account, now), Some(Duration::from_secs(5)));
    }
}
