//! Metrics of the service, for Prometheus: what is counted, and what is read when they are asked for.

pub mod declared;
mod gauges;
pub mod http;
mod observer;
mod page;
mod recorder;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use metrics_exporter_prometheus::BuildError;

use declared::BUILD_INFO;
pub use page::page;
use recorder::Recorder;

/// How often durations that were counted are put into their buckets.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// The metrics of one service.
pub struct Metrics {
    recorder: Recorder,
    process: metrics_process::Collector,
    /// When the last good round of background work ended; before the first, when the service was made.
    good_round: Mutex<Instant>,
}

impl Metrics {
    /// Metrics of a service that has done nothing yet.
    pub fn new() -> Result<Arc<Self>, BuildError> {
        let metrics = Self {
            recorder: Recorder::new()?,
            process: metrics_process::Collector::default(),
            good_round: Mutex::new(Instant::now()),
        };
        metrics.recorder.lend(|| metrics.process.describe());
        metrics.recorder.set(&BUILD_INFO, &[env!("CARGO_PKG_VERSION")], 1.0);
        observer::begin(&metrics);
        Ok(Arc::new(metrics))
    }

    /// Runs upkeep again and again.
    pub async fn keep(&self) {
        let mut ticks = tokio::time::interval(UPKEEP_EVERY);
        loop {
            ticks.tick().await;
            self.recorder.run_upkeep();
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
