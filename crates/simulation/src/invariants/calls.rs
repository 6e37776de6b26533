//! The calls of use cases: each ends in time, or with its instance.

use super::{Checker, Invariant};
use crate::executor::{Home, TaskId};

/// The number of a call.
pub(crate) type CallId = usize;

/// A call of a use case.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call {
    what: &'static str,
    /// The task that was started for it.
    task: Option<TaskId>,
    /// The task that runs it, and when it was asked for; `None` before and after.
    running: Option<(Home, TaskId, u64)>,
    /// When its first store call was done.
    pub(super) store_asked_at: Option<u64>,
    /// How long its store calls took.
    in_store: u64,
}

impl Checker {
    /// Somebody is about to make a call.
    pub(crate) fn call_planned(&mut self, what: &'static str) -> CallId {
        self.calls.push(Call { what, task: None, running: None, store_asked_at: None, in_store: 0 });
        self.calls.len() - 1
    }

    pub(crate) fn call_begun(&mut self, call: CallId, home: Home, task: TaskId, now: u64) {
        self.calls[call].task = Some(task);
        self.calls[call].running = Some((home, task, now));
    }

    /// The call that `task` was started for, also if its caller has heard by now.
    pub(super) fn call_by(&self, task: TaskId) -> Option<CallId> {
        self.calls.iter().rposition(|call| call.task == Some(task))
    }

    fn call_of(&mut self, task: Option<TaskId>) -> Option<&mut Call> {
        let of_task = |call: &&mut Call| call.running.is_some_and(|(_, running, _)| Some(running) == task);
        self.calls.iter_mut().rev().find(of_task)
    }

    /// The store did something for `task`.
    pub(crate) fn store_called(&mut self, task: Option<TaskId>, now: u64) {
        if let Some(call) = self.call_of(task) {
            call.store_asked_at.get_or_insert(now);
        }
    }

    /// `task` has waited so long for the store.
    pub(crate) fn waited_for_store(&mut self, task: Option<TaskId>, lasted: u64) {
        if let Some(call) = self.call_of(task) {
            call.in_store += lasted;
        }
    }

    /// A call ended. It may take `limit`, plus the time of its store calls.
    pub(crate) fn call_ended(&mut self, call: CallId, limit: u64, now: u64) {
        let Some((_, _, since)) = self.calls[call].running.take() else { return };
        let Call { what, in_store, .. } = self.calls[call];
        let (took, limit) = (now - since, limit.saturating_add(in_store));
        if took > limit {
            self.accuse(Invariant::EndlessWait, || format!("{what} took {took} µs, and may take {limit} µs"));
        }
    }

    /// An instance died, and its calls with it.
    pub(super) fn calls_died(&mut self, home: Home) {
        let of_home = |call: &&mut Call| call.running.is_some_and(|(running, _, _)| running == home);
        self.calls.iter_mut().filter(of_home).for_each(|call| call.running = None);
    }

    /// Whether every call has ended.
    pub(crate) fn check_calls(&mut self) {
        if let Some(call) = self.calls.iter().find(|call| call.running.is_some()) {
            let what = call.what;
            self.accuse(Invariant::EndlessWait, || format!("{what} never ended"));
        }
    }
}
