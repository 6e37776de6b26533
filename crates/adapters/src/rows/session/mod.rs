//! A transaction in the domain's terms: each method of the port as load, decide, write.
//!
//! The decisions are the domain's. Whoever changes a row takes its lock first and reads it
//! after that: a code's before a user's.

mod attempts;
mod connections;
mod exchanges;
mod looks;
mod reseal;
mod upkeep;

use amo_connect_domain::attempt::MEMORY;
use amo_connect_domain::audit::AUDIT_MEMORY;
use jiff::Timestamp;

use super::access::Rows;
use super::exchange::ExchangeRow;
use super::failure::Failure;
use super::grant::Tokens;
use crate::cipher::TokenKeys;

/// The rows of one transaction, and the keys to their tokens.
pub(crate) struct Session<'t> {
    rows: &'t mut dyn Rows,
    keys: &'t TokenKeys,
}

/// The database was made by another version of this program.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the database has another schema than this program")]
struct AnotherSchema;

impl<'t> Session<'t> {
    pub(crate) fn new(rows: &'t mut dyn Rows, keys: &'t TokenKeys) -> Self {
        Self { rows, keys }
    }

    pub(super) async fn ready(self, versions: &[String]) -> Result<(), Failure> {
        let mut applied = self.rows.migrations().await?;
        applied.sort_unstable();
        if applied != versions {
            return Err(Failure::unavailable(AnotherSchema));
        }
        let now = self.rows.clock().await?;
        self.rows.beat(now.as_microsecond()).await
    }

    pub(super) async fn clock(self) -> Result<Timestamp, Failure> {
        self.rows.clock().await
    }

    pub(super) async fn sweep(self, now: Timestamp) -> Result<usize, Failure> {
        let mut wiped = 0;
        for row in self.rows.late_grants(now.as_microsecond()).await? {
            let mut exchange = row.open(Tokens::Left)?;
            if exchange.wipe_unclaimed(now) {
                self.rows.put_exchange(&ExchangeRow::seal(&exchange, self.keys)?).await?;
                wiped += 1;
            }
        }
        let oldest = now.saturating_sub(MEMORY).unwrap_or(Timestamp::MIN);
        self.rows.forget(oldest.as_microsecond()).await?;
        // These are dated by the store's clock.
        let store_now = self.rows.clock().await?;
        self.rows.forget_looks(store_now.as_microsecond()).await?;
        let oldest = store_now.saturating_sub(AUDIT_MEMORY).unwrap_or(Timestamp::MIN);
        self.rows.forget_audit(oldest.as_microsecond()).await?;
        Ok(wiped)
    }
}
