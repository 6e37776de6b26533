//! Forgetting what nobody claimed or asks for any more.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use super::UseCases;
use crate::clock::{Instant, after};
use crate::ports::StoreError;

/// By how much more than the process's own clock the store's may have gone on between two sweeps.
const JUMP: Duration = Duration::from_mins(1);

/// What the two clocks showed at the last sweep.
#[derive(Debug, Default)]
pub(super) struct LastSweep(Mutex<Option<(Timestamp, Instant)>>);

impl LastSweep {
    /// Whether the store's clock has gone on as ours has since the last time this was asked. It is
    /// not known the first time.
    fn is_steady(&self, store_now: Timestamp, now: Instant) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = last.replace((store_now, now));
        before.is_some_and(|(store_then, then)| store_now <= after(store_then, now.since(then) + JUMP))
    }
}

impl UseCases {
    /// Forgets what nobody claimed or asks for any more. Returns how many grants were wiped.
    ///
    /// Whoever is at work on a code renews its lease every few seconds. A store's clock that has
    /// just jumped forward makes it look long dead, so nothing is forgotten then, nor by the first
    /// sweep of a process, which cannot tell.
    pub async fn sweep(&self) -> Result<usize, StoreError> {
        self.sweep_reads();
        let store_now = self.store.clock().await?;
        if !self.last_sweep.is_steady(store_now, self.runtime.instant()) {
            return Ok(0);
        }
        self.store.sweep(self.runtime.now(), store_now).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_whose_clock_jumped_forward_is_swept_one_round_later() {
        let (last, second) = (LastSweep::default(), |second| Timestamp::from_second(second).unwrap());
        let own = |second| Instant::at(Duration::from_secs(second));
        assert!(!last.is_steady(second(100), own(0)), "the first");
        assert!(last.is_steady(second(190), own(30)), "a minute more");
        assert!(!last.is_steady(second(281), own(60)));
        assert!(last.is_steady(second(311), own(90)));
        assert!(last.is_steady(second(11), own(120)), "set back");
    }
}
