//! The revocation check of an account's connections, after amoCRM's hook that the integration was
//! switched off.
//!
//! The hook is signed, and anybody who has seen it once can send it again. So it is a reason to ask
//! amoCRM, and no proof.

use std::time::Duration;

use jiff::Timestamp;

use crate::clock::{after, at_most};

/// How far apart two checks of one account are, by the store's clock.
pub const REVOCATION_CHECK_INTERVAL: Duration = Duration::from_mins(1);

/// What is on record of an account's checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RevocationCheck {
    /// Whether a check was requested and not taken yet.
    pub wanted: bool,
    /// Whether a check was taken and not finished yet.
    pub under_way: bool,
    /// The earliest moment of the next check, by the store's clock.
    pub not_before: Timestamp,
}

impl RevocationCheck {
    /// The record once a check is requested.
    pub fn want(on_record: Option<Self>, store_now: Timestamp) -> Self {
        let first = Self { wanted: true, under_way: false, not_before: store_now };
        Self { wanted: true, ..on_record.unwrap_or(first) }
    }

    /// The record once the check is taken; `None` if no check is due. A check that was not finished
    /// within the interval is due again.
    pub fn take(self, store_now: Timestamp) -> Option<Self> {
        let due = (self.wanted || self.under_way) && self.not_before <= store_now;
        due.then_some(Self { wanted: false, under_way: true, not_before: after(store_now, REVOCATION_CHECK_INTERVAL) })
    }

    /// The record as it counts at `store_now`: a check that a clock ahead has delayed too long comes
    /// one interval from now, and the store saves it so.
    #[must_use]
    pub fn seen_at(self, store_now: Timestamp) -> Self {
        Self { not_before: at_most(self.not_before, REVOCATION_CHECK_INTERVAL, store_now), ..self }
    }

    /// The record while a check takes longer: the next one is delayed.
    #[must_use]
    pub fn keep(self, store_now: Timestamp) -> Self {
        if !self.under_way {
            return self;
        }
        Self { not_before: after(store_now, REVOCATION_CHECK_INTERVAL), ..self }
    }

    /// The record once every connection was checked. A check that was requested meanwhile is still
    /// due.
    #[must_use]
    pub fn end(self) -> Self {
        Self { under_way: false, ..self }
    }

    /// Whether the record is not needed any more.
    pub fn is_over(self, store_now: Timestamp) -> bool {
        !self.wanted && !self.under_way && self.not_before <= store_now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_check_is_taken_once_a_minute_until_it_has_finished() {
        let taken = RevocationCheck::want(None, at(0)).take(at(0)).unwrap();
        assert_eq!(taken.take(at(59)), None);
        let again = taken.take(at(60)).unwrap();
        assert_eq!(again.end().take(at(300)), None);
        assert!(!again.end().is_over(at(119)) && again.end().is_over(at(120)));
    }

    #[test]
    fn a_check_that_takes_long_is_not_taken_again() {
        let taken = RevocationCheck::want(None, at(0)).take(at(0)).unwrap();
        let kept = taken.keep(at(40));
        assert_eq!(kept.take(at(99)), None);
        assert!(kept.take(at(100)).is_some());
        assert_eq!(kept.end().keep(at(50)), kept.end());
    }

    #[test]
    fn a_clock_that_was_set_back_delays_a_check_by_one_interval_only() {
        let seen = RevocationCheck::want(None, at(10_000)).seen_at(at(0));
        assert_eq!(seen.take(at(59)), None);
        assert!(seen.take(at(60)).is_some());
    }

    #[test]
    fn a_check_that_is_requested_during_another_comes_after_it() {
        let taken = RevocationCheck::want(None, at(0)).take(at(0)).unwrap();
        let wanted = RevocationCheck::want(Some(taken), at(1)).end();
        assert_eq!(wanted.take(at(59)), None);
        assert!(wanted.take(at(60)).is_some());
    }
}
