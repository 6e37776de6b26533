//! [`MemoryRateLimitStore`]: the store of rate limits in memory.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use amo_connect_domain::authorization::attempt::MEMORY;
use amo_connect_domain::host::AccountHost;
use amo_connect_domain::ports::{RateLimitStore, StoreError};
use amo_connect_domain::rate_limit::{BANS_MEET, CallOutcome, Pace, Probe, RateLimit, RateLimits, Reservation};
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
    lines: Arc<Mutex<Lines>>,
    clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    down: Arc<AtomicBool>,
}

#[derive(Debug, Default)]
struct Lines {
    accounts: HashMap<AccountHost, RateLimit>,
    integration: RateLimit,
}

impl MemoryRateLimitStore {
    /// An empty store that goes by `clock`.
    pub fn at(clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self { lines: Arc::default(), clock: Arc::new(clock), down: Arc::default() }
    }

    /// While `down`, every method answers [`StoreError::Unavailable`].
    pub fn set_down(&self, down: bool) {
        self.down.store(down, Ordering::SeqCst);
    }

    fn with<T>(&self, work: impl FnOnce(&mut Lines, Timestamp) -> T) -> Result<T, StoreError> {
        if self.down.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable(Box::new(PlaysDead)));
        }
        Ok(work(&mut self.lines.lock().unwrap_or_else(PoisonError::into_inner), (self.clock)()))
    }
}

impl Lines {
    fn of(&self, account: &AccountHost) -> RateLimits {
        RateLimits { account: self.accounts.get(account).copied().unwrap_or_default(), integration: self.integration }
    }

    fn put(&mut self, account: &AccountHost, turns: RateLimits) {
        self.accounts.insert(account.clone(), turns.account);
        self.integration = turns.integration;
    }
}

#[async_trait]
impl RateLimitStore for MemoryRateLimitStore {
    async fn reserve(
        &self,
        account: &AccountHost,
        pace: Pace,
        longest_wait: Duration,
    ) -> Result<Reservation, StoreError> {
        self.with(|lines, now| {
            let mut turns = lines.of(account);
            let turn = turns.reserve(pace, longest_wait, now);
            lines.put(account, turns);
            turn
        })
    }

    async fn record_outcome(
        &self,
        account: &AccountHost,
        call_outcome: CallOutcome,
        probe: Option<Probe>,
    ) -> Result<(), StoreError> {
        self.with(|lines, now| {
            let lately = now.saturating_sub(BANS_MEET).unwrap_or(Timestamp::MIN);
            let is_banned = |line: &RateLimit| line.circuit.is_some_and(|ban| ban.since > lately && ban.since <= now);
            let banned = lines.accounts.iter().filter(|(other, line)| *other != account && is_banned(line)).count();
            let mut turns = lines.of(account);
            turns.record_outcome(call_outcome, probe, banned, now);
            lines.put(account, turns);
        })
    }

    async fn sweep(&self) -> Result<(), StoreError> {
        self.with(|lines, now| {
            let oldest = now.saturating_sub(MEMORY).unwrap_or(Timestamp::MIN);
            let is_over = |at: Option<Timestamp>| at.is_none_or(|at| at < oldest);
            let is_kept = |line: &RateLimit| !(is_over(line.next_at) && is_over(line.circuit.map(|ban| ban.probe_at)));
            lines.accounts.retain(|_, line| is_kept(line));
            if !is_kept(&lines.integration) {
                lines.integration = RateLimit::default();
            }
        })
    }
}

impl fmt::Debug for MemoryRateLimitStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryRateLimitStore").field("lines", &self.lines).finish_non_exhaustive()
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
