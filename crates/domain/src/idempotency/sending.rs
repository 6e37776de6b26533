//! A sending on record, and what a look in the CRM shows about one whose outcome is unknown.

use std::time::Duration;

use jiff::Timestamp;

use super::WRITE_MEMORY;
use crate::clock::age;
use crate::ids::LeaseOwner;

/// How long after a sending its absence in the CRM shows that it was not carried out: 60 s in which the CRM may
/// work on what it has read, and a margin. An owner begins to send within 5 s of recording it.
pub const ABSENCE_TERM: Duration = Duration::from_secs(75);

/// For how long after a sending an object that nobody has claimed may be taken for what it made. This is a day
/// less than records are kept: later the record of whoever made the object may be forgotten.
pub const PRESENCE_TERM: Duration = WRITE_MEMORY.saturating_sub(Duration::from_hours(24));

/// A request that was sent, or was about to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Sending {
    /// When it was recorded, by the store's clock. It was sent at this moment or a little later.
    pub at: Timestamp,
    /// Who sent it. Nobody else knows how it ended.
    pub by: LeaseOwner,
}

/// What may be concluded from a look in the CRM after a sending whose outcome is unknown.
///
/// Both conclusions depend on how long ago the sending was, by the store's clock. If that clock was set ahead after
/// the sending, by more than [`ABSENCE_TERM`], absence counts too early: the write may be made twice, as with every
/// lease. If the clock was set back, or was ahead at the sending, then the sending is dated in the future and its
/// age is unknown. Neither conclusion holds then, and the outcome stays unknown, until the clock has passed the
/// date. The date is not moved, unlike the end of a lease: what is looked for was made near the date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// When it was sent, by the store's clock.
    pub sent_at: Timestamp,
    /// Whether it was not carried out if nothing is found.
    pub absence_counts: bool,
    /// Whether it made what is found, if only one object is found that nobody has claimed.
    pub presence_counts: bool,
}

impl Sending {
    /// What may be concluded at `store_now`.
    pub fn doubt(&self, store_now: Timestamp) -> Doubt {
        let age = age(self.at, store_now);
        Doubt {
            sent_at: self.at,
            absence_counts: age.is_some_and(|age| age >= ABSENCE_TERM),
            presence_counts: age.is_some_and(|age| age < PRESENCE_TERM),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::CLOCK_SKEW;

    /// Whether absence and presence count so many seconds after a sending.
    fn conclusions(second: i64) -> (bool, bool) {
        let sending = Sending { at: Timestamp::UNIX_EPOCH, by: LeaseOwner([1; 16]) };
        let doubt = sending.doubt(Timestamp::from_second(second).unwrap());
        assert_eq!(doubt.sent_at, sending.at);
        (doubt.absence_counts, doubt.presence_counts)
    }

    #[test]
    fn absence_counts_after_its_term_and_presence_for_its_own() {
        let [absence, presence] = [ABSENCE_TERM, PRESENCE_TERM].map(|term| term.as_secs().cast_signed());
        for (second, expected) in [
            (0, (false, true)),
            (absence - 1, (false, true)),
            (absence, (true, true)),
            (presence - 1, (true, true)),
            (presence, (true, false)),
        ] {
            assert_eq!(conclusions(second), expected, "after {second} s");
        }
    }

    #[test]
    fn nothing_counts_of_a_sending_that_is_dated_in_the_future() {
        let skew = CLOCK_SKEW.as_secs().cast_signed();
        assert_eq!(conclusions(-skew), (false, true), "clocks differ by that much");
        assert_eq!(conclusions(-skew - 1), (false, false));
        assert_eq!(conclusions(-100 * 24 * 3600), (false, false));
    }
}
