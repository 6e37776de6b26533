//! A clock that runs, and that a test can move.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;

/// A clock that begins at a moment of the test's choosing, runs from there or stands still, and
/// can be moved forward. Its copies are the same clock.
#[derive(Clone, Debug)]
pub struct TestClock {
    begin: Timestamp,
    /// `None` if it stands still.
    started: Option<Instant>,
    moved: Arc<Mutex<Duration>>,
}

impl TestClock {
    /// A clock that shows `begin` now.
    pub fn at(begin: Timestamp) -> Self {
        Self { begin, started: Some(Instant::now()), moved: Arc::default() }
    }

    /// A clock that shows `begin` until it is moved.
    pub fn still(begin: Timestamp) -> Self {
        Self { begin, started: None, moved: Arc::default() }
    }

    /// The moment it shows, to the microsecond, as databases keep it.
    pub fn now(&self) -> Timestamp {
        let ran = self.started.map_or(Duration::ZERO, |started| started.elapsed());
        let micros = (ran + self.moved()).as_micros();
        let since = Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX));
        self.begin.saturating_add(since).unwrap_or(Timestamp::MAX)
    }

    /// Moves it forward.
    pub fn advance(&self, by: Duration) {
        *self.moved.lock().unwrap_or_else(PoisonError::into_inner) += by;
    }

    /// How far it has been moved altogether.
    pub fn moved(&self) -> Duration {
        *self.moved.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
