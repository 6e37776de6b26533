//! Token pairs whose access tokens amoCRM refused, and how long the next refresh backs off for them.

use std::time::Duration;

use jiff::Timestamp;

use crate::clock::after;
use crate::ids::Generation;

/// How long refused access tokens delay the next refresh: after two pairs in a row the first of
/// these, after three the second. After more than there are it is the last.
pub const REFUSAL_BACKOFFS: [Duration; 7] = {
    let minutes = Duration::from_mins;
    [minutes(1), minutes(2), minutes(4), minutes(8), minutes(16), minutes(32), minutes(60)]
};

/// The longest of [`REFUSAL_BACKOFFS`].
pub const LONGEST_REFUSAL_BACKOFF: Duration = REFUSAL_BACKOFFS[REFUSAL_BACKOFFS.len() - 1];

/// How many pairs in a row had an access token that amoCRM refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RefusedPairs {
    /// How many.
    pub count: u32,
    /// The newest of them.
    pub last: Generation,
    /// When that one was first refused, by the store's clock.
    pub since: Timestamp,
}

impl RefusedPairs {
    /// Whether the account is refused, so that another refresh does not help.
    pub fn is_accounts(&self) -> bool {
        self.count >= 2
    }

    /// Until when the next refresh is delayed, by [`REFUSAL_BACKOFFS`]. A refusal that is dated in the future
    /// delays nothing.
    pub fn backs_off_until(&self, store_now: Timestamp) -> Option<Timestamp> {
        let place = usize::try_from(self.count.checked_sub(2)?).unwrap_or(usize::MAX);
        let until = after(self.since, REFUSAL_BACKOFFS.get(place).copied().unwrap_or(LONGEST_REFUSAL_BACKOFF));
        (self.since <= store_now && store_now < until).then_some(until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn refused(count: u32) -> RefusedPairs {
        RefusedPairs { count, last: Generation::default(), since: at(100) }
    }

    #[test]
    fn two_pairs_in_a_row_are_the_accounts_and_one_is_not() {
        assert!(!refused(1).is_accounts() && refused(2).is_accounts() && refused(3).is_accounts());
    }

    #[test]
    fn refreshes_back_off_from_the_second_pair_on_and_an_hour_at_most() {
        assert_eq!(refused(1).backs_off_until(at(100)), None);
        for (count, seconds) in [(2, 60), (3, 120), (8, 3_600), (u32::MAX, 3_600)] {
            let until = at(100 + seconds);
            assert_eq!(refused(count).backs_off_until(at(100)), Some(until), "{count}");
            assert_eq!(refused(count).backs_off_until(at(99 + seconds)), Some(until), "{count}");
            assert_eq!(refused(count).backs_off_until(until), None, "{count}");
        }
        assert_eq!(refused(2).backs_off_until(at(99)), None, "it is dated in the future");
    }
}
