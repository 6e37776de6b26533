//! Every store keeps the promises of the `TokenStore` port: one line each, one test per case.

#![expect(clippy::unwrap_used, reason = "a harness that cannot be made fails its case")]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use amo_connect_adapters::cipher::TokenKeys;
use amo_connect_adapters::postgres::{ClockShift, PgOptions, PgTokenStore};
use amo_connect_adapters::sqlite::{SqliteOptions, SqliteTokenStore, StoreClock};
use amo_connect_contract::TestClock;
use amo_connect_contract::fixtures::at;
use amo_connect_contract::token_store::{Keys, TokenStoreHarness};
use amo_connect_domain::ports::Storage;
use amo_connect_tests::{PgDatabase, test_server};
use async_trait::async_trait;
use diesel::sql_types::Binary;
use diesel::{Connection as _, QueryableByName, RunQueryDsl as _, SqliteConnection, sql_query};
use jiff::SignedDuration;
use tempfile::TempDir;

mod memory {
    amo_connect_contract::token_store_contract!(amo_connect_contract::MemoryHarness);
}

mod sqlite {
    amo_connect_contract::token_store_contract!(super::SqliteHarness);
}

mod postgres {
    amo_connect_contract::token_store_contract!(super::PgHarness);
}

const OLD_KEY: &str = "old:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
const NEW_KEY: &str = "new:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

/// A database file of its own, in a directory that goes with it.
struct SqliteHarness {
    directory: TempDir,
    clock: TestClock,
    store: Arc<dyn Storage>,
}

impl SqliteHarness {
    async fn open(directory: &TempDir, clock: &TestClock, keys: &str) -> Arc<dyn Storage> {
        let clock = clock.clone();
        let options = SqliteOptions {
            clock: StoreClock::new(move || clock.now()),
            busy_timeout: Duration::from_secs(20),
            ..SqliteOptions::default()
        };
        let keys = TokenKeys::parse(keys).unwrap();
        Arc::new(SqliteTokenStore::open(&file(directory), keys, options).await.unwrap())
    }
}

fn file(directory: &TempDir) -> PathBuf {
    directory.path().join("amo-connect.db")
}

fn all_keys(keys: Keys) -> String {
    match keys {
        Keys::NewAndOld => format!("{NEW_KEY},{OLD_KEY}"),
        Keys::NewAlone => NEW_KEY.to_owned(),
    }
}

#[async_trait]
impl TokenStoreHarness for SqliteHarness {
    async fn fresh() -> Self {
        // Far from the tests' time, so that whoever judges a lease by it is found out.
        let (directory, clock) = (TempDir::new().unwrap(), TestClock::at(at(-365 * 24 * 3600)));
        let store = Self::open(&directory, &clock, OLD_KEY).await;
        Self { directory, clock, store }
    }

    fn store(&self) -> Arc<dyn Storage> {
        Arc::clone(&self.store)
    }

    async fn second_handle(&self) -> Arc<dyn Storage> {
        Self::open(&self.directory, &self.clock, OLD_KEY).await
    }

    async fn advance_store_clock(&self, by: Duration) {
        self.clock.advance(by);
    }

    async fn set_store_clock_back(&self, by: Duration) {
        self.clock.set_back(by);
    }

    async fn at_rest(&self) -> Option<Vec<u8>> {
        let files = std::fs::read_dir(self.directory.path()).unwrap();
        Some(files.flat_map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect())
    }

    async fn damage_tokens(&self) -> bool {
        let mut raw = SqliteConnection::establish(file(&self.directory).to_str().unwrap()).unwrap();
        for table in ["connections", "exchanges"] {
            let query = format!("SELECT tokens FROM {table} WHERE tokens IS NOT NULL");
            let sealed: Vec<Sealed> = sql_query(query).load(&mut raw).unwrap();
            for Sealed { tokens } in sealed {
                let mut damaged = tokens.clone();
                *damaged.last_mut().unwrap() ^= 1;
                let update = sql_query(format!("UPDATE {table} SET tokens = ? WHERE tokens = ?"));
                update.bind::<Binary, _>(damaged).bind::<Binary, _>(tokens).execute(&mut raw).unwrap();
            }
        }
        true
    }

    async fn handle_with_keys(&self, keys: Keys) -> Option<Arc<dyn Storage>> {
        Some(Self::open(&self.directory, &self.clock, &all_keys(keys)).await)
    }
}

#[derive(QueryableByName)]
struct Sealed {
    #[diesel(sql_type = Binary)]
    tokens: Vec<u8>,
}

/// A database of its own on the run's server, dropped with the value.
struct PgHarness {
    store: Arc<dyn Storage>,
    clock: TestClock,
    database: PgDatabase,
}

impl PgHarness {
    async fn open(database: &PgDatabase, clock: &TestClock, keys: &str) -> Arc<dyn Storage> {
        let clock = clock.clone();
        let options = PgOptions {
            connections: 4,
            connect_timeout: Duration::from_secs(20),
            transaction_timeout: Duration::from_secs(20),
            // As far from the tests' time as SQLite's, and from the server's by what it was moved.
            clock_shift: ClockShift::new(move || clock.moved() - YEAR),
            ..PgOptions::default()
        };
        let keys = TokenKeys::parse(keys).unwrap();
        Arc::new(PgTokenStore::open(&database.url().parse().unwrap(), keys, options).await.unwrap())
    }
}

const YEAR: SignedDuration = SignedDuration::from_hours(365 * 24);

#[async_trait]
impl TokenStoreHarness for PgHarness {
    async fn fresh() -> Self {
        let (database, clock) = (PgDatabase::migrated(&test_server()).await, TestClock::at(at(0)));
        let store = Self::open(&database, &clock, OLD_KEY).await;
        Self { store, clock, database }
    }

    fn store(&self) -> Arc<dyn Storage> {
        Arc::clone(&self.store)
    }

    async fn second_handle(&self) -> Arc<dyn Storage> {
        Self::open(&self.database, &self.clock, OLD_KEY).await
    }

    async fn advance_store_clock(&self, by: Duration) {
        self.clock.advance(by);
    }

    async fn set_store_clock_back(&self, by: Duration) {
        self.clock.set_back(by);
    }

    async fn at_rest(&self) -> Option<Vec<u8>> {
        Some(self.database.dump().await.into_bytes())
    }

    async fn damage_tokens(&self) -> bool {
        for table in ["connections", "exchanges"] {
            let last = "length(tokens) - 1";
            let damage = format!("UPDATE {table} SET tokens = set_byte(tokens, {last}, get_byte(tokens, {last}) # 1)");
            self.database.execute(&damage).await;
        }
        true
    }

    async fn handle_with_keys(&self, keys: Keys) -> Option<Arc<dyn Storage>> {
        Some(Self::open(&self.database, &self.clock, &all_keys(keys)).await)
    }
}
