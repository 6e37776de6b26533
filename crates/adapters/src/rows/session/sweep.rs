//! Sweeps: what is wiped and forgotten, a batch a transaction.
//!
//! A sweep takes rows as it finds them, not by their codes and users, so it waits for nobody's
//! lock: what somebody is changing is left for the next one.

use amo_connect_domain::attempt::MEMORY;
use amo_connect_domain::audit::AUDIT_MEMORY;
use jiff::Timestamp;

use super::Session;
use crate::rows::exchange::ExchangeRow;
use crate::rows::failure::Failure;
use crate::rows::grant::Tokens;

/// How many rows of a kind a transaction takes: far less than a transaction's time.
const BATCH: i64 = 200;

/// What a transaction of a sweep did.
#[derive(Clone, Copy, Debug)]
pub(in crate::rows) struct Swept {
    pub(in crate::rows) rows: usize,
    /// Whether there may be more.
    pub(in crate::rows) more: bool,
}

impl Swept {
    fn of(counts: &[usize]) -> Self {
        let full = usize::try_from(BATCH).unwrap_or(usize::MAX);
        Self { rows: counts.iter().sum(), more: counts.iter().any(|count| *count >= full) }
    }
}

impl Session<'_> {
    /// Wipes grants that nobody claimed in time.
    pub(in crate::rows) async fn wipe_late_grants(self, now: Timestamp) -> Result<Swept, Failure> {
        let late = self.rows.late_grants(now.as_microsecond(), BATCH).await?;
        let found = late.len();
        let mut wiped = 0;
        for row in late {
            let mut exchange = row.open(Tokens::Left)?;
            if exchange.wipe_unclaimed(now) {
                self.rows.put_exchange(&ExchangeRow::seal(&exchange, self.keys)?).await?;
                wiped += 1;
            }
        }
        Ok(Swept { rows: wiped, ..Swept::of(&[found]) })
    }

    /// Deletes what is too old to be asked for.
    pub(in crate::rows) async fn forget(self, now: Timestamp) -> Result<Swept, Failure> {
        let oldest = now.saturating_sub(MEMORY).unwrap_or(Timestamp::MIN).as_microsecond();
        // These are dated by the store's clock.
        let store_now = self.rows.clock().await?;
        let oldest_entry = store_now.saturating_sub(AUDIT_MEMORY).unwrap_or(Timestamp::MIN).as_microsecond();
        Ok(Swept::of(&[
            self.rows.forget_attempts(oldest, BATCH).await?,
            self.rows.forget_exchanges(oldest, BATCH).await?,
            self.rows.forget_audit(oldest_entry, BATCH).await?,
            self.rows.forget_looks(store_now.as_microsecond(), BATCH).await?,
        ]))
    }
}
