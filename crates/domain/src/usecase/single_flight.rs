//! Equal work that is in flight at the same time is one.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared, WeakShared};

use crate::ports::AmoError;

/// Work under way, for everybody who asks for the same.
pub(crate) type Flight<T> = Shared<BoxFuture<'static, Result<T, AmoError>>>;

type InTheAir<T> = WeakShared<BoxFuture<'static, Result<T, AmoError>>>;

/// The work under way. A flight is kept up by those who wait for it: when the last one has
/// gone away it ends, and nothing of it is left.
pub(crate) struct Flights<K: Eq + Hash, T: Clone>(Arc<Mutex<Board<K, T>>>);

struct Board<K, T: Clone> {
    flights: HashMap<K, (u64, InTheAir<T>)>,
    begun: u64,
}

impl<K, T> Flights<K, T>
where
    K: Clone + Eq + Hash + Send + 'static,
    T: Clone + Send + Sync + 'static,
{
    /// The flight for `key`; `begin` starts one if there is none.
    pub(crate) fn join<F>(&self, key: K, begin: impl FnOnce() -> F) -> Flight<T>
    where
        F: Future<Output = Result<T, AmoError>> + Send + 'static,
    {
        let mut board = lock(&self.0);
        if let Some(flight) = board.flights.get(&key).and_then(|(_, flight)| flight.upgrade()) {
            return flight;
        }
        board.begun += 1;
        let entry = Entry { key: key.clone(), number: board.begun, board: Arc::clone(&self.0) };
        let number = entry.number;
        let work = begin();
        let flight = async move {
            let outcome = work.await;
            // Whoever comes after the answer asks anew.
            drop(entry);
            outcome
        };
        let flight = flight.boxed().shared();
        if let Some(in_the_air) = flight.downgrade() {
            board.flights.insert(key, (number, in_the_air));
        }
        flight
    }
}

impl<K: Eq + Hash, T: Clone> Default for Flights<K, T> {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Board { flights: HashMap::new(), begun: 0 })))
    }
}

impl<K: Eq + Hash, T: Clone> fmt::Debug for Flights<K, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flights").field("now", &lock(&self.0).flights.len()).finish_non_exhaustive()
    }
}

/// A flight's line on the board, wiped when it lands or is given up.
struct Entry<K: Eq + Hash, T: Clone> {
    key: K,
    number: u64,
    board: Arc<Mutex<Board<K, T>>>,
}

impl<K: Eq + Hash, T: Clone> Drop for Entry<K, T> {
    fn drop(&mut self) {
        let mut board = lock(&self.board);
        // The next flight for this key may be on the board already.
        if board.flights.get(&self.key).is_some_and(|(number, _)| *number == self.number) {
            board.flights.remove(&self.key);
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

    fn aloft(flights: &Flights<u8, u8>) -> usize {
        lock(&flights.0).flights.len()
    }

    #[test]
    fn equal_reads_are_one_until_it_has_landed() {
        let flights = Flights::<u8, u8>::default();
        let begun = AtomicUsize::new(0);
        let fly = |key| {
            flights.join(key, || {
                begun.fetch_add(1, Ordering::SeqCst);
                ready(Ok(7))
            })
        };
        let (first, second, other) = (fly(1), fly(1), fly(2));
        assert_eq!((begun.load(Ordering::SeqCst), aloft(&flights)), (2, 2));
        assert_eq!(join(first, second).now_or_never(), Some((Ok(7), Ok(7))));
        assert_eq!(other.now_or_never(), Some(Ok(7)));
        assert_eq!(aloft(&flights), 0);
        assert_eq!(fly(1).now_or_never(), Some(Ok(7)));
        assert_eq!(begun.load(Ordering::SeqCst), 3);
    }

    #[test]
    fn a_flight_that_nobody_waits_for_is_given_up() {
        let flights = Flights::<u8, u8>::default();
        let abandoned = flights.join(1, pending);
        assert!(abandoned.clone().now_or_never().is_none());
        drop(abandoned);
        assert_eq!(aloft(&flights), 0);
        assert_eq!(flights.join(1, || ready(Err(AmoError::Blocked))).now_or_never(), Some(Err(AmoError::Blocked)));
    }
}
