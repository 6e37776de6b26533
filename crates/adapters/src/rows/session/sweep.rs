//! Sweeps: what is wiped and forgotten, a batch a transaction.
//!
//! A sweep takes rows as it finds them, not by their codes and users, so it waits for nobody's
//! lock: what somebody is changing is left for the next one.

use amo_connect_domain::authorization::attempt::MEMORY;
use amo_connect_domain::authorization::code::CLAIM_TERM;
use amo_connect_domain::clock::{CLOCK_SKEW, after, before};
use amo_connect_domain::connection::audit::AUDIT_MEMORY;
use amo_connect_domain::connection::revocation_check::REVOCATION_CHECK_INTERVAL;
use amo_connect_domain::idempotency::WRITE_MEMORY;
use amo_connect_domain::lease::LEASE_TERM;
use amo_connect_domain::refresh::backoff::LONGEST_BACKOFF;
use amo_connect_domain::refresh::lease::RefreshLease;
use jiff::Timestamp;

use super::Session;
use crate::rows::exchange::ExchangeRow;
use crate::rows::failure::Failure;
use crate::rows::grant::Tokens;
use crate::rows::lease::LeaseColumns;
use crate::rows::revocation_check::RevocationCheckRow;

/// How many rows of a kind a transaction takes: far less than a transaction's time.
pub(super) const BATCH: i64 = 200;

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

    /// Gives what ends later than it can its longest end: a clock that was ahead has written it.
    pub(in crate::rows) async fn shorten(mut self, now: Timestamp) -> Result<Swept, Failure> {
        let latest = after(now, CLAIM_TERM + CLOCK_SKEW);
        let waits = self.rows.overlong_waits(latest.as_microsecond(), BATCH).await?;
        let mut counts = [0; 3];
        for row in waits {
            // The tokens are sealed again, so they have to be opened. Where no key opens them
            // nobody can claim them either.
            let Ok(mut exchange) = row.open(Tokens::Opened(self.keys)) else { continue };
            if exchange.shorten_wait(now) {
                counts[0] += 1;
                self.put_exchange(&exchange).await?;
            }
        }
        let store_now = self.rows.clock().await?;
        let latest = |term| after(store_now, term).as_microsecond();
        let leases = self.rows.overlong_leases(latest(LEASE_TERM), latest(LONGEST_BACKOFF), BATCH).await?;
        counts[1] = leases.len();
        for (user_id, lease) in leases {
            let lease: Option<RefreshLease> = lease.try_into()?;
            let seen = lease.map(|lease| lease.seen_at(store_now));
            self.rows.put_lease(&user_id, &LeaseColumns::from(seen)).await?;
        }
        let looks = self.rows.overlong_looks(latest(REVOCATION_CHECK_INTERVAL), BATCH).await?;
        counts[2] = looks.len();
        for row in looks {
            let (account, look) = row.open()?;
            self.rows.put_look(&RevocationCheckRow::new(account, &look.seen_at(store_now))).await?;
        }
        Ok(Swept::of(&counts))
    }

    /// Deletes what is too old to be asked for.
    pub(in crate::rows) async fn forget(mut self, now: Timestamp, as_of: Timestamp) -> Result<Swept, Failure> {
        let store_now = self.rows.clock().await?;
        let older_than = |memory| before(now.min(as_of), memory).as_microsecond();
        // As `Exchange::is_over` has it.
        let under_way_since = before(store_now.min(as_of), MEMORY).as_microsecond();
        // As `WriteRecord::is_over` has it.
        let oldest_write = before(now.min(as_of).min(store_now), WRITE_MEMORY).as_microsecond();
        let (store_time, store_now) = (store_now, store_now.as_microsecond());
        let (oldest, oldest_entry) = (older_than(MEMORY), older_than(AUDIT_MEMORY));
        Ok(Swept::of(&[
            self.rows.forget_attempts(oldest, BATCH).await?,
            self.rows.forget_exchanges(oldest, under_way_since, BATCH).await?,
            self.rows.forget_audit(oldest_entry, BATCH).await?,
            self.rows.forget_looks(store_now, BATCH).await?,
            self.rows.forget_host_look_ups(store_now, oldest_entry, BATCH).await?,
            self.rows.forget_writes(oldest_write, BATCH).await?,
            self.forget_places(store_time).await?,
        ]))
    }
}
