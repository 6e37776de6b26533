//! Writes in groups: callers who wait share one commit.
//!
//! One thread writes at a time. It takes all who wait, runs their work in one transaction, commits, and only then
//! tells them. It waits for nobody, so a single caller is not slower. A caller puts its work into a queue and
//! waits for a one-shot answer; if it goes away, the work ends all the same.

mod commit_marker;
mod group;
mod member;
mod queue;
#[cfg(test)]
mod tests;

use std::fmt;
use std::mem;
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::timeout;

use super::clock::StoreClock;
use super::file::Identity;
use crate::backend::PoolStatus;
use crate::cipher::TokenKeys;
use crate::rows::{DatabaseError, Failure, Work, Write};
use group::{Answers, WriteConnection};
use member::Call;
use queue::Queue;

/// Writes to a SQLite file.
pub(super) struct Writer {
    pub(super) path: String,
    pub(super) file: Identity,
    pub(super) keys: Arc<TokenKeys>,
    pub(super) clock: StoreClock,
    /// How long another's lock is waited for, and how long a caller waits for its turn.
    pub(super) busy_timeout: Duration,
    pub(super) runtime: Handle,
    pub(super) group_end: GroupEnd,
    pub(super) state: Mutex<State>,
}

/// When and how a group ends; a test may have it otherwise.
#[derive(Clone)]
pub(super) struct GroupEnd {
    /// How long members work until the group is committed without the rest, who are in the next one.
    pub(super) longest_work: Duration,
    /// Gives the statement that commits.
    pub(super) commit: Arc<dyn Fn() -> &'static str + Send + Sync>,
}

impl Default for GroupEnd {
    fn default() -> Self {
        Self { longest_work: Duration::from_millis(5), commit: Arc::new(|| "COMMIT") }
    }
}

/// What all callers share.
#[derive(Default)]
pub(super) struct State {
    queue: Queue,
    activity: Activity,
    /// How many callers waited too long.
    timeouts: u64,
}

/// Whether somebody writes.
enum Activity {
    /// Nobody, since nobody waits. The connection is kept for the next.
    Idle(Option<WriteConnection>),
    /// One thread does.
    Writing,
}

impl Default for Activity {
    fn default() -> Self {
        Self::Idle(None)
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").finish_non_exhaustive()
    }
}

impl Writer {
    /// Runs `work` in a transaction.
    pub(super) async fn write<T, W>(self: &Arc<Self>, write: Write, work: W) -> Result<T, Failure>
    where
        T: Send + 'static,
        W: Work<T>,
    {
        let (call, mut answered) = Call::new(work);
        let ticket = self.state().queue.push(write, Box::new(call)).map_err(Failure::unavailable)?;
        self.begin();
        let waiting = {
            // The caller may be on a runtime without a clock.
            let _runtime = self.runtime.enter();
            timeout(self.busy_timeout, &mut answered)
        };
        let answer = match waiting.await {
            Ok(answer) => answer,
            Err(_) if self.withdraw(ticket) => {
                return Err(Failure::unavailable(DatabaseError::new("every connection is busy")));
            }
            // It has begun, so it ends.
            Err(_) => answered.await,
        };
        match answer {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(panic)) => resume_unwind(panic),
            Err(_) => Err(Failure::unavailable(DatabaseError::new("the program is stopping"))),
        }
    }

    /// How it is used now, as a pool of one connection.
    pub(super) fn status(&self) -> PoolStatus {
        let state = self.state();
        let (in_use, idle) = match &state.activity {
            Activity::Idle(kept) => (0, usize::from(kept.as_ref().is_some_and(|kept| kept.connection.is_some()))),
            Activity::Writing => (1, 0),
        };
        PoolStatus { name: "writer", size: 1, in_use, idle, waiting: state.queue.len(), timeouts: state.timeouts }
    }

    /// Has a thread write, if none does.
    fn begin(self: &Arc<Self>) {
        let kept = match mem::replace(&mut self.state().activity, Activity::Writing) {
            Activity::Idle(kept) => kept,
            Activity::Writing => return,
        };
        let kept = kept.unwrap_or_else(WriteConnection::new);
        let run = Run { writer: Arc::clone(self), kept: Some(kept) };
        // A runtime that has ended drops it at once.
        self.runtime.spawn_blocking(move || run.write_groups());
    }

    /// Takes work out that has not begun, for a caller that has waited too long.
    fn withdraw(&self, ticket: u64) -> bool {
        let mut state = self.state();
        let withdrawn = state.queue.withdraw(ticket);
        state.timeouts += u64::from(withdrawn.is_some());
        // Its work may own what takes locks.
        drop(state);
        withdrawn.is_some()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A thread that writes until nobody waits.
struct Run {
    writer: Arc<Writer>,
    /// `None` once it is given back.
    kept: Option<WriteConnection>,
}

impl Run {
    /// Writes until nobody waits.
    fn write_groups(mut self) {
        let runtime = self.writer.runtime.clone();
        let mut answers = Answers::default();
        while let Some(kept) = &mut self.kept {
            let mut state = self.writer.state();
            let group = state.queue.next_group();
            if group.is_empty() {
                // Whoever hears, and drops the store then, has closed its connections.
                state.activity = Activity::Idle(self.kept.take());
                break;
            }
            drop(state);
            mem::take(&mut answers).tell();
            answers = runtime.block_on(group::write(&self.writer, kept, group));
        }
        drop(self);
        answers.tell();
    }
}

impl Drop for Run {
    /// The runtime ends, or this thread panicked: nobody will write what waits now.
    fn drop(&mut self) {
        if self.kept.is_some() {
            let mut state = self.writer.state();
            state.activity = Activity::default();
            let unanswered = mem::take(&mut state.queue);
            drop(state);
            drop(unanswered);
        }
    }
}
