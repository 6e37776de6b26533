//! The process's own resources: time, tasks and randomness.

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use jiff::Timestamp;

use crate::clock::Instant;

/// Time, tasks and randomness. A simulation implements it with virtual time and a seed.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait Runtime: Debug + Send + Sync + 'static {
    /// This instance's clock, to the microsecond. People and machines set it, so it may jump:
    /// no wait of this process uses it. Leases are never judged by it.
    fn now(&self) -> Timestamp;

    /// This process's own clock. It MUST never go back, and MUST go on while the machine is
    /// suspended: waits of the process, and how long ago it did something, use it.
    fn instant(&self) -> Instant;

    /// Ends after `duration`, or later if the machine is suspended meanwhile.
    async fn sleep(&self, duration: Duration);

    /// Runs `task` to its end, even if the caller goes away. A process that stops in an orderly
    /// way waits for its tasks.
    fn spawn(&self, task: BoxFuture<'static, ()>);

    /// Fills `bytes` from a cryptographically secure source.
    fn fill_random(&self, bytes: &mut [u8]);
}
