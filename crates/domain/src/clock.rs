//! Comparing times when clocks may be wrong.
//!
//! Waits of one process use [`Instant`]s, which no change of a clock affects. Stored times use a
//! clock that people and machines set: a past moment may be dated in the future, and an end may be
//! further away than the longest term.

use std::ops::{Add, Sub};
use std::time::Duration;

use jiff::Timestamp;

/// By how much the clocks of two instances may differ.
pub const CLOCK_SKEW: Duration = Duration::from_mins(5);

/// How long ago `event` was. One that is dated in the future by no more than [`CLOCK_SKEW`] is
/// just now; one beyond that has an unknown age (`None`): it is neither young nor recent.
pub fn age(event: Timestamp, now: Timestamp) -> Option<Duration> {
    match Duration::try_from(now.duration_since(event)) {
        Ok(age) => Some(age),
        Err(_) => (left(event, now) <= CLOCK_SKEW).then_some(Duration::ZERO),
    }
}

/// `end`, or the moment `longest` after `now` if it is further away than that: it was set by a
/// clock that was ahead.
pub fn at_most(end: Timestamp, longest: Duration, now: Timestamp) -> Timestamp {
    end.min(after(now, longest))
}

/// How long it is from `now` to `end`; zero if `end` has passed.
pub fn left(end: Timestamp, now: Timestamp) -> Duration {
    end.duration_since(now).try_into().unwrap_or_default()
}

/// The moment `duration` after `moment`.
pub fn after(moment: Timestamp, duration: Duration) -> Timestamp {
    moment.saturating_add(duration).unwrap_or(Timestamp::MAX)
}

/// The moment `duration` before `moment`.
pub fn before(moment: Timestamp, duration: Duration) -> Timestamp {
    moment.saturating_sub(duration).unwrap_or(Timestamp::MIN)
}

/// A moment of a process's own clock that only goes forward
/// ([`Runtime::instant`](crate::ports::Runtime::instant)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant(Duration);

impl Instant {
    /// The moment `duration` after that clock's beginning.
    pub const fn at(duration: Duration) -> Self {
        Self(duration)
    }

    /// How long it is from `earlier` to this; zero if this is the earlier one.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration))
    }
}

impl Sub<Duration> for Instant {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(duration))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn what_is_dated_far_in_the_future_has_no_age() {
        for (event, expected) in
            [(60, Some(40)), (100, Some(0)), (400, Some(0)), (401, None), (i64::from(u32::MAX), None)]
        {
            assert_eq!(age(at(event), at(100)), expected.map(Duration::from_secs), "{event}");
        }
    }

    #[test]
    fn an_end_is_no_further_away_than_it_may_be() {
        let longest = Duration::from_secs(15);
        for (end, expected) in [(-5, -5), (99, 99), (115, 115), (116, 115), (10_000, 115)] {
            assert_eq!(at_most(at(end), longest, at(100)), at(expected), "{end}");
        }
        assert_eq!((left(at(130), at(100)), left(at(70), at(100))), (Duration::from_secs(30), Duration::ZERO));
    }

    #[test]
    fn instants_never_run_out_and_never_go_back() {
        let (early, late) = (Instant::at(Duration::from_secs(1)), Instant::at(Duration::from_secs(3)));
        assert_eq!((late.since(early), early.since(late)), (Duration::from_secs(2), Duration::ZERO));
        assert_eq!(late + Duration::MAX, Instant::at(Duration::MAX));
        assert_eq!((late - Duration::from_secs(2), early - Duration::MAX), (early, Instant::default()));
    }
}
