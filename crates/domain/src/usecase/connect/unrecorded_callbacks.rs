//! Attempts whose redirect came while the database was down.
//!
//! The database cannot record it, so the process remembers it: the app learns that a reload of the
//! browser page tries again.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::authorization::attempt::ATTEMPT_TERM;
use crate::clock::Instant;
use crate::token::StateHash;

/// How many are remembered. A longer outage shows elsewhere too.
const MOST: usize = 10_000;

/// The attempts, and when their redirects came.
#[derive(Debug, Default)]
pub(crate) struct UnrecordedCallbacks(Mutex<HashMap<StateHash, Instant>>);

impl UnrecordedCallbacks {
    /// Remembers the attempt of `state`.
    pub(crate) fn note(&self, state: StateHash, now: Instant) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, at| now.since(*at) < ATTEMPT_TERM);
        if all.len() < MOST {
            all.insert(state, now);
        }
    }

    /// Forgets the attempt of `state`: another redirect of it was received.
    pub(crate) fn forget(&self, state: &StateHash) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(state);
    }

    /// Whether the attempt of `state` is remembered.
    pub(crate) fn has(&self, state: &StateHash) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains_key(state)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn state(number: usize) -> StateHash {
        let mut hash = [0; 32];
        hash[..8].copy_from_slice(&number.to_le_bytes());
        StateHash(hash)
    }

    #[test]
    fn ten_thousand_attempts_are_remembered_for_as_long_as_an_attempt_lives() {
        let (all, begun) = (UnrecordedCallbacks::default(), Instant::default());
        for number in 0..MOST {
            all.note(state(number), begun);
        }
        all.note(state(MOST), begun);
        assert!(all.has(&state(0)) && all.has(&state(MOST - 1)) && !all.has(&state(MOST)));
        all.forget(&state(0));
        all.note(state(MOST), begun + Duration::from_secs(1));
        assert!(!all.has(&state(0)) && all.has(&state(MOST)));

        all.note(state(0), begun + ATTEMPT_TERM);
        assert!(all.has(&state(0)) && all.has(&state(MOST)) && !all.has(&state(1)));
    }
}
