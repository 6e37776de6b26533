//! [`IdempotencyStore`] in memory. Each decision is the domain's.

use amo_connect_domain::idempotency::{
    Begun, Entity, KeyHash, NotSent, Settled, WriteOutcome, WriteRecord, WriteRequest,
};
use amo_connect_domain::ids::{AccountId, LeaseOwner, UserId};
use amo_connect_domain::ports::{IdempotencyStore, StoreError};
use async_trait::async_trait;

use super::MemoryTokenStore;

#[async_trait]
impl IdempotencyStore for MemoryTokenStore {
    async fn write_record(&self, user: &UserId, key: KeyHash) -> Result<Option<WriteRecord>, StoreError> {
        Ok(self.rows()?.write(user, key))
    }

    async fn begin_write(&self, request: &WriteRequest, owner: LeaseOwner) -> Result<Begun, StoreError> {
        let mut rows = self.rows()?;
        let (on_record, epoch) = (rows.write(&request.user, request.key), rows.connection_or_new(&request.user).epoch);
        let full_since = rows.full_of_writes_since(&request.user);
        let begun = WriteRecord::begin(on_record, full_since, request, epoch, owner, self.now());
        if let Some(record) = begun.changed() {
            rows.writes.insert(record.key, record.clone());
        }
        Ok(begun)
    }

    async fn renew_write_lease(&self, user: &UserId, key: KeyHash, owner: LeaseOwner) -> Result<bool, StoreError> {
        let mut rows = self.rows()?;
        let Some(mut record) = rows.write(user, key) else { return Ok(false) };
        let is_held = record.renew(owner, self.now());
        rows.writes.insert(key, record);
        Ok(is_held)
    }

    async fn record_sending(
        &self,
        user: &UserId,
        key: KeyHash,
        owner: LeaseOwner,
    ) -> Result<Result<WriteRecord, NotSent>, StoreError> {
        let mut rows = self.rows()?;
        let Some(mut record) = rows.write(user, key) else { return Ok(Err(NotSent::LeaseLost)) };
        let epoch = rows.connection_or_new(user).epoch;
        Ok(record.send(owner, epoch, self.now()).map(|()| {
            rows.writes.insert(key, record.clone());
            record
        }))
    }

    async fn settle_write(
        &self,
        request: &WriteRequest,
        owner: LeaseOwner,
        outcome: &WriteOutcome,
    ) -> Result<Settled, StoreError> {
        let mut rows = self.rows()?;
        let (user, key) = (&request.user, request.key);
        let record = WriteRecord::to_settle(rows.write(user, key), request, owner, outcome, self.now());
        let Some(record) = record else { return Ok(Settled::NoRecord) };
        let claims = record.claims(outcome);
        let is_claimed = rows.writes.values().any(|other| {
            let is_anothers = other.key != key && other.account == record.account;
            is_anothers && other.claimed().iter().any(|claim| claims.contains(claim))
        });
        let settled = record.settle(owner, outcome, is_claimed, rows.connection_or_new(user).epoch, self.now());
        match &settled {
            Settled::OnRecord(record) => drop(rows.writes.insert(key, (**record).clone())),
            Settled::NoRecord => drop(rows.writes.remove(&key)),
            Settled::Claimed => {}
        }
        Ok(settled)
    }

    async fn claimed_objects(&self, account: AccountId, entity: Entity, ids: &[u64]) -> Result<Vec<u64>, StoreError> {
        let rows = self.rows()?;
        let theirs = rows.writes.values().filter(|record| record.account == account);
        let claimed = theirs.flat_map(WriteRecord::claimed).filter(|(of, id)| *of == entity && ids.contains(id));
        Ok(claimed.map(|(_, id)| id).collect())
    }
}
