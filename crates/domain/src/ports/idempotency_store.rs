//! The port to writes with an `Idempotency-Key`.

use std::fmt::Debug;

use async_trait::async_trait;

use super::StoreError;
use crate::idempotency::{Begun, Entity, KeyHash, NotSent, Settled, WriteOutcome, WriteRecord, WriteRequest};
use crate::ids::{AccountId, LeaseOwner, UserId};

/// Keeps what is known of each write with a key: who works on it, what was sent, what it made.
///
/// What [`TokenStore`](super::TokenStore) says of atomicity, of the store's clock and of leases holds here too. A
/// key is its user's ([`KeyHash`]).
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait IdempotencyStore: Debug + Send + Sync + 'static {
    /// The record of the write with this key.
    async fn write_record(&self, user: &UserId, key: KeyHash) -> Result<Option<WriteRecord>, StoreError>;

    /// Decides by [`WriteRecord::begin`] whether the caller may work on a write, and records it. MUST grant a write
    /// to one owner at a time, however many ask. MUST refuse a key that was used for another request, in another
    /// account or in another epoch. MUST NOT record a new write of a user who has
    /// [`WRITES_OF_A_USER`](crate::idempotency::WRITES_OF_A_USER) on record.
    async fn begin_write(&self, request: &WriteRequest, owner: LeaseOwner) -> Result<Begun, StoreError>;

    /// Renews the lease on a write. Returns `false`, and changes nothing, if `owner` does not hold it any more.
    async fn renew_write_lease(&self, user: &UserId, key: KeyHash, owner: LeaseOwner) -> Result<bool, StoreError>;

    /// Records, by [`WriteRecord::send`], that the owner sends a write now. MUST refuse it to all others. A
    /// disconnect that came before it MUST win. From now on the sending MUST stay on record until it is known what
    /// became of it, whoever asks and however long that takes. MUST refuse another sending while this one may still
    /// be carried out.
    async fn record_sending(
        &self,
        user: &UserId,
        key: KeyHash,
        owner: LeaseOwner,
    ) -> Result<Result<WriteRecord, NotSent>, StoreError>;

    /// Records, by [`WriteRecord::to_settle`] and [`WriteRecord::settle`], what became of a write. MUST accept what was
    /// made from an owner whose lease has passed, also if the write was forgotten since. MUST NOT take it for another
    /// request that the key was used for since. MUST NOT change a write that is done. MUST forget a write that changed nothing, unless
    /// something else of it is on record. MUST NOT let two keys claim one object of an account, however many try.
    async fn settle_write(
        &self,
        request: &WriteRequest,
        owner: LeaseOwner,
        outcome: &WriteOutcome,
    ) -> Result<Settled, StoreError>;

    /// Those of these objects of `account` that a key has claimed, in any order.
    async fn claimed_objects(&self, account: AccountId, entity: Entity, ids: &[u64]) -> Result<Vec<u64>, StoreError>;
}
