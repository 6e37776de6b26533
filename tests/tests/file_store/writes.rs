//! The port to writes with a key.

use amo_connect_domain::idempotency::{
    Begun, Entity, KeyHash, NotSent, Settled, WriteOutcome, WriteRecord, WriteRequest,
};
use amo_connect_domain::ids::{AccountId, LeaseOwner, UserId};
use amo_connect_domain::ports::{IdempotencyStore, StoreError};
use async_trait::async_trait;

use crate::store::FileStore;

#[async_trait]
impl IdempotencyStore for FileStore {
    async fn write_record(&self, user: &UserId, key: KeyHash) -> Result<Option<WriteRecord>, StoreError> {
        let user = user.clone();
        self.read(move |records| Ok(records.write(&user, key))).await
    }

    async fn begin_write(&self, request: &WriteRequest, owner: LeaseOwner) -> Result<Begun, StoreError> {
        let request = request.clone();
        self.change(move |change| {
            let on_record = change.records.write(&request.user, request.key);
            let epoch = change.records.connection_or_new(&request.user).epoch;
            let full_since = change.records.full_of_writes_since(&request.user);
            let begun = WriteRecord::begin(on_record, full_since, &request, epoch, owner, change.store_now);
            if let Some(record) = begun.changed() {
                change.records.put_write(record.clone());
            }
            Ok(begun)
        })
        .await
    }

    async fn renew_write_lease(&self, user: &UserId, key: KeyHash, owner: LeaseOwner) -> Result<bool, StoreError> {
        let user = user.clone();
        self.change(move |change| {
            let Some(mut record) = change.records.write(&user, key) else { return Ok(false) };
            let is_held = record.renew(owner, change.store_now);
            change.records.put_write(record);
            Ok(is_held)
        })
        .await
    }

    async fn record_sending(
        &self,
        user: &UserId,
        key: KeyHash,
        owner: LeaseOwner,
    ) -> Result<Result<WriteRecord, NotSent>, StoreError> {
        let user = user.clone();
        self.change(move |change| {
            let Some(mut record) = change.records.write(&user, key) else { return Ok(Err(NotSent::LeaseLost)) };
            let epoch = change.records.connection_or_new(&user).epoch;
            Ok(record.send(owner, epoch, change.store_now).map(|()| {
                change.records.put_write(record.clone());
                record
            }))
        })
        .await
    }

    async fn settle_write(
        &self,
        request: &WriteRequest,
        owner: LeaseOwner,
        outcome: &WriteOutcome,
    ) -> Result<Settled, StoreError> {
        let (request, outcome) = (request.clone(), *outcome);
        self.change(move |change| {
            let (records, key, now) = (change.records, request.key, change.store_now);
            let on_record = records.write(&request.user, key);
            let record = WriteRecord::to_settle(on_record, &request, owner, &outcome, now);
            let Some(record) = record else { return Ok(Settled::NoRecord) };
            let claims = record.claims(&outcome);
            let others = records.writes.iter().filter(|other| other.key != key && other.account == record.account);
            let is_claimed = others.flat_map(WriteRecord::claimed).any(|claim| claims.contains(&claim));
            let epoch = records.connection_or_new(&request.user).epoch;
            let settled = record.settle(owner, &outcome, is_claimed, epoch, now);
            match &settled {
                Settled::OnRecord(record) => records.put_write((**record).clone()),
                Settled::NoRecord => records.writes.retain(|other| other.key != key),
                Settled::Claimed => {}
            }
            Ok(settled)
        })
        .await
    }

    async fn claimed_objects(&self, account: AccountId, entity: Entity, ids: &[u64]) -> Result<Vec<u64>, StoreError> {
        let ids = ids.to_vec();
        self.read(move |records| {
            let theirs = records.writes.iter().filter(|record| record.account == account);
            let claimed = theirs.flat_map(WriteRecord::claimed).filter(|(of, id)| *of == entity && ids.contains(id));
            Ok(claimed.map(|(_, id)| id).collect())
        })
        .await
    }
}
