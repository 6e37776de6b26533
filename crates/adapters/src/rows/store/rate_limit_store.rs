//! The port for rate limits.

use std::time::Duration;

use amo_connect_domain::host::AccountHost;
use amo_connect_domain::ports::{RateLimitStore, StoreError};
use amo_connect_domain::rate_limit::{CallOutcome, CircuitCount, Demand, Pace, Probe, Reservation};
use async_trait::async_trait;

use super::Store;
use crate::rows::database::Database;
use crate::rows::database::Durability::Relaxed;

#[async_trait]
impl<D: Database> RateLimitStore for Store<D> {
    async fn reserve(
        &self,
        account: &AccountHost,
        pace: Pace,
        demand: &Demand,
        longest_wait: Duration,
    ) -> Result<Reservation, StoreError> {
        let (account, demand) = (account.clone(), demand.clone());
        self.database
            .transact(Relaxed, move |session| Box::pin(session.reserve(account, pace, demand, longest_wait)))
            .await
    }

    async fn record_outcome(
        &self,
        account: &AccountHost,
        call_outcome: CallOutcome,
        probe: Option<Probe>,
    ) -> Result<(), StoreError> {
        let account = account.clone();
        self.database
            .transact(Relaxed, move |session| Box::pin(session.record_outcome(account, call_outcome, probe)))
            .await
    }

    async fn circuits(&self) -> Result<CircuitCount, StoreError> {
        self.database.read(|session| Box::pin(session.circuits())).await
    }

    async fn sweep(&self) -> Result<(), StoreError> {
        self.database.transact(Relaxed.bulk(), |session| Box::pin(session.forget_turns())).await
    }
}
