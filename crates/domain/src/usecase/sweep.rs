//! The sweep: wiping unclaimed grants, and forgetting old records.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use crate::clock::{Instant, after};
use crate::ports::{Event, StoreError};
use crate::usecase::UseCases;

/// By how much more than the process's own clock the store's may have advanced between two sweeps.
const JUMP: Duration = Duration::from_mins(1);

/// For how long the store's clock has to be steady before anything that is old by it may be
/// forgotten: longer than a code lives, so that whose it is outlives it.
const STEADY: Duration = Duration::from_mins(30);

/// What the two clocks showed at the last sweep, and since when the store's has been steady.
#[derive(Debug, Default)]
pub(crate) struct LastSweep(Mutex<Option<(Timestamp, Instant, Instant)>>);

impl LastSweep {
    /// For how long the store's clock has advanced as the process's own has. `None` if it jumped since
    /// the last call, and at the first call, when it is not known.
    fn steady_for(&self, store_now: Timestamp, now: Instant) -> Option<Duration> {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_steady = |(then, own, _): &(_, Instant, _)| store_now <= after(*then, now.since(*own) + JUMP);
        let since = last.filter(is_steady).map(|(_, _, since)| since);
        *last = Some((store_now, now, since.unwrap_or(now)));
        since.map(|since| now.since(since))
    }
}

impl UseCases {
    /// Wipes unclaimed grants, and forgets old records. Returns how many grants were wiped.
    ///
    /// The sender of a code renews its lease every few seconds. After a forward jump of the store's
    /// clock a live lease looks long dead, so nothing is forgotten then. The first sweep of a process
    /// cannot know of a jump, so it forgets nothing either. After both, the owner of a code, attempts
    /// and the audit log are kept for longer than a code lives.
    pub async fn sweep(&self) -> Result<usize, StoreError> {
        let began = self.runtime.instant();
        self.sweep_reads();
        let outcome = self.sweep_store().await;
        let took = self.runtime.instant().since(began);
        self.observer.observe(&Event::SweepEnded { is_good: outcome.is_ok(), took });
        outcome
    }

    async fn sweep_store(&self) -> Result<usize, StoreError> {
        let store_now = self.stores.health.clock().await?;
        let Some(steady) = self.last_sweep.steady_for(store_now, self.runtime.instant()) else { return Ok(0) };
        let as_of = if steady < STEADY { Timestamp::MIN } else { store_now };
        self.stores.maintenance.sweep(self.runtime.now(), as_of).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_whose_clock_jumped_forward_is_swept_one_round_later() {
        let (last, second) = (LastSweep::default(), |second| Timestamp::from_second(second).unwrap());
        let own = |second| Instant::at(Duration::from_secs(second));
        let steady = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(last.steady_for(second(100), own(0)), None, "the first");
        assert_eq!(last.steady_for(second(190), own(30)), steady(30), "a minute more");
        assert_eq!(last.steady_for(second(281), own(60)), None);
        assert_eq!(last.steady_for(second(311), own(90)), steady(30));
        assert_eq!(last.steady_for(second(11), own(120)), steady(60), "set back");
    }
}
