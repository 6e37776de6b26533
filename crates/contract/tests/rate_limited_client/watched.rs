//! A store of rate limits that a test watches.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use amo_connect_contract::MemoryRateLimitStore;
use amo_connect_domain::host::AccountHost;
use amo_connect_domain::ports::{RateLimitStore, Runtime as _, StoreError};
use amo_connect_domain::rate_limit::{CallOutcome, CircuitCount, Demand, Pace, Probe, Reservation};
use async_trait::async_trait;

use crate::virtual_time::Virtual;
use crate::world::World;

/// A store that counts its calls, and fails as configured.
#[derive(Debug)]
pub(crate) struct Watched {
    honest: MemoryRateLimitStore,
    pub(crate) panics: AtomicBool,
    pub(crate) never_records: AtomicBool,
    pub(crate) never_answers: AtomicBool,
    latency: Mutex<VecDeque<Duration>>,
    recording: Mutex<Duration>,
    time: Virtual,
    pub(crate) asked: AtomicUsize,
    pub(crate) swept: AtomicUsize,
}

impl Watched {
    pub(crate) fn of(world: &World) -> Arc<Self> {
        let (panics, never_records, never_answers, asked, swept) = Default::default();
        let (honest, time) = (world.store.clone(), world.time.clone());
        let (latency, recording) = Default::default();
        Arc::new(Self { honest, panics, never_records, never_answers, latency, recording, time, asked, swept })
    }

    /// It takes so long to record any outcome.
    pub(crate) fn records_after(&self, millis: u64) {
        *self.recording.lock().unwrap() = Duration::from_millis(millis);
    }

    /// Its next answers take so long on their way back; the last one's time is everyone's after it.
    pub(crate) fn answers_after(&self, millis: impl IntoIterator<Item = u64>) {
        *self.latency.lock().unwrap() = millis.into_iter().map(Duration::from_millis).collect();
    }
}

#[async_trait]
impl RateLimitStore for Watched {
    async fn reserve(
        &self,
        account: &AccountHost,
        pace: Pace,
        demand: &Demand,
        longest_wait: Duration,
    ) -> Result<Reservation, StoreError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        assert!(!self.panics.load(Ordering::SeqCst), "a bug in the store");
        if self.never_answers.load(Ordering::SeqCst) {
            return std::future::pending().await;
        }
        let reservation = self.honest.reserve(account, pace, demand, longest_wait).await;
        let latency = {
            let mut latency = self.latency.lock().unwrap();
            if latency.len() > 1 { latency.pop_front() } else { latency.front().copied() }
        };
        if let Some(latency) = latency {
            self.time.sleep(latency).await;
        }
        reservation
    }

    async fn record_outcome(
        &self,
        account: &AccountHost,
        call_outcome: CallOutcome,
        probe: Option<Probe>,
    ) -> Result<(), StoreError> {
        if self.never_records.load(Ordering::SeqCst) {
            return std::future::pending().await;
        }
        let recording = *self.recording.lock().unwrap();
        if !recording.is_zero() {
            self.time.sleep(recording).await;
        }
        self.honest.record_outcome(account, call_outcome, probe).await
    }

    async fn circuits(&self) -> Result<CircuitCount, StoreError> {
        self.honest.circuits().await
    }

    async fn sweep(&self) -> Result<(), StoreError> {
        self.swept.fetch_add(1, Ordering::SeqCst);
        self.honest.sweep().await
    }
}
