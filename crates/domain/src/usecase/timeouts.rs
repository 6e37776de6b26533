//! Timeouts and pauses, by the process's own clock.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};

use crate::clock::Instant;
use crate::usecase::UseCases;

/// How long an unsolicited code waits for its place.
pub(crate) const UNSOLICITED_CODE_TIMEOUT: Duration = Duration::from_secs(5);

/// How long the browser waits for amoCRM; the exchange itself goes on.
pub(crate) const CALLBACK_TIMEOUT: Duration = Duration::from_secs(10);

/// How long an app waits for an exchange; the exchange itself goes on.
pub(crate) const CLAIM_TIMEOUT: Duration = Duration::from_secs(15);

/// How long a caller waits for a refresh while the access token still can be used.
pub(crate) const REFRESH_TIMEOUT_WITH_LIVE_TOKEN: Duration = Duration::from_secs(5);

/// How long a caller waits for a refresh; the refresh itself goes on.
pub(crate) const REFRESH_TIMEOUT: Duration = Duration::from_secs(15);

/// How long a read may take, with the refresh of its access token.
pub(crate) const READ_TIMEOUT: Duration = Duration::from_secs(15);

/// How long the caller of a write waits; the write itself goes on.
pub(crate) const WRITE_TIMEOUT: Duration = Duration::from_secs(15);

/// How long before the end of that time a write begins nothing more.
pub(crate) const WRITE_RESERVE: Duration = Duration::from_secs(1);

/// How often the store is polled for another process's work. Other processes cannot send a signal.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// The longest pause between two tries to save.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

impl UseCases {
    /// The moment when `longest_wait` is over.
    pub(crate) fn deadline(&self, longest_wait: Duration) -> Instant {
        self.runtime.instant() + longest_wait
    }

    /// What `work` gives, if it is done by `deadline`.
    pub(crate) async fn until<T>(&self, deadline: Instant, work: impl Future<Output = T>) -> Option<T> {
        self.within(deadline.since(self.runtime.instant()), work).await
    }

    /// What `work` gives, if it is done within `limit`.
    pub(crate) async fn within<T>(&self, limit: Duration, work: impl Future<Output = T>) -> Option<T> {
        match select(pin!(work), self.runtime.sleep(limit)).await {
            Either::Left((done, _)) => Some(done),
            Either::Right(_) => None,
        }
    }

    /// Runs `work`, and until it is done runs `beat` after each pause of `every`: a heartbeat.
    pub(crate) async fn with_heartbeat<T, B, F>(&self, every: Duration, beat: B, work: impl Future<Output = T>) -> T
    where
        B: Fn() -> F,
        F: Future<Output = ()>,
    {
        let heartbeat = async {
            loop {
                self.runtime.sleep(every).await;
                beat().await;
            }
        };
        match select(pin!(work), pin!(heartbeat)).await {
            Either::Left((done, _)) => done,
            Either::Right((never, _)) => never,
        }
    }

    /// A pause before another process's work is polled again.
    pub(crate) async fn before_next_poll(&self) {
        self.runtime.sleep(POLL_INTERVAL).await;
    }

    /// A pause before the next try to save, after `tries` of them, doubling to five seconds.
    pub(crate) async fn before_saving_again(&self, tries: u32) {
        let pause = POLL_INTERVAL.saturating_mul(2_u32.saturating_pow(tries)).min(LONGEST_PAUSE);
        self.runtime.sleep(pause).await;
    }
}
