//! Databases that are one test's own, with a clock that the test moves.

use std::path::PathBuf;
use std::time::Duration;

use amo_connect_adapters::cipher::TokenKeys;
use amo_connect_adapters::postgres::{ClockShift, PgOptions, PgTokenStore};
use amo_connect_adapters::sqlite::{SqliteOptions, SqliteTokenStore, StoreClock};
use amo_connect_contract::{TestClock, fixtures};
use amo_connect_domain::ports::{RateLimitStore, Storage};
use jiff::SignedDuration;
use tempfile::TempDir;

use crate::postgres::{PgDatabase, test_server};

/// How far a database's time is from the tests', so that whoever judges a lease by it is found out.
const YEAR: SignedDuration = SignedDuration::from_hours(365 * 24);

/// How long a handle may wait on a busy machine.
const LONGEST_WAIT: Duration = Duration::from_secs(20);

/// A database of its own, empty and migrated. Dropping it drops what it is kept in.
pub trait TestDatabase: Send + Sync + Sized + 'static {
    /// A handle on it.
    type Store: Storage + RateLimitStore;

    /// A new one.
    fn fresh() -> impl Future<Output = Self> + Send;

    /// A handle that seals tokens under `keys`.
    fn open(&self, keys: &str) -> impl Future<Output = Self::Store> + Send;

    /// The clock that the database goes by.
    fn clock(&self) -> &TestClock;
}

/// A database file in a directory of its own.
#[derive(Debug)]
pub struct SqliteFile {
    /// The directory, where SQLite keeps all that belongs to the file.
    pub directory: TempDir,
    clock: TestClock,
}

impl SqliteFile {
    /// One that goes by `clock`.
    pub fn with_clock(clock: TestClock) -> Self {
        Self { directory: TempDir::new().unwrap(), clock }
    }

    /// The file.
    pub fn path(&self) -> PathBuf {
        self.directory.path().join("amo-connect.db")
    }
}

impl TestDatabase for SqliteFile {
    type Store = SqliteTokenStore;

    async fn fresh() -> Self {
        Self::with_clock(TestClock::still(fixtures::at(-YEAR.as_secs())))
    }

    async fn open(&self, keys: &str) -> SqliteTokenStore {
        let clock = self.clock.clone();
        let options = SqliteOptions {
            clock: StoreClock::new(move || clock.now()),
            busy_timeout: LONGEST_WAIT,
            ..SqliteOptions::default()
        };
        SqliteTokenStore::open(&self.path(), TokenKeys::parse(keys).unwrap(), options).await.unwrap()
    }

    fn clock(&self) -> &TestClock {
        &self.clock
    }
}

/// A database on the run's server.
#[derive(Debug)]
pub struct PgOfServer {
    /// The database.
    pub database: PgDatabase,
    clock: TestClock,
}

impl TestDatabase for PgOfServer {
    type Store = PgTokenStore;

    async fn fresh() -> Self {
        Self { database: PgDatabase::migrated(&test_server()).await, clock: TestClock::at(fixtures::at(0)) }
    }

    async fn open(&self, keys: &str) -> PgTokenStore {
        let clock = self.clock.clone();
        let options = PgOptions {
            connections: 4,
            connect_timeout: LONGEST_WAIT,
            transaction_timeout: LONGEST_WAIT,
            // As far from the server's time as SQLite's from the tests', and by what it was moved.
            clock_shift: ClockShift::new(move || clock.moved() - YEAR),
            ..PgOptions::default()
        };
        let url = self.database.url().parse().unwrap();
        PgTokenStore::open(&url, TokenKeys::parse(keys).unwrap(), options).await.unwrap()
    }

    fn clock(&self) -> &TestClock {
        &self.clock
    }
}
