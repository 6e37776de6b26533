//! Places by key: how many things of one key there are at one time.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

type Taken<K> = Arc<Mutex<HashMap<K, usize>>>;

/// So many places for each key.
pub struct Places<K> {
    most: usize,
    taken: Taken<K>,
}

/// A place, until it is dropped.
pub struct Place<K: Eq + Hash> {
    key: K,
    taken: Taken<K>,
}

impl<K: Clone + Eq + Hash> Places<K> {
    /// At most so many of one key.
    pub fn of(most: usize) -> Self {
        Self { most, taken: Arc::default() }
    }

    /// A place for `key`; `None` if all of its places are taken.
    pub fn take(&self, key: K) -> Option<Place<K>> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        match taken.get_mut(&key) {
            Some(count) if *count >= self.most => return None,
            Some(count) => *count += 1,
            None => {
                taken.insert(key.clone(), 1);
            }
        }
        Some(Place { key, taken: Arc::clone(&self.taken) })
    }
}

impl<K: Eq + Hash> Drop for Place<K> {
    fn drop(&mut self) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        match taken.get_mut(&self.key) {
            Some(count) if *count > 1 => *count -= 1,
            _ => {
                taken.remove(&self.key);
            }
        }
    }
}

impl<K> fmt::Debug for Places<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Places").field("most", &self.most).finish_non_exhaustive()
    }
}

impl<K: Eq + Hash> fmt::Debug for Place<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Place")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_has_its_own_places_and_nothing_is_left_of_it() {
        let places = Places::of(2);
        let (first, second) = (places.take("olena"), places.take("olena"));
        assert!(first.is_some() && second.is_some() && places.take("olena").is_none());
        let other = places.take("ivan");
        assert!(other.is_some());
        drop(first);
        let again = places.take("olena");
        assert!(again.is_some() && places.take("olena").is_none());
        drop((second, again, other));
        assert!(places.taken.lock().unwrap().is_empty());
    }
}
