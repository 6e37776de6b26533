//! A process in which nobody loses patience.

use std::sync::Arc;
use std::time::Duration;

use amo_connect_domain::lease::LEASE_RENEWAL;
use amo_connect_domain::ports::Runtime;
use async_trait::async_trait;
use futures_util::future::{BoxFuture, pending};
use jiff::Timestamp;

/// Its sleeps end only if they are no longer than those of a beating heart.
#[derive(Debug)]
pub(super) struct BuggyRuntime(pub(super) Arc<dyn Runtime>);

#[async_trait]
impl Runtime for BuggyRuntime {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    async fn sleep(&self, duration: Duration) {
        if duration > LEASE_RENEWAL {
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
