//! Metrics of the service, for Prometheus: what is counted, and what is read when they are asked for.

mod budgets;
pub mod declared;
mod gauges;
pub mod http;
mod observer;
mod page;
mod recorder;
mod storage;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use amo_connect_adapters::backend::Pools;
use amo_connect_domain::ports::KeyRegistry;
use amo_connect_domain::usecase::UseCases;
use metrics_exporter_prometheus::BuildError;

use budgets::Watched;
use declared::{BUILD_INFO, STORAGE_WRITABLE};
pub use page::page;
use recorder::Recorder;
pub use recorder::SecondRecorder;
pub(crate) use storage::Measured;

/// How often durations that were counted are put into their buckets.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// The metrics of one service.
pub struct Metrics {
    recorder: Recorder,
    process: metrics_process::Collector,
    /// The pools of connections to the database, if it has any.
    pools: OnceLock<Arc<dyn Pools>>,
    /// Which keys its records are sealed under.
    keys: OnceLock<Arc<dyn KeyRegistry>>,
    /// The keys that were seen: one that seals nothing any more is shown with none.
    seen_keys: Mutex<BTreeSet<(String, bool)>>,
    /// What is used up of what this process may take.
    budgets: Watched,
    /// When the last good round of background work ended; before the first, when the service was made.
    good_round: Mutex<Instant>,
    /// When the store was last asked for what is counted there.
    census: Mutex<Option<Instant>>,
}

impl Metrics {
    /// Metrics of a service that has done nothing yet.
    pub fn new() -> Result<Arc<Self>, BuildError> {
        Self::beside(None)
    }

    /// The same, and `second` is told all that is counted.
    pub fn beside(second: Option<SecondRecorder>) -> Result<Arc<Self>, BuildError> {
        let metrics = Self {
            recorder: Recorder::new(second)?,
            process: metrics_process::Collector::default(),
            pools: OnceLock::new(),
            keys: OnceLock::new(),
            seen_keys: Mutex::default(),
            budgets: Watched::default(),
            good_round: Mutex::new(Instant::now()),
            census: Mutex::default(),
        };
        metrics.recorder.lend(|| metrics.process.describe());
        metrics.recorder.set(&BUILD_INFO, &[env!("CARGO_PKG_VERSION")], 1.0);
        // It was opened.
        metrics.recorder.set(&STORAGE_WRITABLE, &[], 1.0);
        observer::begin(&metrics);
        budgets::begin(&metrics);
        Ok(Arc::new(metrics))
    }

    /// Shows the pools of a store, and the keys of its records, from now on.
    pub fn watch(&self, pools: Option<Arc<dyn Pools>>, keys: Arc<dyn KeyRegistry>) {
        // The first store that a service is put on is the one that it stays on.
        let _ = pools.map(|pools| self.pools.set(pools));
        let _ = self.keys.set(keys);
    }

    /// Runs upkeep again and again. Whoever does not scrape gets what is read at a scrape by it.
    pub async fn keep(&self, use_cases: &UseCases) {
        let mut ticks = tokio::time::interval(UPKEEP_EVERY);
        loop {
            ticks.tick().await;
            self.recorder.run_upkeep();
            if self.recorder.is_pushed() {
                self.take_census(use_cases).await;
                self.gather(use_cases);
            }
        }
    }

    fn note_good_round(&self) {
        *self.good_round.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}
