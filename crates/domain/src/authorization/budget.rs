//! What strangers and users can leave and have under way: every such number of codes and attempts.
//!
//! `docs/database.md` has the bounds of all tables.

use std::time::Duration;

use jiff::Timestamp;

use super::attempt::MEMORY;
use super::places::Later;
use crate::clock::{after, age, left};

/// How many codes of strangers are under way at a time, over all hosts and instances, except those in the slow pool.
pub const PLACES: usize = 4;

/// How many of these may be at hosts without a living connection.
pub const PLACES_OF_NEW_HOSTS: usize = PLACES / 2;

/// How many of these may be at one host, slow ones among them.
pub const PLACES_OF_A_HOST: usize = 2;

/// How many of these may come from one network, slow ones among them.
pub const PLACES_OF_A_NETWORK: usize = 1;

/// After how long a code of a stranger makes its place free, and takes one in the slow pool: a CRM that
/// does not answer holds the places no longer.
pub const SLOW_AFTER: Duration = Duration::from_secs(10);

/// How many codes are in the slow pool. Those beyond keep their places.
pub const SLOW_PLACES: usize = 16;

/// How many of these may be at hosts without a living connection.
pub const SLOW_PLACES_OF_NEW_HOSTS: usize = SLOW_PLACES / 2;

/// How many codes of strangers begin within [`STARTS_WITHIN`], over all hosts and instances.
pub const STARTS: usize = 2;

/// See [`STARTS`]. Within it one host, one network, and all hosts without a living connection together
/// have one start each.
pub const STARTS_WITHIN: Duration = Duration::from_secs(1);

/// How long a place can be held at most: longer than a token request waits for its permit and its answer.
pub const PLACE_TERM: Duration = Duration::from_mins(2);

/// When to ask again where it is not known when a place will be free.
pub const ASK_AGAIN: Duration = Duration::from_millis(500);

/// How many codes of one user may be unsettled that are younger than [`UNSETTLED_WITHIN`]: under way, interrupted,
/// or waiting for a claim.
pub const UNSETTLED_CODES: usize = 10;

/// See [`UNSETTLED_CODES`]. A code of amoCRM's is good for so long.
pub const UNSETTLED_WITHIN: Duration = Duration::from_mins(20);

/// How many codes of one user are on record; each is for a day.
pub const CODES_OF_A_USER: usize = 100;

/// How many attempts of one user that are past open are on record. With a new one the oldest is forgotten.
pub const ATTEMPTS_OF_A_USER: usize = 100;

/// A code of a user's, as far as the budget goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeOnRecord {
    /// When it was admitted, by the store's clock.
    pub admitted_at: Timestamp,
    /// Whether it may still become a connection without another word of its user.
    pub is_unsettled: bool,
}

/// Whether a user with these codes may bring another one; if not, how long to wait. The codes may be the
/// newest [`CODES_OF_A_USER`] alone.
pub fn admits_another_code(codes: &[CodeOnRecord], store_now: Timestamp) -> Result<(), Later> {
    // One that is dated far in the future counts: it is forgotten only when its day is over.
    let full = |over: &mut dyn Iterator<Item = &CodeOnRecord>, most: usize, term: Duration| {
        let mut ends: Vec<_> = over.map(|code| after(code.admitted_at, term)).collect();
        ends.sort_unstable();
        let spare = ends.len().checked_sub(most)?;
        ends.get(spare).map(|end| left(*end, store_now).clamp(ASK_AGAIN, term))
    };
    let recent = |code: &&CodeOnRecord| age(code.admitted_at, store_now).is_none_or(|age| age < UNSETTLED_WITHIN);
    let mut unsettled = codes.iter().filter(|code| code.is_unsettled).filter(recent);
    let waits =
        [full(&mut codes.iter(), CODES_OF_A_USER, MEMORY), full(&mut unsettled, UNSETTLED_CODES, UNSETTLED_WITHIN)];
    waits.into_iter().flatten().max().map_or(Ok(()), |wait| Err(Later { wait, is_for_all: false }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + second).unwrap()
    }

    fn wait(wait: Duration) -> Result<(), Later> {
        Err(Later { wait, is_for_all: false })
    }

    fn codes(count: usize, is_unsettled: bool, second: i64) -> Vec<CodeOnRecord> {
        (0..count).map(|_| CodeOnRecord { admitted_at: at(second), is_unsettled }).collect()
    }

    #[test]
    fn a_user_has_so_many_unsettled_codes_and_then_waits_for_the_oldest_to_be_old() {
        assert_eq!(admits_another_code(&codes(UNSETTLED_CODES - 1, true, 0), at(1)), Ok(()));
        let mut full = codes(UNSETTLED_CODES - 1, true, 300);
        full.extend(codes(1, true, 0));
        assert_eq!(admits_another_code(&full, at(400)), wait(Duration::from_secs(800)));
        assert_eq!(admits_another_code(&full, at(1200)), Ok(()), "the oldest is over");
        assert_eq!(admits_another_code(&codes(UNSETTLED_CODES, true, 0), at(1200)), Ok(()));
    }

    #[test]
    fn settled_codes_count_among_those_of_the_day_alone() {
        assert_eq!(admits_another_code(&codes(CODES_OF_A_USER - 1, false, 0), at(1)), Ok(()));
        let day = i64::try_from(MEMORY.as_secs()).unwrap();
        let full = codes(CODES_OF_A_USER, false, 0);
        assert_eq!(admits_another_code(&full, at(60)), wait(MEMORY.saturating_sub(Duration::from_mins(1))));
        assert_eq!(admits_another_code(&full, at(day)), wait(ASK_AGAIN), "until the sweep has come");
    }

    #[test]
    fn codes_from_a_clock_ahead_count_and_delay_nobody_for_longer_than_a_term() {
        let ahead = 400 * 24 * 3600;
        assert_eq!(admits_another_code(&codes(UNSETTLED_CODES, true, ahead), at(0)), wait(UNSETTLED_WITHIN));
        assert_eq!(admits_another_code(&codes(CODES_OF_A_USER, false, ahead), at(0)), wait(MEMORY));
    }
}
