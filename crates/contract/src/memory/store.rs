//! [`MemoryTokenStore`]: rows in memory, a clock, and whether it is down.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use amo_connect_domain::idempotency::{KeyHash, WriteRecord};
use amo_connect_domain::ports::StoreError;
use jiff::Timestamp;

use super::rows::Rows;
use crate::clock::TestClock;
use crate::fixtures::at;

/// A [`Storage`](amo_connect_domain::ports::Storage) in memory. Its clones are handles on the same data, as another process
/// would have them.
#[derive(Clone, Debug)]
pub struct MemoryTokenStore {
    rows: Arc<Mutex<Rows>>,
    clock: TestClock,
    down: Arc<AtomicBool>,
}

/// The store was told to be down.
#[derive(Debug, thiserror::Error)]
#[error("the store in memory plays dead")]
pub(super) struct PlaysDead;

impl Default for MemoryTokenStore {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryTokenStore {
    /// An empty store. Its clock is a year ahead of the tests' time: who mixes them up is found out.
    pub fn new() -> Self {
        Self::with_clock(TestClock::at(at(365 * 24 * 3600)))
    }

    /// An empty store that judges leases by `clock`.
    pub fn with_clock(clock: TestClock) -> Self {
        Self { rows: Arc::new(Mutex::new(Rows::new(clock.clone()))), clock, down: Arc::default() }
    }

    /// The clock that leases are judged by.
    pub fn test_clock(&self) -> &TestClock {
        &self.clock
    }

    /// While `down`, every method answers [`StoreError::Unavailable`].
    pub fn set_down(&self, down: bool) {
        self.down.store(down, Ordering::SeqCst);
    }

    /// Alters the record of a write behind the port's back, as a broken store would.
    pub fn alter_write(&self, key: KeyHash, alter: impl FnOnce(&mut WriteRecord)) {
        if let Some(record) = self.rows.lock().unwrap_or_else(PoisonError::into_inner).writes.get_mut(&key) {
            alter(record);
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(super) fn rows(&self) -> Result<MutexGuard<'_, Rows>, StoreError> {
        if self.down.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable(Box::new(PlaysDead)));
        }
        Ok(self.rows.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
