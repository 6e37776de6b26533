//! Planted bugs of writes with a key.

use std::sync::Arc;
use std::time::Duration;

use amo_connect_domain::idempotency::{
    Begun, Doubt, Entity, KeyHash, NotSent, Settled, WriteOutcome, WriteRecord, WriteRequest, WriteState, WrittenObject,
};
use amo_connect_domain::ids::{AccountId, LeaseOwner, UserId};
use amo_connect_domain::ports::{AmoError, StoreError};
use futures_util::FutureExt as _;

use super::Bug;
use super::store::BuggyStore;
use crate::executor::Sim;
use crate::setup::user_id;

/// The longest that a sending is recorded too late, in milliseconds.
const LONGEST_DELAY: u64 = 2_000;

/// The longest that a write waits before it is sent, in milliseconds.
const LONGEST_WAIT: u64 = 10_000;

impl Bug {
    /// Whose the keys of `user` are.
    pub(crate) fn owner_of_keys(self, user: usize) -> usize {
        if self == Self::KeyWithoutUser { 0 } else { user }
    }

    /// How long a write waits before it is sent.
    pub(crate) fn delay_of_write(self, sim: &Sim) -> Duration {
        if self == Self::ClientSendsWritesLate { sim.millis(0, LONGEST_WAIT) } else { Duration::ZERO }
    }

    /// What it takes the answer to a write for.
    pub(crate) fn misread_write(
        self,
        answer: Result<Option<WrittenObject>, AmoError>,
    ) -> Result<Option<WrittenObject>, AmoError> {
        match (self, answer) {
            (Self::LostWriteTakenForNotSent, Err(AmoError::OutcomeUnknown)) => Err(AmoError::Unavailable),
            (_, answer) => answer,
        }
    }
}

impl BuggyStore {
    pub(crate) async fn begin_write(&self, request: &WriteRequest, owner: LeaseOwner) -> Result<Begun, StoreError> {
        let Some(bug) = self.bug else { return self.rows.begin_write(request, owner).await };
        let known = self.rows.write_record(&request.user, request.key).await?;
        match bug {
            Bug::NoWriteRecord => {
                let begun = WriteRecord::begin(None, None, request, request.epoch, owner, self.rows.clock().await?);
                self.notes().writes.extend(begun.changed().map(|record| (owner, record.clone())));
                return Ok(begun);
            }
            Bug::KeyWithoutUser => return self.begin_for_anybody(request, owner).await,
            Bug::BodyIgnored => {
                let request_of_key = known.map_or(request.request, |record| record.request);
                let request = WriteRequest { request: request_of_key, ..request.clone() };
                return self.rows.begin_write(&request, owner).await;
            }
            _ => {}
        }
        Ok(match (bug, self.rows.begin_write(request, owner).await?) {
            (Bug::KeyOutlivesDisconnect, Begun::Expired) => known.filter(is_done).map_or(Begun::Expired, Begun::Replay),
            (Bug::LateAnswerTakenForNone, Begun::InDoubt(record, doubt)) => {
                self.context.truth.alter_write(request.key, forget_sending);
                Begun::InDoubt(record, Doubt { absence_counts: true, ..doubt })
            }
            (Bug::WriteDoubtStands, Begun::InDoubt(record, doubt)) => {
                Begun::InDoubt(record, Doubt { absence_counts: false, ..doubt })
            }
            (_, begun) => begun,
        })
    }

    /// Decides by the record of whoever has used the key.
    async fn begin_for_anybody(&self, request: &WriteRequest, owner: LeaseOwner) -> Result<Begun, StoreError> {
        for other in (0..self.context.users).map(user_id).filter(|other| *other != request.user) {
            let Some(record) = self.rows.write_record(&other, request.key).await? else { continue };
            let begun = WriteRecord::begin(Some(record), None, request, request.epoch, owner, self.rows.clock().await?);
            if !matches!(begun, Begun::Granted(_) | Begun::InDoubt(..)) {
                return Ok(begun);
            }
        }
        self.rows.begin_write(request, owner).await
    }

