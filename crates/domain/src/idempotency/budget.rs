//! How many writes with a key one user can leave on record.

use std::time::Duration;

use jiff::Timestamp;

use super::record::WRITE_MEMORY;
use crate::authorization::budget::ASK_AGAIN;
use crate::clock::{after, left};

/// How many writes of one user are on record; each is for [`WRITE_MEMORY`] after it is done.
pub const WRITES_OF_A_USER: usize = 2_000;

/// When the [`WRITES_OF_A_USER`]th newest of these writes of a user began, if there are as many: for stores that have
/// them all in memory.
pub fn full_since(begun: impl IntoIterator<Item = Timestamp>) -> Option<Timestamp> {
    let mut begun: Vec<_> = begun.into_iter().collect();
    begun.sort_unstable_by(|one, other| other.cmp(one));
    begun.get(WRITES_OF_A_USER - 1).copied()
}

/// Whether there is room for another write of a user; if not, how long to wait. `full_since` is when the
/// [`WRITES_OF_A_USER`]th newest one began, if there are as many.
pub(super) fn admits_another_write(full_since: Option<Timestamp>, store_now: Timestamp) -> Result<(), Duration> {
    full_since
        .map_or(Ok(()), |begun_at| Err(left(after(begun_at, WRITE_MEMORY), store_now).clamp(ASK_AGAIN, WRITE_MEMORY)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_full_since_the_oldest_of_as_many_as_count_began() {
        let at = |second: usize| Timestamp::from_second(i64::try_from(second).unwrap()).unwrap();
        assert_eq!(full_since((1..WRITES_OF_A_USER).map(at)), None);
        assert_eq!(full_since((1..=WRITES_OF_A_USER).map(at)), Some(at(1)));
        assert_eq!(full_since((1..=WRITES_OF_A_USER + 5).map(at)), Some(at(6)));
    }

    #[test]
    fn a_user_whose_records_are_full_waits_until_the_oldest_may_be_forgotten() {
        let begun_at = Timestamp::from_second(1_795_428_000).unwrap();
        let day = Duration::from_hours(24);
        assert_eq!(admits_another_write(None, begun_at), Ok(()));
        for (now, wait) in [
            (after(begun_at, day), day * 6),
            // In doubt, or not swept yet.
            (after(begun_at, day * 8), ASK_AGAIN),
            // From a clock ahead.
            (crate::clock::before(begun_at, day), WRITE_MEMORY),
        ] {
            assert_eq!(admits_another_write(Some(begun_at), now), Err(wait), "{now}");
        }
    }
}
