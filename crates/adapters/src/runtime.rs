//! The process's own resources, on tokio.

use std::time::Duration;

use amo_connect_domain::clock::Instant;
use amo_connect_domain::ports::Runtime;
use async_trait::async_trait;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use rustix::time::{ClockId, clock_gettime};
use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

/// A clock that nobody can set, and that goes on while the machine is suspended. (Apple's
/// monotonic clock does; elsewhere such a clock is not to be had by this name.)
#[cfg(target_os = "linux")]
const PROCESS_CLOCK: ClockId = ClockId::Boottime;
#[cfg(not(target_os = "linux"))]
const PROCESS_CLOCK: ClockId = ClockId::Monotonic;

/// What [`PROCESS_CLOCK`] shows.
pub(crate) fn process_clock() -> Duration {
    let time = clock_gettime(PROCESS_CLOCK);
    let whole = Duration::from_secs(time.tv_sec.try_into().unwrap_or_default());
    whole + Duration::from_nanos(time.tv_nsec.try_into().unwrap_or_default())
}

/// tokio's clock and tasks, and the operating system's randomness.
#[derive(Debug)]
pub struct TokioRuntime {
    handle: Handle,
    tasks: TaskTracker,
}

impl TokioRuntime {
    /// Runs tasks on `handle`, and counts them in `tasks` for a shutdown to wait for.
    pub fn new(handle: Handle, tasks: TaskTracker) -> Self {
        Self { handle, tasks }
    }
}

#[async_trait]
impl Runtime for TokioRuntime {
    #[expect(clippy::disallowed_methods, reason = "this is the port that everybody else uses")]
    fn now(&self) -> Timestamp {
        let now = Timestamp::now();
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }

    fn instant(&self) -> Instant {
        Instant::at(process_clock())
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) {
        self.handle.spawn(self.tasks.track_future(task.in_current_span()));
    }

    #[expect(clippy::panic, reason = "without randomness no state or lease is safe to make")]
    fn fill_random(&self, bytes: &mut [u8]) {
        if let Err(error) = getrandom::fill(bytes) {
            panic!("the operating system gives no randomness: {error}");
        }
    }
}
