//! A value for each key, as long as somebody has it.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// The values that somebody has, by key.
pub(crate) struct SharedByKey<K, T>(Mutex<HashMap<K, Weak<T>>>);

impl<K: Eq + Hash, T: Default> SharedByKey<K, T> {
    /// The value of `key`; a new one if nobody has it.
    pub(crate) fn of(&self, key: K) -> Arc<T> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(value) = all.get(&key).and_then(Weak::upgrade) {
            return value;
        }
        all.retain(|_, value| value.strong_count() > 0);
        let value = Arc::default();
        all.insert(key, Arc::downgrade(&value));
        value
    }

    /// The value of `key`, if somebody has it.
    pub(crate) fn get(&self, key: &K) -> Option<Arc<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).and_then(Weak::upgrade)
    }
}

impl<K, T> Default for SharedByKey<K, T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K, T> fmt::Debug for SharedByKey<K, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        f.debug_struct("SharedByKey").field("keys", &all.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU8;

    use super::*;

    #[test]
    fn a_value_is_shared_while_somebody_has_it_and_the_next_new_one_sweeps() {
        let values = SharedByKey::<u8, AtomicU8>::default();
        let (first, second) = (values.of(1), values.of(1));
        assert!(Arc::ptr_eq(&first, &second) && values.get(&1).is_some() && values.get(&2).is_none());
        drop((first, second));
        assert!(values.get(&1).is_none());
        let other = values.of(2);
        assert_eq!(values.0.lock().unwrap().keys().copied().collect::<Vec<_>>(), [2]);
        drop(other);
    }
}
