//! The port for writes with a key.

use amo_connect_domain::idempotency::{
    Begun, Entity, KeyHash, NotSent, Settled, WriteOutcome, WriteRecord, WriteRequest,
};
use amo_connect_domain::ids::{AccountId, LeaseOwner, UserId};
use amo_connect_domain::ports::{IdempotencyStore, StoreError};
use async_trait::async_trait;

use super::Store;
use crate::rows::database::Database;
use crate::rows::database::Durability::Durable;

#[async_trait]
impl<D: Database> IdempotencyStore for Store<D> {
    async fn write_record(&self, user: &UserId, key: KeyHash) -> Result<Option<WriteRecord>, StoreError> {
        let user = user.clone();
        self.database.read(move |session| Box::pin(session.write_record(user, key))).await
    }

    async fn begin_write(&self, request: &WriteRequest, owner: LeaseOwner) -> Result<Begun, StoreError> {
        let (request, write) = (request.clone(), Durable.on(&request.user));
        self.database.transact(write, move |session| Box::pin(session.begin_write(request, owner))).await
    }

    async fn renew_write_lease(&self, user: &UserId, key: KeyHash, owner: LeaseOwner) -> Result<bool, StoreError> {
        let (user, write) = (user.clone(), Durable.first().on(user));
        self.database.transact(write, move |session| Box::pin(session.renew_write_lease(user, key, owner))).await
    }

    async fn record_sending(
        &self,
        user: &UserId,
        key: KeyHash,
        owner: LeaseOwner,
    ) -> Result<Result<WriteRecord, NotSent>, StoreError> {
        let (user, write) = (user.clone(), Durable.first().on(user));
        self.database.transact(write, move |session| Box::pin(session.record_sending(user, key, owner))).await
    }

    async fn settle_write(
        &self,
        request: &WriteRequest,
        owner: LeaseOwner,
        outcome: &WriteOutcome,
    ) -> Result<Settled, StoreError> {
        let (request, outcome, write) = (request.clone(), *outcome, Durable.first().on(&request.user));
        self.database.transact(write, move |session| Box::pin(session.settle_write(request, owner, outcome))).await
    }

    async fn claimed_objects(&self, account: AccountId, entity: Entity, ids: &[u64]) -> Result<Vec<u64>, StoreError> {
        let ids = ids.to_vec();
        self.database.read(move |session| Box::pin(session.claimed_objects(account, entity, ids))).await
    }
}
