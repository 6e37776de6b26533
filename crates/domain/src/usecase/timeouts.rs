//! Waiting within limits, by the process's own clock.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};

use crate::clock::Instant;
use crate::usecase::UseCases;

/// How long one waits for its turn.
pub(crate) const UNSOLICITED_CODE_TIMEOUT: Duration = Duration::from_secs(5);

/// How long the browser waits for amoCRM; the exchange itself goes on.
pub(crate) const CALLBACK_TIMEOUT: Duration = Duration::from_secs(10);

/// How long an app waits for an exchange; the exchange itself goes on.
pub(crate) const CLAIM_TIMEOUT: Duration = Duration::from_secs(15);

/// How long a caller waits for a refresh who could use the access token as it is.
pub(crate) const REFRESH_TIMEOUT_WITH_LIVE_TOKEN: Duration = Duration::from_secs(5);

/// How long a caller waits for a refresh; the refresh itself goes on.
pub(crate) const REFRESH_TIMEOUT: Duration = Duration::from_secs(15);

/// How long a request may take, the renewal of its access token with it.
pub(crate) const READ_TIMEOUT: Duration = Duration::from_secs(15);

/// How often somebody else's work is looked at. Other processes cannot tell us that it is done.
const LOOK_EVERY: Duration = Duration::from_millis(100);

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

    /// Runs `work`, and `beat` again and again until it is done, each after a pause of `every`.
    pub(crate) async fn while_beating<T, B, F>(&self, every: Duration, beat: B, work: impl Future<Output = T>) -> T
    where
        B: Fn() -> F,
        F: Future<Output = ()>,
    {
        let heart = async {
            loop {
                self.runtime.sleep(every).await;
                beat().await;
            }
        };
        match select(pin!(work), pin!(heart)).await {
            Either::Left((done, _)) => done,
            Either::Right((never, _)) => never,
        }
    }

    /// A pause between two looks at somebody else's work.
    pub(crate) async fn look_again(&self) {
        self.runtime.sleep(LOOK_EVERY).await;
    }

    /// A pause before the `tries`th next try to save, doubling to five seconds.
    pub(crate) async fn before_saving_again(&self, tries: u32) {
        let pause = LOOK_EVERY.saturating_mul(2_u32.saturating_pow(tries)).min(LONGEST_PAUSE);
        self.runtime.sleep(pause).await;
    }
}
