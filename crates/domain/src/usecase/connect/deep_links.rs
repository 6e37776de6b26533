//! Where the pages of attempts lead, for pages that are shown without the database.
//!
//! The link is on the attempt's row. A page that says that the database is down, or that there are too many requests,
//! cannot read it there, so the process remembers the links it has seen.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::authorization::attempt::{ATTEMPT_TERM, Attempt};
use crate::clock::Instant;
use crate::token::StateHash;

/// How many are remembered. Of more, such a page leads to the service's own link.
const MOST: usize = 1_000;

/// The links that apps named, by the state of their attempt, and when they were seen.
#[derive(Debug, Default)]
pub(crate) struct DeepLinks(Mutex<HashMap<StateHash, (String, Instant)>>);

impl DeepLinks {
    /// Remembers the link of `attempt`, if it has one.
    pub(crate) fn note(&self, attempt: &Attempt, now: Instant) {
        let Some(link) = &attempt.deep_link else { return };
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, (_, seen)| now.since(*seen) < ATTEMPT_TERM);
        if all.len() < MOST {
            all.insert(attempt.state_hash, (link.clone(), now));
        }
    }

    /// The link of the attempt with this state, if it is remembered.
    pub(crate) fn of(&self, state: &StateHash) -> Option<String> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(state).map(|(link, _)| link.clone())
    }
}
