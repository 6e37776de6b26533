//! A process without timeouts, or one that waits by the wall clock.

use std::sync::Arc;
use std::time::Duration;

use amo_connect_domain::clock::Instant;
use amo_connect_domain::ports::Runtime;
use amo_connect_domain::refresh::lease::LEASE_RENEWAL;
use async_trait::async_trait;
use futures_util::future::{BoxFuture, pending};
use jiff::Timestamp;

use super::Bug;
use crate::world::timestamp;

/// Ten years, in microseconds.
const YEARS: i64 = 10 * 365 * 24 * 3_600 * 1_000_000;

/// A process with a planted bug.
#[derive(Debug)]
pub(super) struct BuggyRuntime(pub(super) Arc<dyn Runtime>, pub(super) Bug);

#[async_trait]
impl Runtime for BuggyRuntime {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    fn instant(&self) -> Instant {
        if self.1 != Bug::WaitsByTheWallClock {
            return self.0.instant();
        }
        let since = self.now().as_microsecond().saturating_sub(timestamp(0).as_microsecond());
        // Far from the beginning, so that it may go back.
        Instant::at(Duration::from_micros(since.saturating_add(YEARS).try_into().unwrap_or_default()))
    }

    async fn sleep(&self, duration: Duration) {
        // Only sleeps that are no longer than those of a heartbeat end.
        if self.1 == Bug::NoTimeouts && duration > LEASE_RENEWAL {
            pending::<()>().await;
        }
        self.0.sleep(duration).await;
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) {
        self.0.spawn(task);
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        self.0.fill_random(bytes);
    }
}
