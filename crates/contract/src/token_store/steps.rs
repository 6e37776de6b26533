//! Steps that several cases share.

use std::sync::Arc;
use std::time::Duration;

use amo_connect_domain::authorization::code::{Admission, Admitted, Exchange, ExchangeStatus};
use amo_connect_domain::connection::{CrmConnection, Grant};
use amo_connect_domain::idempotency::{Begun, Settled, WriteOutcome, WriteRecord, WriteRequest};
use amo_connect_domain::ids::{Epoch, Generation, LeaseOwner, UserId};
use amo_connect_domain::ports::{RefreshRequest, Storage, StoreError};
use amo_connect_domain::refresh::lease::RefreshLease;
use amo_connect_domain::token::CodeHash;
use jiff::Timestamp;

use super::TokenStoreHarness;
use crate::fixtures::{at, by_app_as_of, code, grant, lease_request, owner, served, unsolicited};

pub(super) type Store = Arc<dyn Storage>;

/// Admits a code that the caller is to be granted.
pub(super) async fn admit(store: &Store, request: &Admission, owner: LeaseOwner) -> Exchange {
    match store.admit_code(request, owner, at(0)).await.unwrap() {
        Admitted::Granted(exchange) => exchange,
        other => panic!("the code was not granted: {other:?}"),
    }
}

/// A sweep at `now` by an instance that trusts the store's clock.
pub(super) async fn swept(store: &Store, now: Timestamp) -> Result<usize, StoreError> {
    store.sweep(now, store.clock().await?).await
}

/// Moves the store's clock forward to `moment`, if that is still to come.
pub(super) async fn go_to(harness: &dyn TokenStoreHarness, store: &Store, moment: Timestamp) {
    let left = moment.duration_since(store.clock().await.unwrap());
    if let Ok(left) = Duration::try_from(left) {
        harness.advance_store_clock(left).await;
    }
}

/// Connects `user` to account `account` with the pair `name`, by a code of that name.
pub(super) async fn connect(store: &Store, user: &UserId, account: u64, name: &str) -> CrmConnection {
    let as_of = store.connection(user).await.unwrap().map_or(Epoch::default(), |connection| connection.epoch);
    admit(store, &by_app_as_of(code(name), user, as_of), owner(200)).await;
    store.save_grant(code(name), &grant(account, name), &served(), at(1)).await.unwrap();
    connection(store, user).await
}

/// A grant of account 1 with the pair `name` that waits for an owner. Returns its code.
pub(super) async fn waiting(store: &Store, name: &str) -> CodeHash {
    admit(store, &unsolicited(code(name)), owner(200)).await;
    store.save_grant(code(name), &grant(1, name), &served(), at(1)).await.unwrap();
    code(name)
}

/// The connection that `user` has to have.
pub(super) async fn connection(store: &Store, user: &UserId) -> CrmConnection {
    store.connection(user).await.unwrap().unwrap()
}

/// The epoch of `user`, who has to have a connection.
pub(super) async fn epoch(store: &Store, user: &UserId) -> Epoch {
    store.summary(user).await.unwrap().unwrap().epoch
}

/// The grant in use, if there is one.
pub(super) async fn grant_of(store: &Store, user: &UserId) -> Option<Grant> {
    store.connection(user).await.unwrap().and_then(|connection| connection.grant().cloned())
}

/// The status of a code that has to be on record.
pub(super) async fn status(store: &Store, code: CodeHash) -> ExchangeStatus {
    store.exchange(code).await.unwrap().unwrap().status
}

/// The refresh lease that `owner` is to be granted.
pub(super) async fn lease(
    store: &Store,
    user: &UserId,
    generation: Generation,
    owner: LeaseOwner,
) -> (CrmConnection, RefreshLease) {
    match store.lease_refresh(user, &lease_request(generation, owner)).await.unwrap() {
        RefreshRequest::Granted(connection, lease) => (*connection, lease),
        other => panic!("the lease was not granted: {other:?}"),
    }
}

/// Whether a refresh of `generation` is held by somebody. Takes the lease if it is not.
pub(super) async fn is_held(store: &Store, user: &UserId, generation: Generation, asker: LeaseOwner) -> bool {
    matches!(store.lease_refresh(user, &lease_request(generation, asker)).await.unwrap(), RefreshRequest::Held)
}

/// The record of a write that the caller is to be granted, and that was not sent before.
pub(super) async fn begin_write(store: &Store, request: &WriteRequest, owner: LeaseOwner) -> WriteRecord {
    match store.begin_write(request, owner).await.unwrap() {
        Begun::Granted(record) => record,
        other => panic!("the write was not granted: {other:?}"),
    }
}

/// The record of a write that the owner sends.
pub(super) async fn send_write(store: &Store, request: &WriteRequest, owner: LeaseOwner) -> WriteRecord {
    store.record_sending(&request.user, request.key, owner).await.unwrap().unwrap()
}

/// The record of a write after this outcome.
pub(super) async fn settle_write(
    store: &Store,
    request: &WriteRequest,
    owner: LeaseOwner,
    outcome: WriteOutcome,
) -> WriteRecord {
    match store.settle_write(request, owner, &outcome).await.unwrap() {
        Settled::OnRecord(record) => *record,
        other => panic!("the write is not on record: {other:?}"),
    }
}

/// The record of a write, if there is one.
pub(super) async fn write(store: &Store, request: &WriteRequest) -> Option<WriteRecord> {
    store.write_record(&request.user, request.key).await.unwrap()
}
