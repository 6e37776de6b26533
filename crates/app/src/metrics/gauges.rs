//! What is read at a scrape.

use std::sync::PoisonError;

use amo_connect_domain::usecase::UseCases;

use super::Metrics;
use super::declared::{BACKGROUND_AGE, PERMIT_QUEUE, TOKEN_REQUESTS, UNSAVED_PAIRS};

impl Metrics {
    /// All metrics as they are now, in Prometheus's text format.
    pub fn render(&self, use_cases: &UseCases) -> String {
        let recorder = &self.recorder;
        for (gauge, count) in [
            (&TOKEN_REQUESTS, use_cases.token_requests()),
            (&UNSAVED_PAIRS, use_cases.pending_pairs()),
            (&PERMIT_QUEUE, use_cases.waiting_for_permits()),
        ] {
            recorder.set(gauge, &[], as_float(count));
        }
        let good_round = *self.good_round.lock().unwrap_or_else(PoisonError::into_inner);
        recorder.set(&BACKGROUND_AGE, &[], good_round.elapsed().as_secs_f64());
        recorder.lend(|| self.process.collect());
        recorder.render()
    }
}

#[expect(clippy::cast_precision_loss, reason = "Prometheus has floats, and no count here has 16 digits")]
fn as_float(count: usize) -> f64 {
    count as f64
}
