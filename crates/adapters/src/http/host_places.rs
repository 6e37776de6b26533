//! How many long answers of one host are in memory at one time: the others wait, and leave room for other hosts.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::Semaphore;

/// The places of each host.
#[derive(Debug)]
pub(super) struct HostPlaces {
    most: usize,
    by_host: Mutex<HashMap<String, Weak<Semaphore>>>,
}

impl HostPlaces {
    /// So many for each host.
    pub(super) fn of(most: usize) -> Self {
        Self { most, by_host: Mutex::default() }
    }

    /// Those of `host`, which are remembered while one of them is taken or waited for.
    pub(super) fn of_host(&self, host: &str) -> Arc<Semaphore> {
        let mut by_host = self.by_host.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = by_host.get(host).and_then(Weak::upgrade) {
            return known;
        }
        by_host.retain(|_, places| places.strong_count() > 0);
        let places = Arc::new(Semaphore::new(self.most));
        by_host.insert(host.to_owned(), Arc::downgrade(&places));
        places
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_has_its_own_places_and_is_forgotten_when_none_is_taken() {
        let places = HostPlaces::of(2);
        let held: Vec<_> = (0..3).map_while(|_| places.of_host("one").try_acquire_owned().ok()).collect();
        assert_eq!(held.len(), 2);
        let other = places.of_host("two").try_acquire_owned().unwrap();
        drop(held);
        assert!(places.of_host("one").try_acquire_owned().is_ok());
        drop(places.of_host("three"));
        assert_eq!(places.by_host.lock().unwrap().len(), 2, "the other's, and the last");
        drop(other);
    }
}