    pub(crate) async fn record_sending(
        &self,
        user: &UserId,
        key: KeyHash,
        owner: LeaseOwner,
    ) -> Result<Result<WriteRecord, NotSent>, StoreError> {
        match self.bug {
            Some(Bug::NoWriteRecord) => {
                let noted = self.notes().writes.get(&owner).cloned();
                Ok(noted.ok_or(NotSent::LeaseLost))
            }
            Some(Bug::WriteRecordedAfterSending) => {
                self.record_sending_later(user.clone(), key, owner);
                Ok(self.rows.write_record(user, key).await?.ok_or(NotSent::LeaseLost))
            }
            _ => self.rows.record_sending(user, key, owner).await,
        }
    }

    fn record_sending_later(&self, user: UserId, key: KeyHash, owner: LeaseOwner) {
        let (sim, rows) = (self.context.sim.clone(), Arc::clone(&self.rows));
        let later = async move {
            sim.sleep(sim.millis(1, LONGEST_DELAY)).await;
            // Nobody waits for the outcome.
            let _ = rows.record_sending(&user, key, owner).await;
        };
        self.context.sim.spawn(self.context.home, later.boxed());
    }

    pub(crate) async fn settle_write(
        &self,
        request: &WriteRequest,
        owner: LeaseOwner,
        outcome: &WriteOutcome,
    ) -> Result<Settled, StoreError> {
        let Some(bug) = self.bug else { return self.rows.settle_write(request, owner, outcome).await };
        let (user, key) = (&request.user, request.key);
        let on_record = match bug {
            Bug::NoWriteRecord => self.notes().writes.get(&owner).cloned(),
            _ => self.rows.write_record(user, key).await?,
        };
        let epoch = self.rows.connection(user).await?.map(|row| row.epoch).unwrap_or_default();
        let store_now = self.rows.clock().await?;
        let record = WriteRecord::to_settle(on_record, request, owner, outcome, store_now);
        let unclaimed =
            record.map_or(Settled::NoRecord, |record| record.settle(owner, outcome, false, epoch, store_now));
        match (bug, outcome) {
            (Bug::NoWriteRecord, _) => {
                if let Settled::OnRecord(record) = &unclaimed {
                    self.notes().writes.insert(owner, (**record).clone());
                }
                Ok(unclaimed)
            }
            (Bug::RepeatsOnUnknown, WriteOutcome::Unknown) => {
                self.rows.settle_write(request, owner, &WriteOutcome::ChangedNothing).await
            }
            (Bug::DoneNotKept, WriteOutcome::Done { .. }) => {
                self.rows.settle_write(request, owner, &WriteOutcome::ChangedNothing).await?;
                Ok(unclaimed)
            }
            (Bug::ClaimsNotChecked, _) => {
                let settled = self.rows.settle_write(request, owner, outcome).await?;
                let (Settled::Claimed, Settled::OnRecord(record)) = (&settled, &unclaimed) else { return Ok(settled) };
                self.context.truth.alter_write(key, |stored| stored.clone_from(record));
                Ok(unclaimed)
            }
            _ => self.rows.settle_write(request, owner, outcome).await,
        }
    }

    pub(crate) async fn claimed_objects(
        &self,
        account: AccountId,
        entity: Entity,
        ids: &[u64],
    ) -> Result<Vec<u64>, StoreError> {
        match self.bug {
            Some(Bug::ClaimsNotChecked) => Ok(Vec::new()),
            _ => self.rows.claimed_objects(account, entity, ids).await,
        }
    }
}

fn is_done(record: &WriteRecord) -> bool {
    matches!(record.state, WriteState::Done { .. })
}

fn forget_sending(record: &mut WriteRecord) {
    if let WriteState::Underway { sent, .. } = &mut record.state {
        *sent = None;
    }
}
