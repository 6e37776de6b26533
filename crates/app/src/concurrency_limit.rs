//! A concurrency limit by key: how many requests of one user are in flight at one time.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

type Counts<K> = Arc<Mutex<HashMap<K, usize>>>;

/// At most so many in flight of each key.
pub struct ConcurrencyLimit<K> {
    most: usize,
    in_flight: Counts<K>,
}

/// One in flight, until it is dropped.
pub struct InFlight<K: Eq + Hash> {
    key: K,
    in_flight: Counts<K>,
}

impl<K: Clone + Eq + Hash> ConcurrencyLimit<K> {
    /// At most so many of one key.
    pub fn of(most: usize) -> Self {
        Self { most, in_flight: Arc::default() }
    }

    /// One more of `key`; `None` if as many are in flight as may be.
    pub fn begin(&self, key: K) -> Option<InFlight<K>> {
        let mut counts = self.in_flight.lock().unwrap_or_else(PoisonError::into_inner);
        match counts.get_mut(&key) {
            Some(count) if *count >= self.most => return None,
            Some(count) => *count += 1,
            None => {
                counts.insert(key.clone(), 1);
            }
        }
        Some(InFlight { key, in_flight: Arc::clone(&self.in_flight) })
    }
}

impl<K: Eq + Hash> Drop for InFlight<K> {
    fn drop(&mut self) {
        let mut counts = self.in_flight.lock().unwrap_or_else(PoisonError::into_inner);
        match counts.get_mut(&self.key) {
            Some(count) if *count > 1 => *count -= 1,
            _ => {
                counts.remove(&self.key);
            }
        }
    }
}

impl<K> fmt::Debug for ConcurrencyLimit<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConcurrencyLimit").field("most", &self.most).finish_non_exhaustive()
    }
}

impl<K: Eq + Hash> fmt::Debug for InFlight<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InFlight")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_has_a_limit_of_its_own_and_nothing_is_left_of_it() {
        let limit = ConcurrencyLimit::of(2);
        let (first, second) = (limit.begin("olena"), limit.begin("olena"));
        assert!(first.is_some() && second.is_some() && limit.begin("olena").is_none());
        let other = limit.begin("ivan");
        assert!(other.is_some());
        drop(first);
        let again = limit.begin("olena");
        assert!(again.is_some() && limit.begin("olena").is_none());
        drop((second, again, other));
        assert!(limit.in_flight.lock().unwrap().is_empty());
    }
}
