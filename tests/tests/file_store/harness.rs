//! The store under both suites.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use amo_connect_adapters::backend::Reseal as _;
use amo_connect_adapters::cipher::TokenKeys;
use amo_connect_contract::TestClock;
use amo_connect_contract::fixtures::at;
use amo_connect_contract::rate_limit_store::RateLimitStoreHarness;
use amo_connect_contract::token_store::{Keys, TokenStoreHarness};
use amo_connect_domain::idempotency::{WriteRecord, WriteRequest};
use amo_connect_domain::ids::LeaseOwner;
use amo_connect_domain::ports::{RateLimitStore, Storage};
use async_trait::async_trait;
use tempfile::TempDir;

use crate::store::FileStore;

pub(crate) const OLD_KEY: &str = "old:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
pub(crate) const NEW_KEY: &str = "new:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

/// A folder of its own, which goes with it.
pub(crate) struct FileHarness {
    folder: TempDir,
    clock: TestClock,
}

impl FileHarness {
    fn new() -> Self {
        // Far from the tests' time, so that whoever judges a lease by it is found out.
        Self { folder: TempDir::new().unwrap(), clock: TestClock::still(at(-365 * 24 * 3600)) }
    }

    /// The store as another process has it: nothing of it is in memory.
    pub(crate) fn open(&self, keys: &str) -> FileStore {
        let clock = self.clock.clone();
        FileStore::open(self.folder.path(), TokenKeys::parse(keys).unwrap(), move || clock.now())
    }
}

#[async_trait]
impl TokenStoreHarness for FileHarness {
    async fn fresh() -> Self {
        Self::new()
    }

    fn store(&self) -> Arc<dyn Storage> {
        Arc::new(self.open(OLD_KEY))
    }

    async fn second_handle(&self) -> Arc<dyn Storage> {
        Arc::new(self.open(OLD_KEY))
    }

    async fn advance_store_clock(&self, by: Duration) {
        self.clock.advance(by);
    }

    async fn set_store_clock_back(&self, by: Duration) {
        self.clock.set_back(by);
    }

    async fn at_rest(&self) -> Option<Vec<u8>> {
        let files = fs::read_dir(self.folder.path()).unwrap();
        Some(files.flat_map(|file| fs::read(file.unwrap().path()).unwrap()).collect())
    }

    async fn sealed_at_rest(&self) -> Option<usize> {
        let sealed = self.open(OLD_KEY).sealed().await.unwrap();
        sealed.try_into().ok()
    }

    async fn damage_tokens(&self) -> bool {
        let damaged = self.open(OLD_KEY).records.change(|records| {
            let connections = records.connections.values_mut().map(|row| &mut row.connection.blob);
            let exchanges = records.exchanges.iter_mut().map(|sealed| &mut sealed.blob);
            for blob in connections.chain(exchanges).flatten() {
                *blob.last_mut().unwrap() ^= 1;
            }
            Ok(())
        });
        damaged.is_ok()
    }

    async fn handle_with_keys(&self, keys: Keys) -> Option<Arc<dyn Storage>> {
        let keys = match keys {
            Keys::NewAndOld => format!("{NEW_KEY},{OLD_KEY}"),
            Keys::NewAlone => NEW_KEY.to_owned(),
        };
        Some(Arc::new(self.open(&keys)))
    }

    /// Each step writes the whole document.
    async fn begin_writes(&self, requests: Vec<WriteRequest>, owner: LeaseOwner) {
        let store = self.open(OLD_KEY);
        let begin = store.change(move |change| {
            for request in &requests {
                let begun = WriteRecord::begin(None, None, request, request.epoch, owner, change.store_now);
                change.records.writes.extend(begun.changed().cloned());
            }
            Ok(())
        });
        begin.await.unwrap();
    }
}

#[async_trait]
impl RateLimitStoreHarness for FileHarness {
    async fn fresh() -> Self {
        Self::new()
    }

    fn store(&self) -> Arc<dyn RateLimitStore> {
        Arc::new(self.open(OLD_KEY))
    }

    async fn second_handle(&self) -> Arc<dyn RateLimitStore> {
        Arc::new(self.open(OLD_KEY))
    }

    async fn advance_store_clock(&self, by: Duration) {
        self.clock.advance(by);
    }

    async fn set_store_clock_back(&self, by: Duration) {
        self.clock.set_back(by);
    }
}
