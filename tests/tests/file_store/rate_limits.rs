//! The port to the rate limiter's records, in a document of its own.

use std::collections::HashMap;
use std::time::Duration;

use amo_connect_domain::authorization::attempt::MEMORY;
use amo_connect_domain::clock::before;
use amo_connect_domain::host::AccountHost;
use amo_connect_domain::ports::{RateLimitStore, StoreError};
use amo_connect_domain::rate_limit::{
    CallOutcome, CircuitCount, Demand, Pace, Probe, RateLimit, RateLimits, Reservation,
};
use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::store::{FileStore, on_a_thread};

#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Limits {
    accounts: HashMap<AccountHost, RateLimit>,
    integration: RateLimit,
}

impl Limits {
    /// Changes what decides about a call to `account`.
    fn change<T>(&mut self, account: AccountHost, change: impl FnOnce(&mut RateLimits) -> T) -> T {
        let known = self.accounts.get(&account).cloned().unwrap_or_default();
        let mut both = RateLimits { account: known, integration: self.integration.clone() };
        let done = change(&mut both);
        self.accounts.insert(account, both.account);
        self.integration = both.integration;
        done
    }
}

impl FileStore {
    async fn change_limits<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Limits, Timestamp) -> T + Send + 'static,
    ) -> Result<T, StoreError> {
        let store = self.clone();
        on_a_thread(move || store.limits.change(|limits| Ok(work(limits, store.now())))).await
    }
}

#[async_trait]
impl RateLimitStore for FileStore {
    async fn reserve(
        &self,
        account: &AccountHost,
        pace: Pace,
        demand: &Demand,
        longest_wait: Duration,
    ) -> Result<Reservation, StoreError> {
        let (account, demand) = (account.clone(), demand.clone());
        self.change_limits(move |limits, now| {
            limits.change(account, |both| both.reserve(pace, &demand, longest_wait, now))
        })
        .await
    }

    async fn record_outcome(
        &self,
        account: &AccountHost,
        outcome: CallOutcome,
        probe: Option<Probe>,
    ) -> Result<(), StoreError> {
        let account = account.clone();
        self.change_limits(move |limits, now| {
            let others = limits.accounts.iter().filter(|(other, _)| **other != account);
            let banned_lately = others.filter(|(_, limit)| limit.is_banned_lately(now)).count();
            limits.change(account, |both| both.record_outcome(outcome, probe, banned_lately, now));
        })
        .await
    }

    async fn circuits(&self) -> Result<CircuitCount, StoreError> {
        self.change_limits(|limits, _| {
            let all = limits.accounts.values().chain([&limits.integration]);
            CircuitCount::of(all.filter_map(|limit| limit.circuit))
        })
        .await
    }

    async fn sweep(&self) -> Result<(), StoreError> {
        self.change_limits(|limits, now| {
            let oldest = before(now, MEMORY);
            limits.accounts.retain(|_, limit| !limit.is_over(oldest));
            if limits.integration.is_over(oldest) {
                limits.integration = RateLimit::default();
            }
        })
        .await
    }
}
