//! Pairs that amoCRM has given and the store has not taken yet, and refreshes under way.
//!
//! Until they are saved nobody uses them, and this process sends neither their code nor the
//! token they replace again, whatever has become of the lease meanwhile. Nor is a token sent
//! again while this process waits for the answer to a sending: that one may bring the pair.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::ids::{Generation, UserId};
use crate::token::CodeHash;

/// Where a pair is on its way to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Bound {
    /// To the record of this code.
    Code(CodeHash),
    /// To this user's connection.
    Connection(UserId),
    /// None yet: the tokens of this generation are being refreshed.
    Refresh(UserId, Generation),
}

/// The pairs on their way in this process.
#[derive(Clone, Debug, Default)]
pub(super) struct InHand(Arc<Mutex<HashSet<Bound>>>);

/// Ends the way of a pair when it is dropped.
#[derive(Debug)]
pub(super) struct OnItsWay {
    bound: Bound,
    all: InHand,
}

impl InHand {
    /// Notes that a pair is on its way from now on.
    pub(super) fn take(&self, bound: Bound) -> OnItsWay {
        self.all().insert(bound.clone());
        OnItsWay { bound, all: self.clone() }
    }

    /// Whether a pair is on its way there.
    pub(super) fn holds(&self, bound: &Bound) -> bool {
        self.all().contains(bound)
    }

    /// How many pairs are on their way.
    pub(super) fn count(&self) -> usize {
        self.all().iter().filter(|bound| !matches!(bound, Bound::Refresh(..))).count()
    }

    fn all(&self) -> MutexGuard<'_, HashSet<Bound>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for OnItsWay {
    fn drop(&mut self) {
        self.all.all().remove(&self.bound);
    }
}
