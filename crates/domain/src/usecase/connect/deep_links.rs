//! Where the pages of attempts lead, for pages that are shown without the database.
//!
//! The link is on the attempt's row. A page that says that the database is down, or that there are too many requests,
//! cannot read it there, so the process remembers the links it has seen.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::authorization::attempt::{ATTEMPT_TERM, Attempt, OPEN_ATTEMPTS};
use crate::clock::Instant;
use crate::ids::UserId;
use crate::token::StateHash;

/// How many are remembered. Of more, such a page leads to the service's own link.
const MOST: usize = 1_000;

/// The links that apps named, by the state of their attempt.
#[derive(Debug, Default)]
pub(crate) struct DeepLinks(Mutex<HashMap<StateHash, Seen>>);

#[derive(Debug)]
struct Seen {
    link: String,
    user: UserId,
    at: Instant,
}

impl DeepLinks {
    /// Remembers the link of `attempt`, if it has one.
    pub(crate) fn note(&self, attempt: &Attempt, now: Instant) {
        let Some(link) = &attempt.deep_link else { return };
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, seen| now.since(seen.at) < ATTEMPT_TERM);
        let is_theirs = |state: &StateHash, seen: &Seen| seen.user == attempt.user && *state != attempt.state_hash;
        let theirs: Vec<_> = all.iter().filter(|(state, seen)| is_theirs(state, seen)).collect();
        // One more ends the user's oldest attempt.
        let superseded = theirs.iter().min_by_key(|(_, seen)| seen.at).filter(|_| theirs.len() >= OPEN_ATTEMPTS);
        if let Some(state) = superseded.map(|(state, _)| **state) {
            all.remove(&state);
        }
        if all.len() < MOST {
            let seen = Seen { link: link.clone(), user: attempt.user.clone(), at: now };
            all.insert(attempt.state_hash, seen);
        }
    }

    /// The link of the attempt with this state, if it is remembered.
    pub(crate) fn of(&self, state: &StateHash) -> Option<String> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(state).map(|seen| seen.link.clone())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;

    use super::*;
    use crate::ids::AttemptId;

    fn attempt(user: &str, number: u8) -> Attempt {
        let (id, state) = (AttemptId([number; 16]), StateHash([number; 32]));
        let attempt = Attempt::open(id, UserId::new(user).unwrap(), state, Timestamp::UNIX_EPOCH);
        Attempt { deep_link: Some(format!("app{number}://")), ..attempt }
    }

    #[test]
    fn a_user_has_as_many_as_open_attempts_and_leaves_room_for_others() {
        let links = DeepLinks::default();
        links.note(&attempt("olena", 200), Instant::at(Duration::ZERO));
        for number in 0..20 {
            links.note(&attempt("ivan", number), Instant::at(Duration::from_secs(u64::from(number))));
        }
        let remembered: Vec<_> = (0..20).filter(|number| links.of(&StateHash([*number; 32])).is_some()).collect();
        assert_eq!(remembered, [15, 16, 17, 18, 19], "his newest");
        assert_eq!(links.of(&StateHash([200; 32])).as_deref(), Some("app200://"));
        links.note(&attempt("ivan", 15), Instant::at(Duration::from_secs(30)));
        assert!(links.of(&StateHash([16; 32])).is_some(), "one that is seen again is none more");
    }

    #[test]
    fn a_link_is_remembered_for_as_long_as_its_attempt_can_be_open_and_there_are_so_many() {
        let links = DeepLinks::default();
        let remembered = |number| links.of(&StateHash([number; 32])).is_some();
        let noted = |number: u8, after| links.note(&attempt(&number.to_string(), number), Instant::at(after));
        noted(0, Duration::ZERO);
        noted(1, ATTEMPT_TERM.saturating_sub(Duration::from_millis(1)));
        assert!(remembered(0));
        noted(2, ATTEMPT_TERM);
        assert!(!remembered(0) && remembered(1) && remembered(2));

        let links = DeepLinks::default();
        let state = |number: usize| {
            let mut state = [0; 32];
            state[..8].copy_from_slice(&number.to_be_bytes());
            StateHash(state)
        };
        for number in 0..=MOST {
            let attempt = Attempt { state_hash: state(number), ..attempt(&number.to_string(), 0) };
            links.note(&attempt, Instant::default());
        }
        assert!(links.of(&state(MOST - 1)).is_some() && links.of(&state(MOST)).is_none());
    }
}
