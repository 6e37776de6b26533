//! The store of rate limits, through the same wire as the rows.

use std::time::Duration;

use amo_connect_domain::host::AccountHost;
use amo_connect_domain::ports::{RateLimitStore, StoreError};
use amo_connect_domain::rate_limit::{CallOutcome, CircuitCount, Demand, Pace, Probe, Reservation};
use async_trait::async_trait;

use super::ModelStore;
use crate::bugs::Bug;

#[async_trait]
impl RateLimitStore for ModelStore {
    async fn reserve(
        &self,
        account: &AccountHost,
        pace: Pace,
        demand: &Demand,
        longest_wait: Duration,
    ) -> Result<Reservation, StoreError> {
        let Some(bug) = self.world.bug else {
            return self
                .plain_call("reserve", self.world.rate_limits.reserve(account, pace, demand, longest_wait))
                .await;
        };
        let told = bug.told(&self.own_shares, account, pace, demand).await?;
        if bug == Bug::AnyAccountProbes {
            self.world.rate_limits.forget_callers();
        }
        let reserving = self.world.rate_limits.reserve(account, pace, &told, longest_wait);
        Ok(Bug::of_demand(self.plain_call("reserve", reserving).await?, demand))
    }

    async fn record_outcome(
        &self,
        account: &AccountHost,
        call_outcome: CallOutcome,
        probe: Option<Probe>,
    ) -> Result<(), StoreError> {
        self.plain_call("record_outcome", self.world.rate_limits.record_outcome(account, call_outcome, probe)).await
    }

    async fn circuits(&self) -> Result<CircuitCount, StoreError> {
        self.world.rate_limits.circuits().await
    }

    async fn sweep(&self) -> Result<(), StoreError> {
        self.plain_call("sweep of rate limits", self.world.rate_limits.sweep()).await
    }
}
