//! One connection of a client: what it waits for, and since when.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Context;
use std::time::{Duration, Instant};

use futures_util::task::AtomicWaker;

use super::ending::Ending;
use crate::budgets::{ANSWER_PART, ANSWER_TIMEOUT, READ_AHEAD, REQUEST_TIMEOUT};

/// A connection, as those see it who share it: its stream, the request that is served, and who ends it.
#[derive(Debug)]
pub(crate) struct Connection {
    state: Mutex<State>,
    /// The task that the connection is served by.
    task: AtomicWaker,
}

/// What is expected next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// A request.
    Idle,
    /// The rest of a head, or of a body that nobody reads.
    Request,
    /// The rest of a body that somebody reads, and waits for no longer than it says there.
    Body,
    /// Our answer.
    Serving,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    since: Instant,
    /// Since when a part of an answer waits for its client.
    blocked: Option<Instant>,
    /// Bytes that the client has taken of it since then.
    taken: usize,
    /// Bytes that were read in this phase.
    read: usize,
    /// The stream was not read though there may be something to read.
    owes_read: bool,
    ending: Option<Ending>,
}

impl Connection {
    pub(super) fn new() -> Self {
        let state = State {
            phase: Phase::Idle,
            since: Instant::now(),
            blocked: None,
            taken: 0,
            read: 0,
            owes_read: false,
            ending: None,
        };
        Self { state: Mutex::new(state), task: AtomicWaker::new() }
    }

    /// A request of it is served until what this returns is dropped.
    pub(in crate::server) fn serve(&self) -> Left<'_> {
        self.enter(Phase::Serving);
        Left { connection: self, to: Phase::Idle }
    }

    /// The body of the request that is served is waited for until what this returns is dropped.
    pub(crate) fn receive_body(&self) -> Left<'_> {
        self.enter(Phase::Body);
        Left { connection: self, to: Phase::Serving }
    }

    fn enter(&self, phase: Phase) {
        let mut state = self.state();
        (state.phase, state.since, state.read) = (phase, Instant::now(), 0);
        self.read_again(state);
    }

    /// Reads what was left for later.
    fn read_again(&self, mut state: MutexGuard<'_, State>) {
        if std::mem::take(&mut state.owes_read) {
            drop(state);
            self.task.wake();
        }
    }

    /// Whether it may go on, in the task that it is served by.
    pub(super) fn check(&self, context: &Context<'_>) -> io::Result<()> {
        self.task.register(context.waker());
        if self.state().ending.is_some() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(()) }
    }

    /// Whether the stream may be read. A client that does not take its answers makes no more requests, and what comes
    /// while one is served is not kept without an end. Who is told no is woken when it may.
    pub(super) fn may_read(&self) -> bool {
        let mut state = self.state();
        let is_full = state.phase == Phase::Serving && state.read >= READ_AHEAD;
        state.owes_read = state.blocked.is_some() || is_full;
        !state.owes_read
    }

    /// So many bytes were read.
    pub(super) fn has_read(&self, bytes: usize) {
        let mut state = self.state();
        state.read += bytes;
        if state.phase == Phase::Idle {
            (state.phase, state.since) = (Phase::Request, Instant::now());
        }
    }

    /// The client takes nothing at the moment.
    pub(super) fn is_blocked(&self) {
        let mut state = self.state();
        if state.blocked.is_none() {
            (state.blocked, state.taken) = (Some(Instant::now()), 0);
        }
    }

    /// The client takes so many bytes. `is_all`: nothing else is there to be written.
    pub(super) fn has_written(&self, bytes: usize, is_all: bool) {
        let mut state = self.state();
        if !is_all {
            state.taken += bytes;
            if state.blocked.is_some() && state.taken >= ANSWER_PART {
                (state.blocked, state.taken) = (Some(Instant::now()), 0);
            }
            return;
        }
        if state.phase == Phase::Idle {
            state.since = Instant::now();
        }
        if state.blocked.take().is_some() {
            self.read_again(state);
        }
    }

    /// Since when it waits for its client; `None` if the client waits for us.
    pub(super) fn waits_since(&self) -> Option<Instant> {
        let state = self.state();
        state.blocked.or((state.phase != Phase::Serving).then_some(state.since))
    }

    /// Whether its time is over, where an idle one has `idle`.
    pub(super) fn overdue(&self, now: Instant, idle: Duration) -> Option<Ending> {
        let state = self.state();
        let is_over = |since: Instant, limit| now.saturating_duration_since(since) >= limit;
        match state.phase {
            _ if state.blocked.is_some_and(|blocked| is_over(blocked, ANSWER_TIMEOUT)) => Some(Ending::UnreadAnswer),
            Phase::Idle if state.blocked.is_none() && is_over(state.since, idle) => Some(Ending::Idle),
            Phase::Request if is_over(state.since, REQUEST_TIMEOUT) => Some(Ending::SlowRequest),
            Phase::Idle | Phase::Request | Phase::Body | Phase::Serving => None,
        }
    }

    /// Ends it: its task does nothing more than that.
    pub(super) fn end(&self, ending: Ending) {
        self.state().ending.get_or_insert(ending);
        self.task.wake();
    }

    /// Why it was ended, if it was.
    pub(super) fn ending(&self) -> Option<Ending> {
        self.state().ending
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is waited for. Dropping it goes on to what comes then.
#[derive(Debug)]
pub(crate) struct Left<'a> {
    connection: &'a Connection,
    to: Phase,
}

