//! Mutants of the store of writes with a key.

use amo_connect_domain::idempotency::{
    Begun, Entity, KeyHash, NotSent, Settled, WRITE_MEMORY, WRITES_OF_A_USER, WriteOutcome, WriteRecord, WriteRequest,
    WriteState, WrittenObject,
};
use amo_connect_domain::ids::{AccountId, LeaseOwner, UserId};
use amo_connect_domain::lease::Lease;
use amo_connect_domain::ports::{IdempotencyStore, StoreError, StoreHealth};
use async_trait::async_trait;
use jiff::Timestamp;

use crate::kinds::Mutant;
use crate::store::MutantStore;

/// Ends the lease, if there is one.
fn lapse(record: &mut WriteRecord) {
    if let WriteState::Underway { lease, .. } = &mut record.state {
        lease.until = Timestamp::MIN;
    }
}

/// Forgets what was sent, if `is_forgotten`.
fn forget_sending(record: &mut WriteRecord, is_forgotten: impl FnOnce(LeaseOwner) -> bool) {
    if let WriteState::Underway { lease, sent } = &mut record.state
        && is_forgotten(lease.owner)
    {
        *sent = None;
    }
}

impl MutantStore {
    /// Makes all writes that were sent look as if they had been done long ago.
    pub(crate) fn end_doubtful_writes(&self) {
        for key in self.note(|notes| notes.writes.clone()) {
            self.inner.alter_write(key, |record| {
                if record.sent().is_some() {
                    record.state = WriteState::Done { missing_comment: false, done_at: Timestamp::MIN };
                }
            });
        }
    }

    /// Settles a write although another key has claimed its object.
    async fn claim_twice(
        &self,
        request: &WriteRequest,
        owner: LeaseOwner,
        outcome: &WriteOutcome,
    ) -> Result<Settled, StoreError> {
        let nobodys = |object: WrittenObject| WrittenObject { is_new: false, ..object };
        let unclaimed = match *outcome {
            WriteOutcome::Made(object) => WriteOutcome::Made(nobodys(object)),
            WriteOutcome::Done { object, missing_comment, .. } => {
                WriteOutcome::Done { object: object.map(nobodys), comment: None, missing_comment }
            }
            outcome => outcome,
        };
        self.inner.settle_write(request, owner, &unclaimed).await
    }
}

#[async_trait]
impl IdempotencyStore for MutantStore {
    async fn write_record(&self, user: &UserId, key: KeyHash) -> Result<Option<WriteRecord>, StoreError> {
        let mut found = self.inner.write_record(user, key).await?;
        match (self.mutant, &mut found) {
            (Mutant::AltersWrites, Some(record)) => record.author = None,
            (Mutant::ShowsWritesToAnybody, None) => {
                for other in self.note(|notes| notes.users.clone()) {
                    found = found.or(self.inner.write_record(&other, key).await?);
                }
            }
            _ => {}
        }
        Ok(found)
    }

    async fn begin_write(&self, request: &WriteRequest, owner: LeaseOwner) -> Result<Begun, StoreError> {
        let (mut request, key) = (request.clone(), request.key);
        self.note(|notes| {
            notes.users.push(request.user.clone());
            notes.writes.push(key);
        });
        let on_record = self.inner.write_record(&request.user, key).await?;
        match (self.mutant, on_record) {
            (Mutant::GrantsEveryWrite, _) => self.inner.alter_write(key, lapse),
            (Mutant::TakesOverAtOnce, _) if self.note(|notes| notes.was_set_back) => {
                self.inner.alter_write(key, lapse);
            }
            (Mutant::NeverTakesOver, Some(record)) => return Ok(Begun::Held(record)),
            (Mutant::TakesKeysForAnything, Some(record)) => request.request = record.request,
            (Mutant::KeepsKeysAcrossEpochs, Some(_)) => {
                self.inner.alter_write(key, |record| record.epoch = request.epoch);
            }
            _ => {}
        }
        let begun = self.inner.begin_write(&request, owner).await?;
        let of_all = self.note(|notes| notes.writes.len());
        Ok(match (self.mutant, begun) {
            (Mutant::CountsNoWrites, Begun::Full(_)) => {
                let now = self.inner.clock().await?;
                WriteRecord::begin(None, None, &request, request.epoch, owner, now)
            }
            (Mutant::CountsWritesOfAllUsers, Begun::Granted(_)) if of_all > WRITES_OF_A_USER => {
                Begun::Full(WRITE_MEMORY)
            }
            (_, begun) => begun,
        })
    }

