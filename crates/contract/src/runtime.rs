//! The process's resources for tests: a clock that is set, tasks that are counted, seeded randomness.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use amo_connect_domain::clock::{self, Instant};
use amo_connect_domain::ports::Runtime;
use async_trait::async_trait;
use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use rand::rngs::ChaCha20Rng;
use rand::{Rng as _, SeedableRng as _};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio_util::task::TaskTracker;

/// A [`Runtime`] whose clock stands still until a test moves it, on tokio and with a seed.
///
/// A sleep ends after its time on tokio's clock, or as soon as the test has moved this one so
/// far: nobody waits for what a test wants to have happened.
pub struct TestRuntime {
    clock: watch::Sender<Clock>,
    tasks: TaskTracker,
    tokio: Handle,
    random: Mutex<ChaCha20Rng>,
}

/// What the two clocks of a process show.
#[derive(Clone, Copy)]
struct Clock {
    now: Timestamp,
    instant: Instant,
}

impl TestRuntime {
    /// A runtime whose clock shows `now`, on the tokio runtime it is called in.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn at(now: Timestamp) -> Self {
        Self::seeded(now, 0)
    }

    /// The same with a seed of the test's choosing.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn seeded(now: Timestamp, seed: u64) -> Self {
        Self {
            clock: watch::Sender::new(Clock { now, instant: Instant::default() }),
            tasks: TaskTracker::new(),
            tokio: Handle::current(),
            random: Mutex::new(ChaCha20Rng::seed_from_u64(seed)),
        }
    }

    /// Lets time pass, and ends the sleeps that are over by it.
    pub fn advance(&self, by: Duration) {
        self.clock.send_modify(|clock| {
            clock.now = clock::after(clock.now, by);
            clock.instant = clock.instant + by;
        });
    }

    /// Lets time pass until the clock shows `now`.
    pub fn set(&self, now: Timestamp) {
        self.advance(clock::left(now, self.now()));
        self.clock.send_modify(|clock| clock.now = now);
    }

    /// Sets the clock forward or back, though no time has passed.
    pub fn jump(&self, by: SignedDuration) {
        self.clock.send_modify(|clock| clock.now = clock.now.saturating_add(by).unwrap_or(clock.now));
    }

    /// How many spawned tasks have not ended.
    pub fn tasks(&self) -> usize {
        self.tasks.len()
    }

    /// Ends when every spawned task has ended, as an orderly stop of the process waits for them.
    pub async fn idle(&self) {
        self.tasks.close();
        self.tasks.wait().await;
        self.tasks.reopen();
    }
}

#[async_trait]
impl Runtime for TestRuntime {
    fn now(&self) -> Timestamp {
        self.clock.borrow().now
    }

    fn instant(&self) -> Instant {
        self.clock.borrow().instant
    }

    async fn sleep(&self, duration: Duration) {
        let until = self.instant() + duration;
        let mut clock = self.clock.subscribe();
        tokio::select! {
            () = tokio::time::sleep(duration) => {}
            _ = clock.wait_for(|clock| clock.instant >= until) => {}
        }
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) {
        self.tasks.spawn_on(task, &self.tokio);
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        self.random.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(bytes);
    }
}

impl fmt::Debug for TestRuntime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestRuntime").field("now", &self.now()).finish_non_exhaustive()
    }
}