impl Drop for Left<'_> {
    fn drop(&mut self) {
        self.connection.enter(self.to);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDLE: Duration = Duration::from_secs(75);

    fn in_(seconds: u64) -> Instant {
        Instant::now() + Duration::from_secs(seconds)
    }

    #[test]
    fn each_wait_for_a_client_has_a_limit_and_our_own_work_has_none() {
        let connection = Connection::new();
        assert_eq!(connection.overdue(in_(74), IDLE), None);
        assert_eq!(connection.overdue(in_(76), IDLE), Some(Ending::Idle));

        connection.has_read(1);
        assert_eq!(connection.overdue(in_(9), IDLE), None);
        assert_eq!(connection.overdue(in_(11), IDLE), Some(Ending::SlowRequest));

        let served = connection.serve();
        assert_eq!((connection.overdue(in_(1000), IDLE), connection.waits_since()), (None, None));
        let body = connection.receive_body();
        assert!(connection.waits_since().is_some());
        drop(body);
        drop(served);
        assert_eq!(connection.overdue(in_(76), IDLE), Some(Ending::Idle));

        connection.is_blocked();
        assert_eq!(connection.overdue(in_(29), IDLE), None);
        assert_eq!(connection.overdue(in_(31), IDLE), Some(Ending::UnreadAnswer));
        connection.has_written(1, true);
        assert_eq!(connection.overdue(in_(31), IDLE), None);
    }

    #[test]
    fn a_client_who_takes_a_long_answer_slowly_is_waited_for_and_one_who_takes_next_to_nothing_is_not() {
        let connection = Connection::new();
        let _served = connection.serve();
        connection.is_blocked();
        let begun = connection.waits_since().unwrap();
        connection.has_written(ANSWER_PART - 1, false);
        assert_eq!(connection.waits_since(), Some(begun), "less than a part");
        connection.is_blocked();
        connection.has_written(1, false);
        let again = connection.waits_since().unwrap();
        assert!(again > begun);
        connection.is_blocked();
        assert_eq!(connection.waits_since(), Some(again), "the next part has a time of its own");
    }

    #[test]
    fn a_client_who_takes_no_answers_or_sends_too_much_is_read_later() {
        let connection = Connection::new();
        assert!(connection.may_read());
        connection.is_blocked();
        assert!(!connection.may_read());
        connection.has_written(1, true);
        assert!(connection.may_read());

        let served = connection.serve();
        connection.has_read(READ_AHEAD);
        assert!(!connection.may_read());
        drop(connection.receive_body());
        assert!(connection.may_read(), "the body is read by somebody");
        drop(served);
        assert!(connection.may_read());
    }
}
