//! Running the tasks, one at a time.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, Waker};

use super::{Ending, Sim, Task, TaskId, lock};

/// Runs the tasks of a [`Sim`].
pub(crate) struct Executor {
    sim: Sim,
    tasks: Vec<Option<Task>>,
    ready: Vec<TaskId>,
}

impl Executor {
    pub(crate) fn new(sim: Sim) -> Self {
        Self { sim, tasks: Vec::new(), ready: Vec::new() }
    }

    /// Runs until it is stopped or nothing is left to do. Calls `at` with the time whenever it
    /// has moved. Returns the number of steps.
    pub(crate) fn run(mut self, mut at: impl FnMut(u64)) -> u64 {
        let mut steps = 0;
        loop {
            self.bear();
            self.ready.append(&mut lock(&self.sim.0.woken));
            if self.sim.core().over {
                break;
            }
            if self.ready.is_empty() {
                match self.next_moment() {
                    Some(now) => at(now),
                    None => break,
                }
                continue;
            }
            let index = self.sim.pick(self.ready.len());
            let id = self.ready.swap_remove(index);
            self.step(id);
            self.bury();
            steps += 1;
        }
        // What is dropped now may wake, and even start, what is not run any more.
        self.tasks.clear();
        let born = std::mem::take(&mut self.sim.core().born);
        drop(born);
        steps
    }

    fn bear(&mut self) {
        let born = std::mem::take(&mut self.sim.core().born);
        for task in born {
            self.ready.push(task.id);
            self.tasks.resize_with(self.tasks.len().max(task.id + 1), || None);
            let id = task.id;
            self.tasks[id] = Some(task);
        }
    }

    fn step(&mut self, id: TaskId) {
        let Some(task) = self.tasks[id].as_mut() else { return };
        let Some(mut future) = task.future.take() else { return };
        let waker = Arc::clone(&task.waker);
        waker.queued.store(false, Ordering::Relaxed);
        self.sim.core().current = Some(id);
        let polled = future.as_mut().poll(&mut Context::from_waker(&Waker::from(waker)));
        self.sim.core().current = None;
        match (polled, self.tasks[id].as_mut()) {
            (Poll::Pending, Some(task)) => task.future = Some(future),
            _ => self.tasks[id] = None,
        }
    }

    /// Drops the tasks that were ended.
    fn bury(&mut self) {
        let endings = std::mem::take(&mut self.sim.core().endings);
        if endings.is_empty() {
            return;
        }
        self.bear();
        for ending in endings {
            let mut ended = vec![false; self.tasks.len()];
            for id in 0..self.tasks.len() {
                ended[id] = self.tasks[id].as_ref().is_some_and(|task| match ending {
                    Ending::Of(home) => task.home == home,
                    Ending::WithOffspring(root) => id == root || task.parent.is_some_and(|parent| ended[parent]),
                });
            }
            let dead = ended.iter().enumerate().filter(|(_, ended)| **ended).map(|(id, _)| id);
            let dead: Vec<Option<Task>> = dead.map(|id| self.tasks[id].take()).collect();
            drop(dead);
        }
    }

    /// Moves the time to the next timers, and fires them.
    fn next_moment(&self) -> Option<u64> {
        let mut due = Vec::new();
        let now = {
            let mut core = self.sim.core();
            let (&(now, _), _) = core.timers.first_key_value()?;
            core.now = core.now.max(now);
            while let Some(entry) = core.timers.first_entry() {
                if entry.key().0 > now {
                    break;
                }
                due.push(entry.remove());
            }
            core.now
        };
        due.into_iter().for_each(Waker::wake);
        Some(now)
    }
}
