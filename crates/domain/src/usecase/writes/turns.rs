//! Turns of those who repeat a write of one key while it is under way: of this process, one asks the store at a time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync;

use crate::idempotency::KeyHash;

/// The turns that somebody waits for or has, by key.
#[derive(Debug, Default)]
pub(crate) struct Turns(Mutex<HashMap<KeyHash, Weak<sync::Mutex<()>>>>);

/// A turn, until it is dropped.
pub(super) type Turn = sync::OwnedMutexGuard<()>;

impl Turns {
    /// The next turn of `key`, in the order of coming.
    pub(super) async fn next(&self, key: KeyHash) -> Turn {
        self.of(key).lock_owned().await
    }

    fn of(&self, key: KeyHash) -> Arc<sync::Mutex<()>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(turns) = all.get(&key).and_then(Weak::upgrade) {
            return turns;
        }
        all.retain(|_, turns| turns.strong_count() > 0);
        let turns = Arc::default();
        all.insert(key, Arc::downgrade(&turns));
        turns
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn one_has_the_turn_of_a_key_at_a_time_and_nothing_is_left_of_it() {
        let (turns, one, other) = (Turns::default(), KeyHash([1; 32]), KeyHash([2; 32]));
        let first = turns.next(one).now_or_never().unwrap();
        let mut second = Box::pin(turns.next(one));
        assert!(second.as_mut().now_or_never().is_none());
        assert!(turns.next(other).now_or_never().is_some(), "another key's");
        drop(first);
        drop(second.now_or_never().unwrap());
        drop(turns.next(other).now_or_never());
        let left: Vec<_> = turns.0.lock().unwrap().keys().copied().collect();
        assert_eq!(left, [other], "the next one sweeps");
    }
}
