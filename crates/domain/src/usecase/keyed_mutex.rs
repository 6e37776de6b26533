//! A mutex for each key: of those in this process who wait for the same thing, one asks the store at a time.

use std::future::Future;
use std::hash::Hash;
use std::sync::Arc;

use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::usecase::shared_by_key::SharedByKey;

/// The mutexes that somebody has or waits for, by key.
#[derive(Debug)]
pub(crate) struct KeyedMutex<K>(SharedByKey<K, Mutex<()>>);

impl<K: Eq + Hash> KeyedMutex<K> {
    /// Locks the mutex of `key`, in the order of coming.
    pub(crate) async fn lock(&self, key: K) -> OwnedMutexGuard<()> {
        self.0.of(key).lock_owned().await
    }

    /// The same; `None` if `most` have the mutex or wait for it already.
    pub(crate) fn lock_among(&self, most: usize, key: K) -> Option<impl Future<Output = OwnedMutexGuard<()>> + use<K>> {
        let mutex = self.0.of(key);
        // Whoever has it or waits for it has a reference, and so has this caller.
        (Arc::strong_count(&mutex) <= most).then(|| mutex.lock_owned())
    }
}

impl<K> Default for KeyedMutex<K> {
    fn default() -> Self {
        Self(SharedByKey::default())
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn one_has_the_lock_of_a_key_at_a_time() {
        let (mutexes, one, other) = (KeyedMutex::<u8>::default(), 1, 2);
        let first = mutexes.lock(one).now_or_never().unwrap();
        let mut second = Box::pin(mutexes.lock(one));
        assert!(second.as_mut().now_or_never().is_none());
        assert!(mutexes.lock(other).now_or_never().is_some(), "another key's");
        drop(first);
        drop(second.now_or_never().unwrap());
    }

    #[test]
    fn few_have_the_mutex_of_a_key_or_wait_for_it() {
        let mutexes = KeyedMutex::<u8>::default();
        let mut waiting: Vec<_> = (0..5).filter_map(|_| mutexes.lock_among(2, 1)).map(Box::pin).collect();
        assert_eq!(waiting.len(), 2);
        assert!(mutexes.lock_among(2, 2).is_some(), "another key's");
        let first = waiting.remove(0).now_or_never().unwrap();
        assert!(mutexes.lock_among(2, 1).is_none());
        drop(first);
        assert!(mutexes.lock_among(2, 1).is_some());
    }
}
