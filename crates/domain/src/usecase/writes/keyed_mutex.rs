//! A mutex for each idempotency key: of those who repeat a write while it is under way, one of this process asks the
//! store at a time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync;

use crate::idempotency::KeyHash;

/// The mutexes that somebody has or waits for, by key.
#[derive(Debug, Default)]
pub(crate) struct KeyedMutex(Mutex<HashMap<KeyHash, Weak<sync::Mutex<()>>>>);

impl KeyedMutex {
    /// Locks the mutex of `key`, in the order of coming.
    pub(super) async fn lock(&self, key: KeyHash) -> sync::OwnedMutexGuard<()> {
        self.of(key).lock_owned().await
    }

    fn of(&self, key: KeyHash) -> Arc<sync::Mutex<()>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mutex) = all.get(&key).and_then(Weak::upgrade) {
            return mutex;
        }
        all.retain(|_, mutex| mutex.strong_count() > 0);
        let mutex = Arc::default();
        all.insert(key, Arc::downgrade(&mutex));
        mutex
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn one_has_the_lock_of_a_key_at_a_time_and_nothing_is_left_of_it() {
        let (mutexes, one, other) = (KeyedMutex::default(), KeyHash([1; 32]), KeyHash([2; 32]));
        let first = mutexes.lock(one).now_or_never().unwrap();
        let mut second = Box::pin(mutexes.lock(one));
        assert!(second.as_mut().now_or_never().is_none());
        assert!(mutexes.lock(other).now_or_never().is_some(), "another key's");
        drop(first);
        drop(second.now_or_never().unwrap());
        drop(mutexes.lock(other).now_or_never());
        let left: Vec<_> = mutexes.0.lock().unwrap().keys().copied().collect();
        assert_eq!(left, [other], "the next one sweeps");
    }
}
