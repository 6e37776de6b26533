//! Rate limits: reserve, record an outcome, sweep.

use std::time::Duration;

use amo_connect_domain::authorization::attempt::MEMORY;
use amo_connect_domain::host::AccountHost;
use amo_connect_domain::rate_limit::{
    BANS_MEET, CallOutcome, CircuitCount, Demand, Pace, PaceScope, Probe, RateLimits, Reservation,
};
use jiff::Timestamp;

use super::Session;
use crate::rows::columns::count;
use crate::rows::failure::Failure;
use crate::rows::rate_limit::{INTEGRATION, RateLimitRow};

impl Session<'_> {
    pub(in crate::rows) async fn reserve(
        mut self,
        account: AccountHost,
        pace: Pace,
        demand: Demand,
        longest_wait: Duration,
    ) -> Result<Reservation, Failure> {
        self.rows.lock_line(account.as_str()).await?;
        let mut before = self.turns(&account).await?;
        // Its lock would have all accounts wait for each other: it is for those alone who may
        // have to change the line. A ban that begins now was not there when this call was sent.
        if pace.scope == PaceScope::Integration || before.integration.circuit.is_some() {
            self.rows.lock_line(INTEGRATION).await?;
            before = self.turns(&account).await?;
        }
        let mut turns = before.clone();
        let turn = turns.reserve(pace, &demand, longest_wait, self.rows.clock().await?);
        self.put_turns(&account, &before, &turns).await?;
        Ok(turn)
    }

    pub(in crate::rows) async fn record_outcome(
        mut self,
        account: AccountHost,
        call_outcome: CallOutcome,
        probe: Option<Probe>,
    ) -> Result<(), Failure> {
        self.rows.lock_line(account.as_str()).await?;
        self.rows.lock_line(INTEGRATION).await?;
        let before = self.turns(&account).await?;
        let now = self.rows.clock().await?;
        let lately = now.saturating_sub(BANS_MEET).unwrap_or(Timestamp::MIN);
        let (after, until) = (lately.as_microsecond(), now.as_microsecond());
        let banned = self.rows.banned_accounts(account.as_str(), after, until).await?;
        let mut turns = before.clone();
        turns.record_outcome(call_outcome, probe, banned.try_into().unwrap_or_default(), now);
        self.put_turns(&account, &before, &turns).await
    }

    pub(in crate::rows) async fn circuits(self) -> Result<CircuitCount, Failure> {
        let [open, half_open] = self.rows.circuits().await?;
        Ok(CircuitCount { open: count(open)?.unsigned_abs(), half_open: count(half_open)?.unsigned_abs() })
    }

    pub(in crate::rows) async fn forget_turns(self) -> Result<(), Failure> {
        let oldest = self.rows.clock().await?.saturating_sub(MEMORY).unwrap_or(Timestamp::MIN);
        self.rows.forget_lines(oldest.as_microsecond()).await
    }

    async fn turns(&mut self, account: &AccountHost) -> Result<RateLimits, Failure> {
        let mut turns = RateLimits::default();
        for row in self.rows.rate_limits([account.as_str(), INTEGRATION]).await? {
            let line = if row.line == INTEGRATION { &mut turns.integration } else { &mut turns.account };
            *line = row.try_into()?;
        }
        Ok(turns)
    }

    async fn put_turns(
        &mut self,
        account: &AccountHost,
        before: &RateLimits,
        turns: &RateLimits,
    ) -> Result<(), Failure> {
        for (name, old, new) in [
            (account.as_str(), &before.account, &turns.account),
            (INTEGRATION, &before.integration, &turns.integration),
        ] {
            if new != old {
                self.rows.put_rate_limit(&RateLimitRow::new(name, new)).await?;
            }
        }
        Ok(())
    }
}
