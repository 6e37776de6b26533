//! A process without timeouts, or one that waits by the wall clock.

use std::time::Duration;

use amo_connect_domain::clock::Instant;
use amo_connect_domain::lease::LEASE_RENEWAL;
use jiff::Timestamp;

use super::Bug;
use crate::setup::timestamp;

/// Ten years, in microseconds.
const YEARS: i64 = 10 * 365 * 24 * 3_600 * 1_000_000;

impl Bug {
    /// The instant that a wall clock makes of `now`.
    pub(crate) fn instant_by_the_wall_clock(now: Timestamp) -> Instant {
        let since = now.as_microsecond().saturating_sub(timestamp(0).as_microsecond());
        // Far from the beginning, so that it may go back.
        Instant::at(Duration::from_micros(since.saturating_add(YEARS).try_into().unwrap_or_default()))
    }

    /// Whether so long a sleep never ends. Those that are no longer than a heartbeat's do.
    pub(crate) fn never_ends(self, sleep: Duration) -> bool {
        self == Self::NoTimeouts && sleep > LEASE_RENEWAL
    }
}
