//! What the background and the operator ask for: whose turn it is, and what happened.

use amo_connect_domain::authorization::attempt::Attempt;
use amo_connect_domain::authorization::code::Exchange;
use amo_connect_domain::client::ClientFingerprint;
use amo_connect_domain::clock::before;
use amo_connect_domain::connection::audit::{Actor, AuditEntry, AuditEvent};
use amo_connect_domain::connection::{CrmConnection, REFUSAL_BACKOFFS, Standing};
use amo_connect_domain::ids::{AccountId, Generation, UserId};
use jiff::Timestamp;

use super::Session;
use crate::rows::audit::AuditRow;
use crate::rows::columns::{count, user};
use crate::rows::connection::StoreNow;
use crate::rows::failure::Failure;
use crate::rows::grant::{Tokens, account_column};
use crate::rows::lease::Acquitted;

impl Session<'_> {
    pub(in crate::rows) async fn orphaned_refreshes(self, limit: u32) -> Result<Vec<(UserId, Generation)>, Failure> {
        let store_now = self.rows.clock().await?;
        due(self.rows.orphaned_refreshes(store_now.as_microsecond(), limit.into()).await?)
    }

    pub(in crate::rows) async fn stale_connections(
        self,
        issued_before: Timestamp,
        issued_after: Timestamp,
        limit: u32,
    ) -> Result<Vec<(UserId, Generation)>, Failure> {
        let store_now = self.rows.clock().await?;
        let ages = (issued_before.as_microsecond(), issued_after.as_microsecond());
        let backoff_since = REFUSAL_BACKOFFS.map(|backoff| before(store_now, backoff).as_microsecond());
        let now = StoreNow { now: store_now.as_microsecond(), backoff_since };
        due(self.rows.stale_connections(ages, now, limit.into()).await?)
    }

    pub(in crate::rows) async fn acquitted_refreshes(
        mut self,
        client: ClientFingerprint,
        expired_by: Option<Timestamp>,
        limit: u32,
    ) -> Result<Vec<(UserId, Generation)>, Failure> {
        let record = self.client_record(client).await?;
        // Of an accused client only older accusations are over, and no other client's.
        let served = record.served_at.unwrap_or(Timestamp::MIN).as_microsecond();
        let acquitted = Acquitted { client: &client.0, served, others: !record.is_accused() };
        let expired_by = expired_by.unwrap_or(Timestamp::MAX).as_microsecond();
        due(self.rows.acquitted_refreshes(acquitted, expired_by, limit.into()).await?)
    }

    pub(in crate::rows) async fn users_of(self, account: AccountId) -> Result<Vec<UserId>, Failure> {
        users(self.rows.users_of(account_column(account)).await?)
    }

    pub(in crate::rows) async fn users(self, after: Option<UserId>, limit: u32) -> Result<Vec<UserId>, Failure> {
        // No user's id is empty.
        let after = after.as_ref().map_or(&[][..], |after| after.as_str().as_bytes());
        users(self.rows.users(after, limit.into()).await?)
    }

    pub(in crate::rows) async fn standings(self) -> Result<Vec<(Standing, u64)>, Failure> {
        let rows = self.rows.standings().await?;
        rows.into_iter().map(|row| Ok((row.standing()?, count(row.count)?.unsigned_abs()))).collect()
    }

    pub(in crate::rows) async fn audit(mut self, user: UserId, limit: u32) -> Result<Vec<AuditEntry>, Failure> {
        self.newest_entries(&user, limit).await?.into_iter().collect()
    }

    /// The newest entries, the oldest of them first. Some may be of a newer build, which this one cannot read.
    pub(super) async fn newest_entries(
        &mut self,
        user: &UserId,
        limit: u32,
    ) -> Result<Vec<Result<AuditEntry, Failure>>, Failure> {
        let rows = self.rows.audit(user.as_str().as_bytes(), limit.into()).await?;
        Ok(rows.into_iter().rev().map(AuditEntry::try_from).collect())
    }

    pub(in crate::rows) async fn attempts_of(self, user: UserId, limit: u32) -> Result<Vec<Attempt>, Failure> {
        let rows = self.rows.attempts_of(user.as_str().as_bytes(), limit.into()).await?;
        rows.into_iter().map(Attempt::try_from).collect()
    }

    pub(in crate::rows) async fn exchanges_of(self, user: UserId, limit: u32) -> Result<Vec<Exchange>, Failure> {
        let rows = self.rows.exchanges_of(user.as_str().as_bytes(), limit.into()).await?;
        rows.into_iter().map(|row| row.open(Tokens::Left)).collect()
    }

    pub(in crate::rows) async fn record(
        mut self,
        connection: CrmConnection,
        event: AuditEvent,
        by: Actor,
    ) -> Result<(), Failure> {
        let store_now = self.rows.clock().await?;
        self.put_audit(&[AuditEntry::about(&connection, event, by, store_now)]).await
    }

    pub(super) async fn put_audit(&mut self, entries: &[AuditEntry]) -> Result<(), Failure> {
        for entry in entries {
            self.rows.insert_audit(&AuditRow::from(entry)).await?;
        }
        Ok(())
    }
}

fn due(rows: Vec<(Vec<u8>, i64)>) -> Result<Vec<(UserId, Generation)>, Failure> {
    rows.into_iter().map(|(id, generation)| Ok((user(id)?, Generation(count(generation)?)))).collect()
}

fn users(ids: Vec<Vec<u8>>) -> Result<Vec<UserId>, Failure> {
    ids.into_iter().map(user).collect()
}
