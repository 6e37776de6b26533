//! What [`Observer`] promises.

mod events;

use std::sync::Arc;

use amo_connect_domain::ports::Observer;

use crate::suite;

/// What the suite needs of an observer's test set-up.
pub trait ObserverHarness: Send + Sync + 'static {
    /// An observer that has heard nothing yet.
    fn fresh() -> Self
    where
        Self: Sized;

    /// The observer.
    fn observer(&self) -> Arc<dyn Observer>;
}

/// A case of this suite.
pub type Case = suite::Case<dyn ObserverHarness>;

/// Runs the case of this name on a fresh harness of `H`.
pub fn judge<H: ObserverHarness>(name: &str) {
    suite::judge(CASES, name, async { Box::new(H::fresh()) as _ });
}

suite::cases! {
    ($) observer_contract for observer;

    "It MUST take every event, also outside of a runtime, and MUST NOT panic." => [
        events::every_event_is_taken_by_many_threads_at_once,
        events::every_event_is_taken_outside_of_a_runtime,
    ]
}
