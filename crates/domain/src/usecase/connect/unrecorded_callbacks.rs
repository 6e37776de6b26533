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
