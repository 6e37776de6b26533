//! A single-threaded executor with virtual time, whose next task is drawn from a seed.

mod run;
mod sleep;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Wake, Waker};
use std::time::Duration;

use futures_util::future::BoxFuture;
use rand::rngs::SmallRng;
use rand::{Rng as _, RngExt as _, SeedableRng as _};

pub(crate) use run::Executor;
use sleep::Sleep;

/// Names a task; never used twice.
pub(crate) type TaskId = usize;

/// Whose a task is. It ends with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Home {
    /// The people and machines outside; they do not end.
    Outside,
    /// One life of an instance, from its start to its crash.
    Instance {
        /// Which instance.
        number: usize,
        /// How often it has started before.
        life: u32,
    },
}

/// What a simulation runs on. Its clones are one.
#[derive(Clone)]
pub(crate) struct Sim(Arc<Shared>);

struct Shared {
    core: Mutex<Core>,
    woken: Arc<Mutex<Vec<TaskId>>>,
}

struct Core {
    /// Microseconds since the beginning.
    now: u64,
    timers: BTreeMap<(u64, u64), Waker>,
    timers_set: u64,
    random: SmallRng,
    born: Vec<Task>,
    tasks_born: TaskId,
    /// What was running when each task was started.
    parents: Vec<Option<TaskId>>,
    endings: Vec<Ending>,
    current: Option<TaskId>,
    over: bool,
}

struct Task {
    id: TaskId,
    parent: Option<TaskId>,
    home: Home,
    future: Option<BoxFuture<'static, ()>>,
    waker: Arc<TaskWaker>,
}

enum Ending {
    Of(Home),
    WithOffspring(TaskId),
}

struct TaskWaker {
    id: TaskId,
    queued: AtomicBool,
    woken: Arc<Mutex<Vec<TaskId>>>,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        if !self.queued.swap(true, Ordering::Relaxed) {
            lock(&self.woken).push(self.id);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A duration in the simulation's unit.
pub(crate) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

impl Sim {
    pub(crate) fn seeded(seed: u64) -> Self {
        let core = Core {
            now: 0,
            timers: BTreeMap::new(),
            timers_set: 0,
            random: SmallRng::seed_from_u64(seed),
            born: Vec::new(),
            tasks_born: 0,
            parents: Vec::new(),
            endings: Vec::new(),
            current: None,
            over: false,
        };
        Self(Arc::new(Shared { core: Mutex::new(core), woken: Arc::default() }))
    }

    fn core(&self) -> MutexGuard<'_, Core> {
        lock(&self.0.core)
    }

    /// Microseconds since the beginning.
    pub(crate) fn now(&self) -> u64 {
        self.core().now
    }

    /// Ends after `duration` of virtual time.
    pub(crate) fn sleep(&self, duration: Duration) -> Sleep {
        let until = self.now().saturating_add(micros(duration));
        Sleep::until(self.clone(), until)
    }

    /// Starts a task. Its parent is the task that is running.
    pub(crate) fn spawn(&self, home: Home, future: BoxFuture<'static, ()>) -> TaskId {
        let mut core = self.core();
        let id = core.tasks_born;
        core.tasks_born += 1;
        let waker = Arc::new(TaskWaker { id, queued: AtomicBool::new(true), woken: Arc::clone(&self.0.woken) });
        let parent = core.current;
        core.parents.push(parent);
        core.born.push(Task { id, parent, home, future: Some(future), waker });
        id
    }

    /// The task that is running.
    pub(crate) fn current(&self) -> Option<TaskId> {
        self.core().current
    }

    /// What was running when this task was started.
    pub(crate) fn parent(&self, id: TaskId) -> Option<TaskId> {
        self.core().parents.get(id).copied().flatten()
    }

    /// Ends all tasks of `home` where they are.
    pub(crate) fn end(&self, home: Home) {
        self.core().endings.push(Ending::Of(home));
    }

    /// Ends a task, and all that it started.
    pub(crate) fn end_task(&self, id: TaskId) {
        self.core().endings.push(Ending::WithOffspring(id));
    }

    /// Ends the whole run.
    pub(crate) fn stop(&self) {
        self.core().over = true;
    }

    /// Whether an event of this probability happens.
    pub(crate) fn chance(&self, probability: f64) -> bool {
        probability > 0.0 && self.core().random.random_bool(probability.min(1.0))
    }

    /// One of the numbers below `count`.
    pub(crate) fn pick(&self, count: usize) -> usize {
        self.core().random.random_range(0..count.max(1))
    }

    /// A duration between the two, both in milliseconds.
    pub(crate) fn millis(&self, least: u64, most: u64) -> Duration {
        Duration::from_micros(self.core().random.random_range(least * 1_000..=most.max(least) * 1_000))
    }

    pub(crate) fn fill(&self, bytes: &mut [u8]) {
        self.core().random.fill_bytes(bytes);
    }
}

impl fmt::Debug for Sim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sim").field("now", &self.now()).finish_non_exhaustive()
    }
}
