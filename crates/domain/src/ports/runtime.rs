//! The process's own resources: time, tasks and randomness.

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use jiff::Timestamp;

/// Time, tasks and randomness. A simulation implements it with virtual time and a seed.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait Runtime: Debug + Send + Sync + 'static {
    /// This instance's clock, to the microsecond. Leases are never judged by it.
    fn now(&self) -> Timestamp;

    /// Ends after `duration`.
    async fn sleep(&self, duration: Duration);

    /// Runs `task` to its end, whatever becomes of the caller. A process that stops in an
    /// orderly way waits for its tasks.
    fn spawn(&self, task: BoxFuture<'static, ()>);

    /// Fills `bytes` from a cryptographically secure source.
    fn fill_random(&self, bytes: &mut [u8]);
}
