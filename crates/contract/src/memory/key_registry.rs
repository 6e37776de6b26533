//! [`MemoryKeyRegistry`]: the keys of instances and of records, in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use amo_connect_domain::key_ring::{InstanceId, KeyId, KeyRing, SealedRecords, is_current};
use amo_connect_domain::ports::{KeyRegistry, StoreError};
use async_trait::async_trait;
use jiff::Timestamp;

use crate::clock::TestClock;
use crate::fixtures::at;
use crate::key_registry::{KeyRegistryHarness, Keys, Record};

/// A [`KeyRegistry`] in memory. Its clones are handles on the same data; each has keys of its own.
#[derive(Clone, Debug)]
pub struct MemoryKeyRegistry {
    rows: Arc<Mutex<Rows>>,
    clock: TestClock,
    keys: Keys,
}

#[derive(Debug, Default)]
struct Rows {
    rings: BTreeMap<InstanceId, (KeyRing, Timestamp)>,
    /// The key that each record is sealed under.
    records: BTreeMap<String, Option<Key>>,
}

/// The name of a key, and what makes it another one than others of this name.
type Key = (&'static str, u8);

/// The keys that a process is started with, the first one first.
fn keys(keys: Keys) -> &'static [Key] {
    match keys {
        Keys::Old => &[("old", 0)],
        Keys::NewAndOld => &[("new", 0), ("old", 0)],
        Keys::New => &[("new", 0)],
        Keys::OtherOld => &[("old", 1)],
    }
}

impl Default for MemoryKeyRegistry {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryKeyRegistry {
    /// An empty one, for a process with the key `old`. Its clock stands still.
    pub fn new() -> Self {
        Self { rows: Arc::default(), clock: TestClock::still(at(365 * 24 * 3600)), keys: Keys::Old }
    }

    fn rows(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same data, for a process with other keys.
    #[must_use]
    pub fn with_keys(&self, keys: Keys) -> Self {
        Self { keys, ..self.clone() }
    }
}

#[async_trait]
impl KeyRegistry for MemoryKeyRegistry {
    async fn publish_keys(&self, instance: InstanceId, ring: &KeyRing) -> Result<(), StoreError> {
        self.rows().rings.insert(instance, (ring.clone(), self.clock.now()));
        Ok(())
    }

    async fn withdraw_keys(&self, instance: InstanceId) -> Result<(), StoreError> {
        self.rows().rings.remove(&instance);
        Ok(())
    }

    async fn published_keys(&self) -> Result<Vec<(InstanceId, KeyRing)>, StoreError> {
        let (rows, now) = (self.rows(), self.clock.now());
        let current = rows.rings.iter().filter(|(_, (_, published_at))| is_current(*published_at, now));
        Ok(current.map(|(instance, (ring, _))| (*instance, ring.clone())).collect())
    }

    async fn sealed_records(&self) -> Result<Vec<SealedRecords>, StoreError> {
        let mut by_key: BTreeMap<Option<&str>, (u64, bool)> = BTreeMap::new();
        for sealed in self.rows().records.values() {
            let (records, opens) = by_key.entry(sealed.map(|(id, _)| id)).or_default();
            *records += 1;
            *opens |= sealed.is_some_and(|key| keys(self.keys).contains(&key));
        }
        let of_key = |(key, (records, opens)): (Option<&str>, _)| {
            let key = key.map(|id| KeyId(id.to_owned()));
            SealedRecords { key, records, opens }
        };
        Ok(by_key.into_iter().map(of_key).collect())
    }
}

#[async_trait]
impl KeyRegistryHarness for MemoryKeyRegistry {
    async fn fresh() -> Self {
        Self::new()
    }

    async fn handle(&self, keys: Keys) -> Arc<dyn KeyRegistry> {
        Arc::new(self.with_keys(keys))
    }

    async fn seal(&self, name: &str, _record: Record, with: Keys) {
        self.rows().records.insert(name.to_owned(), keys(with).first().copied());
    }

    async fn spoil(&self, name: &str) {
        self.rows().records.insert(name.to_owned(), None);
    }

    async fn advance_store_clock(&self, by: Duration) {
        self.clock.advance(by);
    }

    async fn set_store_clock_back(&self, by: Duration) {
        self.clock.set_back(by);
    }
}
