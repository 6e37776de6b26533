//! Single flight: equal requests at the same time share one call.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared, WeakShared};

use crate::ports::AmoError;

/// A call under way, for all callers with the same key.
pub(super) type SharedCall<T> = Shared<BoxFuture<'static, Result<T, AmoError>>>;

type WeakCall<T> = WeakShared<BoxFuture<'static, Result<T, AmoError>>>;

/// The calls under way, by key. A call lives as long as a caller waits for it: when the last caller
/// has gone away, the call is dropped.
pub(super) struct SingleFlight<K: Eq + Hash, T: Clone>(Arc<Mutex<Calls<K, T>>>);

struct Calls<K, T: Clone> {
    under_way: HashMap<K, (u64, WeakCall<T>)>,
    begun: u64,
}

impl<K, T> SingleFlight<K, T>
where
    K: Clone + Eq + Hash + Send + 'static,
    T: Clone + Send + Sync + 'static,
{
    /// The call for `key`; `begin` starts one if there is none.
    pub(super) fn join<F>(&self, key: K, begin: impl FnOnce() -> F) -> SharedCall<T>
    where
        F: Future<Output = Result<T, AmoError>> + Send + 'static,
    {
        let mut calls = lock(&self.0);
        if let Some(call) = calls.under_way.get(&key).and_then(|(_, call)| call.upgrade()) {
            return call;
        }
        calls.begun += 1;
        let entry = Entry { key: key.clone(), number: calls.begun, calls: Arc::clone(&self.0) };
        let number = entry.number;
        let work = begin();
        let call = async move {
            let outcome = work.await;
            // A caller that comes after the answer starts a new call.
            drop(entry);
            outcome
        };
        let call = call.boxed().shared();
        if let Some(weak) = call.downgrade() {
            calls.under_way.insert(key, (number, weak));
        }
        call
    }
}

impl<K: Eq + Hash, T: Clone> Default for SingleFlight<K, T> {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Calls { under_way: HashMap::new(), begun: 0 })))
    }
}

impl<K: Eq + Hash, T: Clone> fmt::Debug for SingleFlight<K, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SingleFlight").field("under_way", &lock(&self.0).under_way.len()).finish_non_exhaustive()
    }
}

/// A call's entry, removed when the call is done or dropped.
struct Entry<K: Eq + Hash, T: Clone> {
    key: K,
    number: u64,
    calls: Arc<Mutex<Calls<K, T>>>,
}

impl<K: Eq + Hash, T: Clone> Drop for Entry<K, T> {
    fn drop(&mut self) {
        let mut calls = lock(&self.calls);
        // The next call for this key may be under way already.
        if calls.under_way.get(&self.key).is_some_and(|(number, _)| *number == self.number) {
            calls.under_way.remove(&self.key);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::future::{join, pending, ready};

    use super::*;

    fn under_way(calls: &SingleFlight<u8, u8>) -> usize {
        lock(&calls.0).under_way.len()
    }

    #[test]
    fn equal_requests_share_one_call_until_it_is_done() {
        let calls = SingleFlight::<u8, u8>::default();
        let begun = AtomicUsize::new(0);
        let ask = |key| {
            calls.join(key, || {
                begun.fetch_add(1, Ordering::SeqCst);
                ready(Ok(7))
            })
        };
        let (first, second, other) = (ask(1), ask(1), ask(2));
        assert_eq!((begun.load(Ordering::SeqCst), under_way(&calls)), (2, 2));
        assert_eq!(join(first, second).now_or_never(), Some((Ok(7), Ok(7))));
        assert_eq!(other.now_or_never(), Some(Ok(7)));
        assert_eq!(under_way(&calls), 0);
        assert_eq!(ask(1).now_or_never(), Some(Ok(7)));
        assert_eq!(begun.load(Ordering::SeqCst), 3);
    }

    #[test]
    fn a_call_that_nobody_waits_for_is_dropped() {
        let calls = SingleFlight::<u8, u8>::default();
        let abandoned = calls.join(1, pending);
        assert!(abandoned.clone().now_or_never().is_none());
        drop(abandoned);
        assert_eq!(under_way(&calls), 0);
        assert_eq!(calls.join(1, || ready(Err(AmoError::Blocked))).now_or_never(), Some(Err(AmoError::Blocked)));
    }
}
