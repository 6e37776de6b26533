//! A clock that runs, and that a test can move.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

/// A clock that begins at a moment of the test's choosing, runs from there or stands still, and
/// can be moved forward and set back. Its copies are the same clock.
#[derive(Clone, Debug)]
pub struct TestClock {
    begin: Timestamp,
    /// `None` if it stands still.
    started: Option<Instant>,
    moved: Arc<Mutex<SignedDuration>>,
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
        let since = self.moved().saturating_add(ran.try_into().unwrap_or(SignedDuration::MAX));
        let micros = i64::try_from(since.as_micros()).unwrap_or(i64::MAX);
        self.begin.saturating_add(SignedDuration::from_micros(micros)).unwrap_or(Timestamp::MAX)
    }

    /// Moves it forward.
    pub fn advance(&self, by: Duration) {
        self.jump(by.try_into().unwrap_or(SignedDuration::MAX));
    }

    /// Sets it back.
    pub fn set_back(&self, by: Duration) {
        self.jump(-SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX));
    }

    /// Sets it forward or back.
    pub fn jump(&self, by: SignedDuration) {
        let mut moved = self.moved.lock().unwrap_or_else(PoisonError::into_inner);
        *moved = moved.saturating_add(by);
    }

    /// How far it has been moved altogether.
    pub fn moved(&self) -> SignedDuration {
        *self.moved.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
