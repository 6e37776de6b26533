//! The port to the records of writes, and what the checker sees of each operation.

use amo_connect_domain::idempotency::{
    Begun, Entity, KeyHash, NotSent, Settled, WriteOutcome, WriteRecord, WriteRequest,
};
use amo_connect_domain::ids::{AccountId, LeaseOwner, UserId};
use amo_connect_domain::ports::{IdempotencyStore, StoreError};
use async_trait::async_trait;

use super::ModelStore;
use crate::invariants::AskedId;

impl ModelStore {
    /// The call for a write whose work the running task does.
    fn asked(&self) -> Option<AskedId> {
        let sim = &self.world.sim;
        let by = sim.current().and_then(|task| sim.parent(task));
        self.world.checker().write_asked_by(by)
    }
}

#[async_trait]
impl IdempotencyStore for ModelStore {
    async fn write_record(&self, user: &UserId, key: KeyHash) -> Result<Option<WriteRecord>, StoreError> {
        self.plain_call("write_record", self.rows.write_record(user, key)).await
    }

    async fn begin_write(&self, request: &WriteRequest, owner: LeaseOwner) -> Result<Begun, StoreError> {
        let begun = self.plain_call("begin_write", self.rows.begin_write(request, owner)).await?;
        // Who has lost the reply knows of nothing.
        if let Some(asked) = self.asked() {
            self.world.checker().write_begun(asked, owner, &begun, self.world.now());
        }
        Ok(begun)
    }

    async fn renew_write_lease(&self, user: &UserId, key: KeyHash, owner: LeaseOwner) -> Result<bool, StoreError> {
        self.plain_call("renew_write_lease", self.rows.renew_write_lease(user, key, owner)).await
    }

    async fn record_sending(
        &self,
        user: &UserId,
        key: KeyHash,
        owner: LeaseOwner,
    ) -> Result<Result<WriteRecord, NotSent>, StoreError> {
        let asked = self.asked();
        self.call("record_sending", self.rows.record_sending(user, key, owner), |world, outcome| {
            if let (Some(asked), Ok(Ok(_))) = (asked, outcome) {
                let is_astray = !world.store_astray().is_zero();
                world.checker().write_recorded(asked, is_astray, world.now());
            }
        })
        .await
    }

    async fn settle_write(
        &self,
        request: &WriteRequest,
        owner: LeaseOwner,
        outcome: &WriteOutcome,
    ) -> Result<Settled, StoreError> {
        let asked = self.asked();
        self.call("settle_write", self.rows.settle_write(request, owner, outcome), |world, outcome| {
            if let (Some(asked), Ok(Settled::OnRecord(record))) = (asked, outcome) {
                world.checker().write_settled(asked, record, world.now());
            }
        })
        .await
    }

    async fn claimed_objects(&self, account: AccountId, entity: Entity, ids: &[u64]) -> Result<Vec<u64>, StoreError> {
        let operation = async {
            let mut claimed = self.rows.claimed_objects(account, entity, ids).await?;
            // Any order will do; a trace has to have the same one each time.
            claimed.sort_unstable();
            Ok(claimed)
        };
        self.plain_call("claimed_objects", operation).await
    }
}
