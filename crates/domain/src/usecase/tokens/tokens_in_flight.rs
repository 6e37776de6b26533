//! Tokens in flight: token requests under way, and pairs that amoCRM has issued and the store has not saved yet. Who saves
//! a pair has it; here it is known that there is one.
//!
//! Until a pair is saved nobody uses it, and this process does not send its code, or the token that
//! it replaces, again, even if the lease has lapsed. This process also sends no token again while it
//! waits for the answer to a sending: that answer may hold the pair.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::ids::{Generation, UserId};
use crate::ports::StoreError;
use crate::token::CodeHash;

/// What is pending.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Pending {
    /// A pair, to be saved in the record of this code.
    Code(CodeHash),
    /// A pair, to be saved in this user's connection.
    Connection(UserId),
    /// No pair yet: this code is being exchanged.
    Exchange(CodeHash),
    /// No pair yet: the tokens of this generation are being refreshed.
    Refresh(UserId, Generation),
}

/// The tokens of this process that are in flight.
#[derive(Clone, Debug, Default)]
pub(crate) struct TokensInFlight(Arc<Mutex<HashMap<Pending, Entries>>>);

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

/// Keeps one entry until it is dropped.
#[derive(Debug)]
pub(crate) struct TokenInFlight {
    entry: Pending,
    all: TokensInFlight,
}

impl TokensInFlight {
    /// Adds `entry`.
    pub(crate) fn take(&self, entry: Pending) -> TokenInFlight {
        self.all().entry(entry.clone()).or_default().count += 1;
        TokenInFlight { entry, all: self.clone() }
    }

    /// Adds `entry`; `None` if there is one already.
    pub(crate) fn take_alone(&self, entry: Pending) -> Option<TokenInFlight> {
        match self.all().entry(entry.clone()) {
            Entry::Occupied(_) => return None,
            Entry::Vacant(free) => free.insert(Entries { count: 1, has_failed: false }),
        };
        Some(TokenInFlight { entry, all: self.clone() })
    }

    /// Whether `entry` is pending.
    pub(crate) fn holds(&self, entry: &Pending) -> bool {
        self.all().contains_key(entry)
    }

    /// The failure of the store that keeps this pair from being saved, if there is one. It is the
    /// answer to whoever has waited for that pair for too long: amoCRM has answered.
    pub(crate) fn failure(&self, entry: &Pending) -> Option<StoreError> {
        self.has_failed(entry).then(|| StoreError::Unavailable(Box::new(NotSavedYet)))
    }

    fn has_failed(&self, entry: &Pending) -> bool {
        self.all().get(entry).is_some_and(|known| known.has_failed)
    }

    /// How many pairs are not saved yet.
    pub(crate) fn unsaved_pairs(&self) -> usize {
        self.count_of(|entry| matches!(entry, Pending::Code(_) | Pending::Connection(_)))
    }

    /// How many token requests are not settled yet.
    pub(crate) fn under_way(&self) -> usize {
        self.count_of(|entry| matches!(entry, Pending::Exchange(_) | Pending::Refresh(..)))
    }

    fn count_of(&self, counted: impl Fn(&Pending) -> bool) -> usize {
        self.all().iter().filter(|(entry, _)| counted(entry)).map(|(_, known)| known.count).sum()
    }

    fn all(&self) -> MutexGuard<'_, HashMap<Pending, Entries>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TokenInFlight {
    /// Notes that the store could not save the pair this time.
    pub(crate) fn note_failure(&self) {
        if let Some(entries) = self.all.all().get_mut(&self.entry) {
            entries.has_failed = true;
        }
    }

    /// Whether the store could not save the pair, or another one for the same place.
    pub(crate) fn has_failed(&self) -> bool {
        self.all.has_failed(&self.entry)
    }
}

impl Drop for TokenInFlight {
    fn drop(&mut self) {
        let mut all = self.all.all();
        match all.get_mut(&self.entry) {
            Some(known) if known.count > 1 => known.count -= 1,
            _ => drop(all.remove(&self.entry)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_pending_until_its_last_pair_is_saved() {
        let tokens_in_flight = TokensInFlight::default();
        let entry = Pending::Connection(UserId::new("olena").unwrap());
        let (first, second) = (tokens_in_flight.take(entry.clone()), tokens_in_flight.take(entry.clone()));
        assert_eq!((tokens_in_flight.unsaved_pairs(), tokens_in_flight.under_way()), (2, 0));
        assert!(tokens_in_flight.failure(&entry).is_none() && !second.has_failed());
        second.note_failure();
        assert!(second.has_failed());
        assert!(tokens_in_flight.failure(&entry).is_some());
        drop(first);
        assert!(tokens_in_flight.holds(&entry) && tokens_in_flight.take_alone(entry.clone()).is_none());
        drop(second);
        let alone = tokens_in_flight.take_alone(entry.clone()).unwrap();
        assert!(tokens_in_flight.holds(&entry));
        drop(alone);
        assert_eq!((tokens_in_flight.holds(&entry), tokens_in_flight.unsaved_pairs()), (false, 0));
        assert!(tokens_in_flight.failure(&entry).is_none());
    }

    #[test]
    fn requests_under_way_are_no_pairs() {
        let tokens_in_flight = TokensInFlight::default();
        let olena = UserId::new("olena").unwrap();
        let _refreshes =
            [1, 2].map(|number| tokens_in_flight.take(Pending::Refresh(olena.clone(), Generation(number))));
        let _exchange = tokens_in_flight.take(Pending::Exchange(CodeHash([1; 32])));
        assert_eq!((tokens_in_flight.unsaved_pairs(), tokens_in_flight.under_way()), (0, 3));
    }
}