    async fn renew_write_lease(&self, user: &UserId, key: KeyHash, owner: LeaseOwner) -> Result<bool, StoreError> {
        let renewed = self.inner.renew_write_lease(user, key, owner).await?;
        Ok(renewed || self.is(Mutant::RenewsForAnybody))
    }

    async fn record_sending(
        &self,
        user: &UserId,
        key: KeyHash,
        owner: LeaseOwner,
    ) -> Result<Result<WriteRecord, NotSent>, StoreError> {
        if self.is(Mutant::SendsInDoubt) {
            self.inner.alter_write(key, |record| forget_sending(record, |holder| holder == owner));
        }
        let on_record = self.inner.write_record(user, key).await?;
        match (self.mutant, self.inner.record_sending(user, key, owner).await?, on_record) {
            (Mutant::SendsForAnybody, Err(NotSent::LeaseLost), Some(record))
            | (Mutant::SendsPastDisconnects, Err(NotSent::Disconnected), Some(record)) => Ok(Ok(record)),
            (Mutant::ForgetsSendings, recorded, _) => {
                self.inner.alter_write(key, |record| forget_sending(record, |_| true));
                Ok(recorded)
            }
            (_, recorded, _) => Ok(recorded),
        }
    }

    async fn settle_write(
        &self,
        request: &WriteRequest,
        owner: LeaseOwner,
        outcome: &WriteOutcome,
    ) -> Result<Settled, StoreError> {
        let key = request.key;
        let on_record = self.inner.write_record(&request.user, key).await?;
        let mut request = request.clone();
        match (self.mutant, outcome, on_record) {
            (Mutant::ForgetsLateAnswers, _, None) => return Ok(Settled::NoRecord),
            (Mutant::SettlesOtherRequests, _, Some(record)) => request.request = record.request,
            (Mutant::WriteNeedsTheLease, _, Some(record)) if self.lease_has_passed() => {
                return Ok(Settled::OnRecord(Box::new(record)));
            }
            (Mutant::ChangesWhatIsDone, ..) => self.inner.alter_write(key, |record| {
                if matches!(record.state, WriteState::Done { .. }) {
                    let lease = Lease { owner, until: Timestamp::MAX };
                    record.state = WriteState::Underway { lease, sent: None };
                }
            }),
            (Mutant::KeepsFailedWrites, WriteOutcome::ChangedNothing, _) => {
                return self.inner.settle_write(&request, owner, &WriteOutcome::Unknown).await;
            }
            (Mutant::ForgetsDoubtfulWrites, WriteOutcome::ChangedNothing, _) => {
                self.inner.alter_write(key, |record| forget_sending(record, |holder| holder == owner));
            }
            (Mutant::ClaimsInAllAccounts, WriteOutcome::Done { object: Some(object), .. }, _) => {
                let is_known = self.note(|notes| {
                    let is_known = notes.claimed.contains(&object.id);
                    notes.claimed.push(object.id);
                    is_known
                });
                if is_known {
                    return Ok(Settled::Claimed);
                }
            }
            _ => {}
        }
        let settled = self.inner.settle_write(&request, owner, outcome).await?;
        match (self.mutant, &settled) {
            (Mutant::ClaimsForEveryKey, Settled::Claimed) => return self.claim_twice(&request, owner, outcome).await,
            (Mutant::CommentsClaimNothing, _) => self.inner.alter_write(key, |record| record.comment = None),
            (Mutant::ForgetsMadeLeads, _) if matches!(outcome, WriteOutcome::Made(_)) => {
                self.inner.alter_write(key, |record| record.object = None);
            }
            _ => {}
        }
        Ok(settled)
    }

    async fn claimed_objects(&self, account: AccountId, entity: Entity, ids: &[u64]) -> Result<Vec<u64>, StoreError> {
        match self.mutant {
            Mutant::CallsEverythingClaimed => Ok(ids.to_vec()),
            _ => self.inner.claimed_objects(account, entity, ids).await,
        }
    }
}
