//! The sandbox's clock: the machine's, plus whatever it was advanced by, and it can stand still.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::Serialize;

/// A point in the sandbox's time, since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(Duration);

impl Moment {
    /// Whole seconds since 1970, as amoCRM writes all times.
    pub(crate) const fn unix(self) -> u64 {
        self.0.as_secs()
    }

    pub(crate) fn after(self, seconds: u64) -> Self {
        Self(self.0.saturating_add(Duration::from_secs(seconds)))
    }

    /// How long ago `earlier` was; zero if it is yet to come.
    pub(crate) fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

/// What the clock shows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ClockReading {
    /// Seconds since 1970.
    pub now: u64,
    /// How far it was advanced, in seconds.
    pub advanced_s: f64,
    /// Whether it stands still until it is advanced.
    pub frozen: bool,
}

/// Reads the machine's clock once and counts on from there, so that no jump of it is seen.
#[derive(Debug)]
pub(crate) struct Clock {
    started_at: Duration,
    started: Instant,
    advanced: Duration,
    stopped_after: Option<Duration>,
}

impl Clock {
    pub(crate) fn start() -> Self {
        #[expect(clippy::disallowed_methods, reason = "this is the sandbox's only clock")]
        let started_at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { started_at, started: Instant::now(), advanced: Duration::ZERO, stopped_after: None }
    }

    pub(crate) fn now(&self) -> Moment {
        let ran = self.stopped_after.unwrap_or_else(|| self.started.elapsed());
        Moment(self.started_at.saturating_add(ran).saturating_add(self.advanced))
    }

    pub(crate) fn advance(&mut self, by: Duration) {
        self.advanced = self.advanced.saturating_add(by);
    }

    /// Stops the clock where it is, or lets it run on from there.
    pub(crate) fn freeze(&mut self, frozen: bool) {
        match (frozen, self.stopped_after) {
            (true, None) => self.stopped_after = Some(self.started.elapsed()),
            (false, Some(ran)) => {
                self.started_at = self.started_at.saturating_add(ran);
                self.started = Instant::now();
                self.stopped_after = None;
            }
            _ => {}
        }
    }

    pub(crate) fn reading(&self) -> ClockReading {
        ClockReading {
            now: self.now().unix(),
            advanced_s: self.advanced.as_secs_f64(),
            frozen: self.stopped_after.is_some(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frozen_clock_moves_only_when_advanced() {
        let mut clock = Clock::start();
        clock.freeze(true);
        let before = clock.now();
        assert_eq!(clock.now(), before);
        clock.advance(Duration::from_millis(1500));
        assert_eq!(clock.now().since(before), Duration::from_millis(1500));
    }

    #[test]
    fn a_thawed_clock_goes_on_from_where_it_stood() {
        let mut clock = Clock::start();
        clock.freeze(true);
        let frozen_at = clock.now();
        clock.freeze(false);
        assert!(clock.now().since(frozen_at) < Duration::from_secs(1));
        assert!(!clock.reading().frozen);
    }
}
