//! Writes with a key: begun by one owner, recorded before they are sent, settled.

use amo_connect_domain::idempotency::{
    Begun, Entity, KeyHash, NotSent, Settled, WRITES_OF_A_USER, WriteOutcome, WriteRecord, WriteRequest,
};
use amo_connect_domain::ids::{AccountId, Epoch, LeaseOwner, UserId};
use jiff::Timestamp;

use super::Session;
use crate::rows::columns::optional_time;
use crate::rows::failure::Failure;
use crate::rows::grant::account_column;
use crate::rows::write::{ClaimRow, WriteRow};

/// The record of a write with its user's lock, the user's epoch, and the store's clock.
struct Locked {
    record: Option<WriteRecord>,
    epoch: Epoch,
    now: Timestamp,
}

impl Session<'_> {
    pub(in crate::rows) async fn write_record(
        mut self,
        user: UserId,
        key: KeyHash,
    ) -> Result<Option<WriteRecord>, Failure> {
        self.load_write(&user, key).await
    }

    pub(in crate::rows) async fn begin_write(
        mut self,
        request: WriteRequest,
        owner: LeaseOwner,
    ) -> Result<Begun, Failure> {
        let Locked { record, epoch, now } = self.locked_write(&request.user, request.key).await?;
        let full_since = match record {
            None => self.full_since(&request.user).await?,
            Some(_) => None,
        };
        let begun = WriteRecord::begin(record.clone(), full_since, &request, epoch, owner, now);
        if let Some(changed) = begun.changed().filter(|changed| Some(*changed) != record.as_ref()) {
            self.put_write(changed).await?;
        }
        Ok(begun)
    }

    pub(in crate::rows) async fn renew_write_lease(
        mut self,
        user: UserId,
        key: KeyHash,
        owner: LeaseOwner,
    ) -> Result<bool, Failure> {
        let locked = self.locked_write(&user, key).await?;
        let Some(mut record) = locked.record else { return Ok(false) };
        let is_held = record.renew(owner, locked.now);
        if is_held {
            self.put_write(&record).await?;
        }
        Ok(is_held)
    }

    pub(in crate::rows) async fn record_sending(
        mut self,
        user: UserId,
        key: KeyHash,
        owner: LeaseOwner,
    ) -> Result<Result<WriteRecord, NotSent>, Failure> {
        let locked = self.locked_write(&user, key).await?;
        let Some(mut record) = locked.record else { return Ok(Err(NotSent::LeaseLost)) };
        if let Err(not_sent) = record.send(owner, locked.epoch, locked.now) {
            return Ok(Err(not_sent));
        }
        self.put_write(&record).await?;
        Ok(Ok(record))
    }

    pub(in crate::rows) async fn settle_write(
        mut self,
        request: WriteRequest,
        owner: LeaseOwner,
        outcome: WriteOutcome,
    ) -> Result<Settled, Failure> {
        let Locked { record: on_record, epoch, now } = self.locked_write(&request.user, request.key).await?;
        let record = WriteRecord::to_settle(on_record.clone(), &request, owner, &outcome, now);
        let Some(record) = record else { return Ok(Settled::NoRecord) };
        let is_claimed = self.is_claimed_by_another(&record, &record.claims(&outcome)).await?;
        let settled = record.settle(owner, &outcome, is_claimed, epoch, now);
        match &settled {
            Settled::OnRecord(after) if Some(&**after) != on_record.as_ref() => self.put_write(after).await?,
            Settled::NoRecord => self.rows.delete_write(&request.key.0).await?,
            Settled::OnRecord(_) | Settled::Claimed => {}
        }
        Ok(settled)
    }

    pub(in crate::rows) async fn claimed_objects(
        mut self,
        account: AccountId,
        entity: Entity,
        ids: Vec<u64>,
    ) -> Result<Vec<u64>, Failure> {
        let found = self.claims(account, entity, ids.into_iter().map(u64::cast_signed).collect()).await?;
        Ok(found.into_iter().map(|(id, _)| id.cast_unsigned()).collect())
    }

    /// Whether another key has any of `claims`. Until the transaction ends, none can take them.
    async fn is_claimed_by_another(&mut self, record: &WriteRecord, claims: &[(Entity, u64)]) -> Result<bool, Failure> {
        if !claims.is_empty() {
            self.rows.lock_account(record.account).await?;
        }
        for (entity, id) in claims {
            let found = self.claims(record.account, *entity, vec![id.cast_signed()]).await?;
            if found.iter().any(|(_, key)| key.as_slice() != record.key.0) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Those of these objects that a key has claimed.
    async fn claims(&mut self, account: AccountId, entity: Entity, ids: Vec<i64>) -> Result<Vec<ClaimRow>, Failure> {
        let account = account_column(account);
        let mut found = self.rows.made_objects(account, entity.made_by().code(), ids.clone()).await?;
        if entity == Entity::Note {
            found.extend(self.rows.comments(account, ids).await?);
        }
        Ok(found)
    }

    async fn locked_write(&mut self, user: &UserId, key: KeyHash) -> Result<Locked, Failure> {
        self.rows.lock_user(user).await?;
        let record = self.load_write(user, key).await?;
        let before = self.before(user).await?;
        let epoch = before.connection.map_or(Epoch::default(), |connection| connection.epoch);
        Ok(Locked { record, epoch, now: before.now })
    }

    /// When the [`WRITES_OF_A_USER`]th newest write of the user began, if there are as many.
    async fn full_since(&mut self, user: &UserId) -> Result<Option<Timestamp>, Failure> {
        let most = i64::try_from(WRITES_OF_A_USER).unwrap_or(i64::MAX);
        optional_time(self.rows.nth_newest_write(user.as_str().as_bytes(), most).await?)
    }

    async fn load_write(&mut self, user: &UserId, key: KeyHash) -> Result<Option<WriteRecord>, Failure> {
        self.rows.write(&key.0, user.as_str().as_bytes()).await?.map(WriteRecord::try_from).transpose()
    }

    async fn put_write(&mut self, record: &WriteRecord) -> Result<(), Failure> {
        self.rows.put_write(&WriteRow::from(record)).await
    }
}
