//! What is read at a scrape, from the process and from the database.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use amo_connect_domain::connection::Standing;
use amo_connect_domain::key_ring::SealedRecords;
use amo_connect_domain::rate_limit::CircuitCount;
use amo_connect_domain::usecase::UseCases;

use super::Metrics;
use super::declared::{
    BACKGROUND_AGE, CIRCUITS, CONNECTIONS, LOG_LINES_DROPPED, PERMIT_QUEUE, POOL_CONNECTIONS, POOL_SIZE, POOL_TIMEOUTS,
    POOL_WAITING, SEALED_RECORDS, TOKEN_REQUESTS, UNSAVED_PAIRS, UNSOLICITED_CODES,
};
use crate::telemetry;

/// How often the database is asked at most.
const CENSUS_EVERY: Duration = Duration::from_secs(30);

impl Metrics {
    /// Asks the database for what is counted there, if it was not asked lately. The scrape waits for it,
    /// and shows what was counted last if the database fails.
    pub async fn take_census(&self, use_cases: &UseCases) {
        if !self.is_census_due() {
            return;
        }
        if let Ok(standings) = use_cases.standings().await {
            for standing in Standing::all() {
                let counted = standings.iter().filter(|(counted, _)| *counted == standing);
                let (state, problem) = standing.codes();
                let count = counted.map(|(_, count)| count).sum();
                self.recorder.set(&CONNECTIONS, &[state, problem.unwrap_or("none")], as_float(count));
            }
        }
        if let Ok(CircuitCount { open, half_open }) = use_cases.circuits().await {
            self.recorder.set(&CIRCUITS, &["open"], as_float(open));
            self.recorder.set(&CIRCUITS, &["half_open"], as_float(half_open));
        }
        if let Some(keys) = self.keys.get()
            && let Ok(sealed) = keys.sealed_records().await
        {
            self.set_sealed(&sealed);
        }
    }

    fn set_sealed(&self, sealed: &[SealedRecords]) {
        let mut seen = self.seen_keys.lock().unwrap_or_else(PoisonError::into_inner);
        let named = |records: &SealedRecords| {
            (records.key.as_ref().map_or_else(|| "none".to_owned(), |key| key.0.clone()), records.opens)
        };
        seen.extend(sealed.iter().map(named));
        for (key, opens) in &*seen {
            let of_key = sealed.iter().filter(|records| named(records) == (key.clone(), *opens));
            let labels = [key.clone(), opens.to_string()];
            self.recorder.set_for(&SEALED_RECORDS, labels, as_float(of_key.map(|records| records.records).sum()));
        }
    }

    /// Whether the database is to be asked again. Whoever is told so asks.
    fn is_census_due(&self) -> bool {
        let mut last = self.census.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = last.is_none_or(|last| last.elapsed() >= CENSUS_EVERY);
        if is_due {
            *last = Some(Instant::now());
        }
        is_due
    }

    /// All metrics as they are now, in Prometheus's text format.
    pub fn render(&self, use_cases: &UseCases) -> String {
        self.gather(use_cases);
        self.recorder.render()
    }

    /// Reads what the process knows.
    pub(super) fn gather(&self, use_cases: &UseCases) {
        let recorder = &self.recorder;
        for (gauge, count) in [
            (&TOKEN_REQUESTS, use_cases.token_requests()),
            (&UNSOLICITED_CODES, use_cases.unsolicited_codes()),
            (&UNSAVED_PAIRS, use_cases.unsaved_pairs()),
            (&PERMIT_QUEUE, use_cases.waiting_for_permits()),
        ] {
            recorder.set(gauge, &[], as_float(count as u64));
        }
        let good_round = *self.good_round.lock().unwrap_or_else(PoisonError::into_inner);
        recorder.set(&BACKGROUND_AGE, &[], good_round.elapsed().as_secs_f64());
        for pool in self.pools.get().map(|pools| pools.pools()).unwrap_or_default() {
            recorder.set(&POOL_CONNECTIONS, &[pool.name, "in_use"], as_float(pool.in_use as u64));
            recorder.set(&POOL_CONNECTIONS, &[pool.name, "idle"], as_float(pool.idle as u64));
            recorder.set(&POOL_SIZE, &[pool.name], as_float(pool.size as u64));
            recorder.set(&POOL_WAITING, &[pool.name], as_float(pool.waiting as u64));
            recorder.set_counter(&POOL_TIMEOUTS, &[pool.name], pool.timeouts);
        }
        self.gather_budgets();
        recorder.set_counter(&LOG_LINES_DROPPED, &[], telemetry::dropped_lines());
        recorder.lend(|| self.process.collect());
    }
}

#[expect(clippy::cast_precision_loss, reason = "Prometheus has floats, and no count here has 16 digits")]
pub(super) fn as_float(count: u64) -> f64 {
    count as f64
}
