//! A process whose time passes only when it has nothing to do.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use amo_connect_contract::fixtures::{after, at};
use amo_connect_domain::clock::Instant;
use amo_connect_domain::ports::Runtime;
use async_trait::async_trait;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use tokio::sync::oneshot;

/// A [`Runtime`] on one thread. Its clones are the same one.
#[derive(Clone, Default)]
pub(crate) struct Virtual(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    passed: Duration,
    tasks: Vec<BoxFuture<'static, ()>>,
    sleepers: Vec<(Duration, oneshot::Sender<()>)>,
    oversleeping: Vec<Duration>,
    drawn: u8,
}

#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl Virtual {
    /// Runs `main` to its end, and the tasks as far as they come meanwhile.
    pub(crate) fn run<T>(&self, main: impl Future<Output = T>) -> T {
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(Arc::clone(&woken));
        let mut context = Context::from_waker(&waker);
        let mut main = pin!(main);
        loop {
            woken.0.store(false, Ordering::SeqCst);
            if let Poll::Ready(done) = main.as_mut().poll(&mut context) {
                return done;
            }
            let mut tasks = std::mem::take(&mut self.state().tasks);
            tasks.retain_mut(|task| task.poll_unpin(&mut context).is_pending());
            let spawned = std::mem::replace(&mut self.state().tasks, tasks);
            let idle = spawned.is_empty() && !woken.0.load(Ordering::SeqCst);
            self.state().tasks.extend(spawned);
            if idle {
                self.pass_time();
            }
        }
    }

    /// Moves the clock to the next moment that somebody waits for.
    fn pass_time(&self) {
        let mut state = self.state();
        state.sleepers.retain(|(_, sleeper)| !sleeper.is_closed());
        let next = state.sleepers.iter().enumerate().min_by_key(|(_, (until, _))| *until).map(|(place, _)| place);
        let (until, sleeper) = state.sleepers.remove(next.expect("everybody waits for ever"));
        state.passed = state.passed.max(until);
        sleeper.send(()).unwrap();
    }

    /// How long it has run.
    pub(crate) fn passed(&self) -> Duration {
        self.state().passed
    }

    /// The next sleeps take so much longer than they should, one after the other.
    pub(crate) fn oversleep(&self, by: impl IntoIterator<Item = Duration>) {
        self.state().oversleeping.extend(by);
    }

    /// As if the process died: its tasks end where they are.
    pub(crate) fn kill(&self) {
        let dead = std::mem::take(&mut self.state().tasks);
        std::mem::forget(dead);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}

#[async_trait]
impl Runtime for Virtual {
    fn now(&self) -> Timestamp {
        after(at(0), self.passed())
    }

    fn instant(&self) -> Instant {
        Instant::at(self.passed())
    }

    async fn sleep(&self, duration: Duration) {
        let slept = {
            let mut state = self.state();
            let late = if state.oversleeping.is_empty() { Duration::ZERO } else { state.oversleeping.remove(0) };
            let (sleeper, slept) = oneshot::channel();
            let until = state.passed + duration + late;
            state.sleepers.push((until, sleeper));
            slept
        };
        slept.await.unwrap();
    }

    /// A task that panics ends alone, as on tokio.
    fn spawn(&self, task: BoxFuture<'static, ()>) {
        let task = AssertUnwindSafe(task).catch_unwind().map(drop);
        self.state().tasks.push(task.boxed());
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        let mut state = self.state();
        state.drawn += 1;
        bytes.fill(state.drawn);
    }
}

impl fmt::Debug for Virtual {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Virtual").field("passed", &self.passed()).finish_non_exhaustive()
    }
}
