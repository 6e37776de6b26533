//! [`MemoryRateLimitStore`]: the store of rate limits in memory.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use amo_connect_domain::authorization::attempt::MEMORY;
use amo_connect_domain::clock::before;
use amo_connect_domain::host::AccountHost;
use amo_connect_domain::ports::{RateLimitStore, StoreError};
use amo_connect_domain::rate_limit::{
    CallOutcome, CircuitCount, Demand, Pace, Probe, ProbeCallers, RateLimit, RateLimits, Reservation,
};
use async_trait::async_trait;
use jiff::Timestamp;

use super::store::PlaysDead;
use crate::clock::TestClock;
use crate::fixtures::at;
use crate::rate_limit_store::RateLimitStoreHarness;

/// A [`RateLimitStore`] in memory. Its clones are handles on the same store, as another process would
/// have them.
#[derive(Clone)]
pub struct MemoryRateLimitStore {
    limits: Arc<Mutex<Limits>>,
    clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    down: Arc<AtomicBool>,
}

#[derive(Debug, Default)]
struct Limits {
    accounts: HashMap<AccountHost, RateLimit>,
    integration: RateLimit,
}

impl MemoryRateLimitStore {
    /// An empty store with this `clock`.
    pub fn at(clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self { limits: Arc::default(), clock: Arc::new(clock), down: Arc::default() }
    }

    /// While `down`, every method answers [`StoreError::Unavailable`].
    pub fn set_down(&self, down: bool) {
        self.down.store(down, Ordering::SeqCst);
    }

    /// Forgets who has asked while the circuit of the integration is open, as a store with a bug would.
    pub fn forget_callers(&self) {
        self.limits.lock().unwrap_or_else(PoisonError::into_inner).integration.callers = ProbeCallers::default();
    }

    fn with<T>(&self, work: impl FnOnce(&mut Limits, Timestamp) -> T) -> Result<T, StoreError> {
        if self.down.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable(Box::new(PlaysDead)));
        }
        Ok(work(&mut self.limits.lock().unwrap_or_else(PoisonError::into_inner), (self.clock)()))
    }
}

impl Limits {
    fn of(&self, account: &AccountHost) -> RateLimits {
        let account = self.accounts.get(account).cloned().unwrap_or_default();
        RateLimits { account, integration: self.integration.clone() }
    }

    fn put(&mut self, account: &AccountHost, both: RateLimits) {
        self.accounts.insert(account.clone(), both.account);
        self.integration = both.integration;
    }
}

#[async_trait]
impl RateLimitStore for MemoryRateLimitStore {
    async fn reserve(
        &self,
        account: &AccountHost,
        pace: Pace,
        demand: &Demand,
        longest_wait: Duration,
    ) -> Result<Reservation, StoreError> {
        self.with(|limits, now| {
            let mut both = limits.of(account);
            let reservation = both.reserve(pace, demand, longest_wait, now);
            limits.put(account, both);
            reservation
        })
    }

    async fn record_outcome(
        &self,
        account: &AccountHost,
        call_outcome: CallOutcome,
        probe: Option<Probe>,
    ) -> Result<(), StoreError> {
        self.with(|limits, now| {
            let others = limits.accounts.iter().filter(|(other, _)| *other != account);
            let banned = others.filter(|(_, limit)| limit.is_banned_lately(now)).count();
            let mut both = limits.of(account);
            both.record_outcome(call_outcome, probe, banned, now);
            limits.put(account, both);
        })
    }

    async fn circuits(&self) -> Result<CircuitCount, StoreError> {
        self.with(|limits, _| {
            let all = limits.accounts.values().chain([&limits.integration]);
            CircuitCount::of(all.filter_map(|limit| limit.circuit))
        })
    }

    async fn sweep(&self) -> Result<(), StoreError> {
        self.with(|limits, now| {
            let oldest = before(now, MEMORY);
            limits.accounts.retain(|_, limit| !limit.is_over(oldest));
            if limits.integration.is_over(oldest) {
                limits.integration = RateLimit::default();
            }
        })
    }
}

impl fmt::Debug for MemoryRateLimitStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryRateLimitStore").field("limits", &self.limits).finish_non_exhaustive()
    }
}

/// A store in memory, for [`rate_limit_store_contract!`](crate::rate_limit_store_contract).
#[derive(Debug)]
pub struct MemoryRateLimitStoreHarness {
    store: MemoryRateLimitStore,
    clock: TestClock,
}

#[async_trait]
impl RateLimitStoreHarness for MemoryRateLimitStoreHarness {
    async fn fresh() -> Self {
        let clock = TestClock::at(at(365 * 24 * 3600));
        let store = MemoryRateLimitStore::at({
            let clock = clock.clone();
            move || clock.now()
        });
        Self { store, clock }
    }

    fn store(&self) -> Arc<dyn RateLimitStore> {
        Arc::new(self.store.clone())
    }

    async fn second_handle(&self) -> Arc<dyn RateLimitStore> {
        self.store()
    }

    async fn advance_store_clock(&self, by: Duration) {
        self.clock.advance(by);
    }

    async fn set_store_clock_back(&self, by: Duration) {
        self.clock.set_back(by);
    }
}
