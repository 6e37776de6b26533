//! Every store keeps the promises of the `RateLimitStore` port: one line each, one test per case.

#![expect(clippy::unwrap_used, reason = "a harness that cannot be made fails its case")]

use std::sync::Arc;
use std::time::Duration;

use amo_connect_adapters::cipher::TokenKeys;
use amo_connect_adapters::postgres::{ClockShift, PgOptions, PgTokenStore};
use amo_connect_adapters::sqlite::{SqliteOptions, SqliteTokenStore, StoreClock};
use amo_connect_contract::TestClock;
use amo_connect_contract::fixtures::at;
use amo_connect_contract::rate_limit_store::RateLimitStoreHarness;
use amo_connect_domain::ports::RateLimitStore;
use amo_connect_tests::{PgDatabase, test_server};
use async_trait::async_trait;
use tempfile::TempDir;

mod memory {
    amo_connect_contract::rate_limit_store_contract!(amo_connect_contract::MemoryRateLimitStoreHarness);
}

mod sqlite {
    amo_connect_contract::rate_limit_store_contract!(super::SqliteHarness);
}

mod postgres {
    amo_connect_contract::rate_limit_store_contract!(super::PgHarness);
}

/// No token is touched here.
fn keys() -> TokenKeys {
    TokenKeys::parse("any:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=").unwrap()
}

/// A database file of its own, in a directory that goes with it.
struct SqliteHarness {
    directory: TempDir,
    clock: TestClock,
    store: Arc<dyn RateLimitStore>,
}

impl SqliteHarness {
    async fn open(directory: &TempDir, clock: &TestClock) -> Arc<dyn RateLimitStore> {
        let clock = clock.clone();
        let options = SqliteOptions {
            clock: StoreClock::new(move || clock.now()),
            busy_timeout: Duration::from_secs(20),
            ..SqliteOptions::default()
        };
        let file = directory.path().join("amo-connect.db");
        Arc::new(SqliteTokenStore::open(&file, keys(), options).await.unwrap())
    }
}

#[async_trait]
impl RateLimitStoreHarness for SqliteHarness {
    async fn fresh() -> Self {
        // Far from the machine's time, so that judging a reservation by it fails the test.
        let (directory, clock) = (TempDir::new().unwrap(), TestClock::at(at(-365 * 24 * 3600)));
        let store = Self::open(&directory, &clock).await;
        Self { directory, clock, store }
    }

    fn store(&self) -> Arc<dyn RateLimitStore> {
        Arc::clone(&self.store)
    }

    async fn second_handle(&self) -> Arc<dyn RateLimitStore> {
        Self::open(&self.directory, &self.clock).await
    }

    async fn advance_store_clock(&self, by: Duration) {
        self.clock.advance(by);
    }

    async fn set_store_clock_back(&self, by: Duration) {
        self.clock.set_back(by);
    }
}

/// A database of its own on the run's server, dropped with the value.
struct PgHarness {
    store: Arc<dyn RateLimitStore>,
    clock: TestClock,
    database: PgDatabase,
}

impl PgHarness {
    async fn open(database: &PgDatabase, clock: &TestClock) -> Arc<dyn RateLimitStore> {
        let clock = clock.clone();
        let options = PgOptions {
            connections: 4,
            connect_timeout: Duration::from_secs(20),
            transaction_timeout: Duration::from_secs(20),
            clock_shift: ClockShift::new(move || clock.moved()),
            ..PgOptions::default()
        };
        Arc::new(PgTokenStore::open(&database.url().parse().unwrap(), keys(), options).await.unwrap())
    }
}

#[async_trait]
impl RateLimitStoreHarness for PgHarness {
    async fn fresh() -> Self {
        let (database, clock) = (PgDatabase::migrated(&test_server()).await, TestClock::at(at(0)));
        let store = Self::open(&database, &clock).await;
        Self { store, clock, database }
    }

    fn store(&self) -> Arc<dyn RateLimitStore> {
        Arc::clone(&self.store)
    }

    async fn second_handle(&self) -> Arc<dyn RateLimitStore> {
        Self::open(&self.database, &self.clock).await
    }

    async fn advance_store_clock(&self, by: Duration) {
        self.clock.advance(by);
    }

    async fn set_store_clock_back(&self, by: Duration) {
        self.clock.set_back(by);
    }
}
