//! Records what a build asks of its databases: before a release, by
//! `UPDATE_GOLDEN=1 cargo xtask test -E 'binary(older_builds)'`.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use amo_connect_adapters::Cursor;
use amo_connect_adapters::backend::Reseal;
use amo_connect_contract::rate_limit_store::{self, RateLimitStoreHarness};
use amo_connect_contract::token_store::{self, TokenStoreHarness};
use amo_connect_domain::ports::{RateLimitStore, Storage};
use amo_connect_tests::TestDatabase;
use async_trait::async_trait;
use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};

use crate::released::{Kind, golden};

/// The statements that this process has run, without their values.
static STATEMENTS: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

struct Recorder;

impl Instrumentation for Recorder {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            let shown = query.to_string();
            let statement = shown.split(" -- binds:").next().unwrap();
            let statement = statement.split_whitespace().collect::<Vec<_>>().join(" ");
            STATEMENTS.lock().unwrap().insert(statement);
        }
    }
}

/// A database under both suites. What it lacks here, cases leave out.
struct Recorded<D: TestDatabase> {
    store: Arc<D::Store>,
    database: D,
}

pub(crate) const KEY: &str = "one:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

impl<D: TestDatabase> Recorded<D> {
    async fn made() -> Self {
        let database = D::fresh().await;
        Self { store: Arc::new(database.open(KEY).await), database }
    }
}

#[async_trait]
impl<D: TestDatabase> TokenStoreHarness for Recorded<D> {
    async fn fresh() -> Self {
        Self::made().await
    }

    fn store(&self) -> Arc<dyn Storage> {
        Arc::clone(&self.store) as _
    }

    async fn second_handle(&self) -> Arc<dyn Storage> {
        Arc::new(self.database.open(KEY).await)
    }

    async fn advance_store_clock(&self, by: Duration) {
        self.database.clock().advance(by);
    }

    async fn set_store_clock_back(&self, by: Duration) {
        self.database.clock().set_back(by);
    }
}

#[async_trait]
impl<D: TestDatabase> RateLimitStoreHarness for Recorded<D> {
    async fn fresh() -> Self {
        Self::made().await
    }

    fn store(&self) -> Arc<dyn RateLimitStore> {
        Arc::clone(&self.store) as _
    }

    async fn second_handle(&self) -> Arc<dyn RateLimitStore> {
        Arc::new(self.database.open(KEY).await)
    }

    async fn advance_store_clock(&self, by: Duration) {
        self.database.clock().advance(by);
    }

    async fn set_store_clock_back(&self, by: Duration) {
        self.database.clock().set_back(by);
    }
}

/// Runs both suites, and what else asks the database.
async fn run_everything<D: TestDatabase<Store: Reseal>>() {
    for case in token_store::CASES {
        (case.run)(&<Recorded<D> as TokenStoreHarness>::fresh().await).await;
    }
    for case in rate_limit_store::CASES {
        (case.run)(&<Recorded<D> as RateLimitStoreHarness>::fresh().await).await;
    }
    let recorded = Recorded::<D>::made().await;
    crate::rows::fill(&*recorded.store).await;
    let other = recorded.database.open(&format!("two:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=,{KEY}")).await;
    assert!(other.sealed().await.unwrap() > 0);
    let mut cursor = Some(Cursor::default());
    while let Some(here) = cursor {
        cursor = other.reseal(here, 2).await.unwrap().next;
    }
}

/// Whether what this build does is to be recorded, as the version that it has.
pub(crate) fn recording() -> bool {
    std::env::var_os("UPDATE_GOLDEN").is_some()
}

/// Writes a golden file of this build.
pub(crate) fn record(kind: Kind, what: &str, text: &str) {
    let file = golden(env!("CARGO_PKG_VERSION"), kind, what);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, text).unwrap();
}

/// Records every statement that this build runs on a database, if it is asked for.
pub(crate) async fn record_statements<D: TestDatabase<Store: Reseal>>(kind: Kind) {
    if !recording() {
        return;
    }
    set_default_instrumentation(|| Some(Box::new(Recorder))).unwrap();
    run_everything::<D>().await;
    let asks = |statement: &&String| {
        ["SELECT", "INSERT", "UPDATE", "DELETE", "WITH"].iter().any(|word| statement.starts_with(word))
            // The harnesses open the database, and so look at its migrations by functions of their own.
            && !statement.contains("sqlite_master")
    };
    let statements: Vec<_> = STATEMENTS.lock().unwrap().iter().filter(asks).cloned().collect();
    assert!(statements.len() > 50, "{statements:#?}");
    record(kind, "statements", &(statements.join(";\n") + ";\n"));
}
