//! The clock that leases are judged by.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

/// The store's clock. All processes that share a SQLite file run on one machine, so it is the
/// machine's; a test may bring its own.
#[derive(Clone)]
pub struct StoreClock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl StoreClock {
    /// The machine's clock.
    pub fn machine() -> Self {
        #[expect(clippy::disallowed_methods, reason = "here the machine's clock is the store's")]
        Self::new(Timestamp::now)
    }

    /// Another clock.
    pub fn new(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The time, to the microsecond, as it is stored.
    pub(super) fn now(&self) -> Timestamp {
        let now = (self.0)();
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }
}

impl fmt::Debug for StoreClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoreClock")
    }
}
