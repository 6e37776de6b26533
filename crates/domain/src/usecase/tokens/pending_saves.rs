//! Pairs that amoCRM has given and the store has not taken yet, and token requests under way.
//!
//! Until they are saved nobody uses them, and this process sends neither their code nor the
//! token they replace again, whatever has become of the lease meanwhile. Nor is a token sent
//! again while this process waits for the answer to a sending: that one may bring the pair.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::ids::{Generation, UserId};
use crate::token::CodeHash;

/// Where a pair is on its way to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Bound {
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
pub(crate) struct InHand(Arc<Mutex<HashMap<Bound, usize>>>);

/// Ends the way of a pair when it is dropped.
#[derive(Debug)]
pub(crate) struct OnItsWay {
    bound: Bound,
    all: InHand,
}

impl InHand {
    /// Notes that a pair is on its way from now on.
    pub(crate) fn take(&self, bound: Bound) -> OnItsWay {
        *self.all().entry(bound.clone()).or_default() += 1;
        OnItsWay { bound, all: self.clone() }
    }

    /// The same, unless one is on its way there already.
    pub(crate) fn take_alone(&self, bound: Bound) -> Option<OnItsWay> {
        match self.all().entry(bound.clone()) {
            Entry::Occupied(_) => return None,
            Entry::Vacant(free) => free.insert(1),
        };
        Some(OnItsWay { bound, all: self.clone() })
    }

    /// Whether a pair is on its way there.
    pub(crate) fn holds(&self, bound: &Bound) -> bool {
        self.all().contains_key(bound)
    }

    /// How many pairs are on their way.
    pub(crate) fn count(&self) -> usize {
        let pairs = |bound: &Bound| matches!(bound, Bound::Code(_) | Bound::Connection(_));
        self.all().iter().filter(|(bound, _)| pairs(bound)).map(|(_, count)| count).sum()
    }

    fn all(&self) -> MutexGuard<'_, HashMap<Bound, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for OnItsWay {
    fn drop(&mut self) {
        let mut all = self.all.all();
        match all.get_mut(&self.bound) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(all.remove(&self.bound)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_ends_with_the_last_pair_on_it() {
        let in_hand = InHand::default();
        let bound = Bound::Connection(UserId::new("olena").unwrap());
        let (first, second) = (in_hand.take(bound.clone()), in_hand.take(bound.clone()));
        assert_eq!(in_hand.count(), 2);
        drop(first);
        assert!(in_hand.holds(&bound) && in_hand.take_alone(bound.clone()).is_none());
        drop(second);
        let alone = in_hand.take_alone(bound.clone()).unwrap();
        assert!(in_hand.holds(&bound));
        drop(alone);
        assert_eq!((in_hand.holds(&bound), in_hand.count()), (false, 0));
    }
}
