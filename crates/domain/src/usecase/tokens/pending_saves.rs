//! Pairs that amoCRM has given and the store has not taken yet, and token requests under way.
//!
//! Until they are saved nobody uses them, and this process sends neither their code nor the
//! token they replace again, whatever has become of the lease meanwhile. Nor is a token sent
//! again while this process waits for the answer to a sending: that one may bring the pair.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::ids::{Generation, UserId};
use crate::ports::StoreError;
use crate::token::CodeHash;

/// Where a pair is on its way to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Pending {
    /// To the record of this code.
    Code(CodeHash),
    /// To this user's connection.
    Connection(UserId),
    /// None yet: this code is being exchanged.
    Exchange(CodeHash),
    /// None yet: the tokens of this generation are being refreshed.
    Refresh(UserId, Generation),
}

/// The pairs on their way in this process.
#[derive(Clone, Debug, Default)]
pub(crate) struct PendingSaves(Arc<Mutex<HashMap<Pending, Entries>>>);

/// How many pairs are on their way to one place, and whether the store has refused one of them.
#[derive(Debug, Default)]
struct Entries {
    count: usize,
    has_failed: bool,
}

/// A pair that amoCRM gave could not be saved yet.
#[derive(Debug, thiserror::Error)]
#[error("new tokens are not saved yet")]
struct NotSavedYet;

/// Ends the way of a pair when it is dropped.
#[derive(Debug)]
pub(crate) struct PendingSave {
    bound: Pending,
    all: PendingSaves,
}

impl PendingSaves {
    /// Notes that a pair is on its way from now on.
    pub(crate) fn take(&self, bound: Pending) -> PendingSave {
        self.all().entry(bound.clone()).or_default().count += 1;
        PendingSave { bound, all: self.clone() }
    }

    /// The same, unless one is on its way there already.
    pub(crate) fn take_alone(&self, bound: Pending) -> Option<PendingSave> {
        match self.all().entry(bound.clone()) {
            Entry::Occupied(_) => return None,
            Entry::Vacant(free) => free.insert(Entries { count: 1, has_failed: false }),
        };
        Some(PendingSave { bound, all: self.clone() })
    }

    /// Whether a pair is on its way there.
    pub(crate) fn holds(&self, bound: &Pending) -> bool {
        self.all().contains_key(bound)
    }

    /// The failure of the store that keeps a pair from being saved there, if there is one. Whoever
    /// has waited for that pair in vain is told so: amoCRM has answered.
    pub(crate) fn failure(&self, bound: &Pending) -> Option<StoreError> {
        let has_failed = self.all().get(bound).is_some_and(|entries| entries.has_failed);
        has_failed.then(|| StoreError::Unavailable(Box::new(NotSavedYet)))
    }

    /// How many pairs are on their way.
    pub(crate) fn count(&self) -> usize {
        let pairs = |bound: &Pending| matches!(bound, Pending::Code(_) | Pending::Connection(_));
        self.all().iter().filter(|(bound, _)| pairs(bound)).map(|(_, entries)| entries.count).sum()
    }

    fn all(&self) -> MutexGuard<'_, HashMap<Pending, Entries>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PendingSave {
    /// Notes that the store could not save the pair this time.
    pub(crate) fn note_failure(&self) {
        if let Some(entries) = self.all.all().get_mut(&self.bound) {
            entries.has_failed = true;
        }
    }
}

impl Drop for PendingSave {
    fn drop(&mut self) {
        let mut all = self.all.all();
        match all.get_mut(&self.bound) {
            Some(entries) if entries.count > 1 => entries.count -= 1,
            _ => drop(all.remove(&self.bound)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_ends_with_the_last_pair_on_it() {
        let pending_saves = PendingSaves::default();
        let bound = Pending::Connection(UserId::new("olena").unwrap());
        let (first, second) = (pending_saves.take(bound.clone()), pending_saves.take(bound.clone()));
        assert_eq!(pending_saves.count(), 2);
        assert!(pending_saves.failure(&bound).is_none());
        second.note_failure();
        assert!(pending_saves.failure(&bound).is_some());
        drop(first);
        assert!(pending_saves.holds(&bound) && pending_saves.take_alone(bound.clone()).is_none());
        drop(second);
        let alone = pending_saves.take_alone(bound.clone()).unwrap();
        assert!(pending_saves.holds(&bound));
        drop(alone);
        assert_eq!((pending_saves.holds(&bound), pending_saves.count()), (false, 0));
        assert!(pending_saves.failure(&bound).is_none());
    }
}
