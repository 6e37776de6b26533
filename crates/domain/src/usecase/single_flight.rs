//! Single flight: equal requests at the same time share one call.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared, WeakShared};

use crate::ports::AmoError;

/// Work under way, for everybody who asks for the same.
pub(crate) type SharedCall<T> = Shared<BoxFuture<'static, Result<T, AmoError>>>;

type WeakCall<T> = WeakShared<BoxFuture<'static, Result<T, AmoError>>>;

/// The work under way. A call is kept up by those who wait for it: when the last one has
/// gone away it ends, and nothing of it is left.
pub(crate) struct SingleFlight<K: Eq + Hash, T: Clone>(Arc<Mutex<Calls<K, T>>>);

struct Calls<K, T: Clone> {
    single_flight: HashMap<K, (u64, WeakCall<T>)>,
    begun: u64,
}

impl<K, T> SingleFlight<K, T>
where
    K: Clone + Eq + Hash + Send + 'static,
    T: Clone + Send + Sync + 'static,
{
    /// The call for `key`; `begin` starts one if there is none.
    pub(crate) fn join<F>(&self, key: K, begin: impl FnOnce() -> F) -> SharedCall<T>
    where
        F: Future<Output = Result<T, AmoError>> + Send + 'static,
    {
        let mut calls = lock(&self.0);
        if let Some(call) = calls.single_flight.get(&key).and_then(|(_, call)| call.upgrade()) {
            return call;
        }
        calls.begun += 1;
        let entry = Entry { key: key.clone(), number: calls.begun, calls: Arc::clone(&self.0) };
        let number = entry.number;
        let work = begin();
        let call = async move {
            let outcome = work.await;
            // Whoever comes after the answer asks anew.
            drop(entry);
            outcome
        };
        let call = call.boxed().shared();
        if let Some(weak) = call.downgrade() {
            calls.single_flight.insert(key, (number, weak));
        }
        call
    }
}

impl<K: Eq + Hash, T: Clone> Default for SingleFlight<K, T> {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Calls { single_flight: HashMap::new(), begun: 0 })))
    }
}

impl<K: Eq + Hash, T: Clone> fmt::Debug for SingleFlight<K, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SingleFlight").field("now", &lock(&self.0).single_flight.len()).finish_non_exhaustive()
    }
}

/// A call's entry, removed when it is done or given up.
struct Entry<K: Eq + Hash, T: Clone> {
    key: K,
    number: u64,
    calls: Arc<Mutex<Calls<K, T>>>,
}

impl<K: Eq + Hash, T: Clone> Drop for Entry<K, T> {
    fn drop(&mut self) {
        let mut calls = lock(&self.calls);
        // The next call for this key may be under way already.
        if calls.single_flight.get(&self.key).is_some_and(|(number, _)| *number == self.number) {
            calls.single_flight.remove(&self.key);
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

    fn under_way(single_flight: &SingleFlight<u8, u8>) -> usize {
        lock(&single_flight.0).single_flight.len()
    }

    #[test]
    fn equal_reads_are_one_until_it_has_landed() {
        let single_flight = SingleFlight::<u8, u8>::default();
        let begun = AtomicUsize::new(0);
        let call = |key| {
            single_flight.join(key, || {
                begun.fetch_add(1, Ordering::SeqCst);
                ready(Ok(7))
            })
        };
        let (first, second, other) = (call(1), call(1), call(2));
        assert_eq!((begun.load(Ordering::SeqCst), under_way(&single_flight)), (2, 2));
        assert_eq!(join(first, second).now_or_never(), Some((Ok(7), Ok(7))));
        assert_eq!(other.now_or_never(), Some(Ok(7)));
        assert_eq!(under_way(&single_flight), 0);
        assert_eq!(call(1).now_or_never(), Some(Ok(7)));
        assert_eq!(begun.load(Ordering::SeqCst), 3);
    }

    #[test]
    fn a_flight_that_nobody_waits_for_is_given_up() {
        let single_flight = SingleFlight::<u8, u8>::default();
        let abandoned = single_flight.join(1, pending);
        assert!(abandoned.clone().now_or_never().is_none());
        drop(abandoned);
        assert_eq!(under_way(&single_flight), 0);
        assert_eq!(
            single_flight.join(1, || ready(Err(AmoError::Blocked))).now_or_never(),
            Some(Err(AmoError::Blocked))
        );
    }
}
