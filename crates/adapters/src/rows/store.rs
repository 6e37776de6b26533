//! The port, over any database that can run a transaction.

use std::fmt::Debug;
use std::sync::Arc;

use amo_connect_domain::authorization::attempt::{Attempt, AttemptState};
use amo_connect_domain::authorization::code::{Admission, Admitted, Exchange};
use amo_connect_domain::client::ClientFingerprint;
use amo_connect_domain::connection::audit::{Actor, AuditEntry, AuditEvent};
use amo_connect_domain::connection::{CrmConnection, Grant};
use amo_connect_domain::host::AccountHost;
use amo_connect_domain::host_look_up::{FoundHost, LookUpDecision};
use amo_connect_domain::ids::{AccountId, AttemptId, Epoch, Generation, LeaseOwner, Revision, UserId};
use amo_connect_domain::ports::{
    AuditLog, Claim, HostLookUpStore, Maintenance, RefreshRequest, RevocationQueue, Served, StoreError, StoreHealth,
    TokenStore,
};
use amo_connect_domain::refresh::lease::{Backoff, LeaseRequest, RefreshLease};
use amo_connect_domain::token::{CodeHash, StateHash, TokenPair};
use async_trait::async_trait;
use futures_util::future::BoxFuture;
use jiff::Timestamp;

use super::failure::Failure;
use super::session::Session;

/// Runs transactions.
#[async_trait]
pub(crate) trait Database: Debug + Send + Sync + 'static {
    /// Runs `work`, which changes nothing and takes no lock.
    async fn read<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: Work<T>;

    /// Runs `work` in a transaction. It is committed durably if `work` succeeds, and leaves
    /// nothing behind if it fails. Once begun it ends one of these ways, whether or not the
    /// caller waits.
    async fn write<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: Work<T>;

    /// Like [`Self::write`], for what may be lost in a power cut: it is committed, for all to see,
    /// before it is on disk. What was written before it loses nothing by it.
    async fn jot<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: Work<T>;

    /// Like [`Self::write`], for work that wipes tokens: has the database forget, as far as it
    /// can, what they were in its files too.
    async fn wipe<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: Work<T>;
}

/// What is done in a transaction.
pub(crate) trait Work<T>:
    for<'t> FnOnce(Session<'t>) -> BoxFuture<'t, Result<T, Failure>> + Send + 'static
{
}

impl<T, W> Work<T> for W where W: for<'t> FnOnce(Session<'t>) -> BoxFuture<'t, Result<T, Failure>> + Send + 'static {}

/// A [`TokenStore`] in a database.
#[derive(Clone, Debug)]
pub struct Store<D> {
    pub(super) database: D,
    /// The migrations that this build knows, in order.
    versions: Arc<[String]>,
}

impl<D> Store<D> {
    pub(crate) fn new(database: D, versions: Vec<String>) -> Self {
        Self { database, versions: versions.into() }
    }
}

#[async_trait]
impl<D: Database> TokenStore for Store<D> {
    async fn open_attempt(&self, attempt: &Attempt) -> Result<(), StoreError> {
        let attempt = attempt.clone();
        self.database.write(|session| Box::pin(session.open_attempt(attempt))).await
    }

    async fn attempt(&self, id: AttemptId) -> Result<Option<Attempt>, StoreError> {
        self.database.read(move |session| Box::pin(session.attempt(id))).await
    }

    async fn attempt_by_state(&self, state: StateHash) -> Result<Option<Attempt>, StoreError> {
        self.database.read(move |session| Box::pin(session.attempt_by_state(state))).await
    }

    async fn close_attempt(&self, state: StateHash, end: AttemptState) -> Result<(), StoreError> {
        self.database.write(move |session| Box::pin(session.close_attempt(state, end))).await
    }

    async fn exchange(&self, code: CodeHash) -> Result<Option<Exchange>, StoreError> {
        self.database.read(move |session| Box::pin(session.exchange(code))).await
    }

    async fn admit_code(&self, request: &Admission, owner: LeaseOwner, now: Timestamp) -> Result<Admitted, StoreError> {
        let request = request.clone();
        self.database.write(move |session| Box::pin(session.admit_code(request, owner, now))).await
    }

    async fn renew_code_lease(&self, code: CodeHash, owner: LeaseOwner) -> Result<bool, StoreError> {
        self.database.write(move |session| Box::pin(session.renew_code_lease(code, owner))).await
    }

    async fn save_grant(
        &self,
        code: CodeHash,
        grant: &Grant,
        served: &Served,
        now: Timestamp,
    ) -> Result<Exchange, StoreError> {
        let (grant, served) = (grant.clone(), *served);
        self.database.wipe(move |session| Box::pin(session.save_grant(code, grant, served, now))).await
    }

    async fn restore_exchange(&self, record: &Exchange) -> Result<(), StoreError> {
        let record = record.clone();
        self.database.write(move |session| Box::pin(session.restore_exchange(record))).await
    }

    async fn end_exchange(&self, code: CodeHash, owner: LeaseOwner, refused: bool) -> Result<Exchange, StoreError> {
        self.database.write(move |session| Box::pin(session.end_exchange(code, owner, refused))).await
    }

    async fn claim(&self, code: CodeHash, user: &UserId, as_of: Epoch, now: Timestamp) -> Result<Claim, StoreError> {
        let user = user.clone();
        self.database.wipe(move |session| Box::pin(session.claim(code, user, as_of, now))).await
    }

    async fn awaits_claim(&self, user: &UserId, now: Timestamp) -> Result<bool, StoreError> {
        let user = user.clone();
        self.database.read(move |session| Box::pin(session.awaits_claim(user, now))).await
    }

    async fn epoch(&self, user: &UserId) -> Result<Epoch, StoreError> {
        let user = user.clone();
        self.database.read(|session| Box::pin(session.epoch(user))).await
    }

    async fn connection(&self, user: &UserId) -> Result<Option<CrmConnection>, StoreError> {
        let user = user.clone();
        self.database.read(|session| Box::pin(session.connection(user))).await
    }

    async fn save(&self, connection: &CrmConnection, expected: Option<Revision>) -> Result<Revision, StoreError> {
        let connection = connection.clone();
        if connection.grant().is_none() {
            return self.database.wipe(move |session| Box::pin(session.save(connection, expected))).await;
        }
        self.database.write(move |session| Box::pin(session.save(connection, expected))).await
    }

    async fn disconnect(&self, user: &UserId, by: Actor) -> Result<(), StoreError> {
        let user = user.clone();
        self.database.wipe(move |session| Box::pin(session.disconnect(user, by))).await
    }

    async fn lease_refresh(&self, user: &UserId, request: &LeaseRequest) -> Result<RefreshRequest, StoreError> {
        let (user, request) = (user.clone(), *request);
        self.database.write(move |session| Box::pin(session.lease_refresh(user, request))).await
    }

    async fn renew_refresh_lease(&self, user: &UserId, owner: LeaseOwner) -> Result<bool, StoreError> {
        let user = user.clone();
        self.database.write(move |session| Box::pin(session.renew_refresh_lease(user, owner))).await
    }

    async fn back_off_refresh(
        &self,
        user: &UserId,
        owner: LeaseOwner,
        backoff: &Backoff,
    ) -> Result<Option<RefreshLease>, StoreError> {
        let (user, backoff) = (user.clone(), *backoff);
        self.database.write(move |session| Box::pin(session.back_off_refresh(user, owner, backoff))).await
    }

    async fn save_rotated(
        &self,
        user: &UserId,
        spent: Generation,
        pair: &TokenPair,
        served: &Served,
        now: Timestamp,
    ) -> Result<CrmConnection, StoreError> {
        let (user, pair, served) = (user.clone(), pair.clone(), *served);
        self.database.write(move |session| Box::pin(session.save_rotated(user, spent, pair, served, now))).await
    }
}

#[async_trait]
impl<D: Database> HostLookUpStore for Store<D> {
    async fn request_look_up(
        &self,
        host: &AccountHost,
        account: Option<AccountId>,
    ) -> Result<LookUpDecision, StoreError> {
        let host = host.clone();
        self.database.write(move |session| Box::pin(session.request_look_up(host, account))).await
    }

    async fn save_move(&self, host: &AccountHost, moved_to: &FoundHost) -> Result<(), StoreError> {
        let (host, moved_to) = (host.clone(), moved_to.clone());
        self.database.write(move |session| Box::pin(session.save_move(host, moved_to))).await
    }
}

#[async_trait]
impl<D: Database> RevocationQueue for Store<D> {
    async fn request_check(&self, account: AccountId) -> Result<(), StoreError> {
        self.database.write(move |session| Box::pin(session.request_check(account))).await
    }

    async fn take_checks(&self, limit: u32) -> Result<Vec<AccountId>, StoreError> {
        self.database.write(move |session| Box::pin(session.take_checks(limit))).await
    }

    async fn extend_check(&self, account: AccountId) -> Result<(), StoreError> {
        self.database.write(move |session| Box::pin(session.extend_check(account))).await
    }

    async fn finish_check(&self, account: AccountId) -> Result<(), StoreError> {
        self.database.write(move |session| Box::pin(session.finish_check(account))).await
    }
}

#[async_trait]
impl<D: Database> AuditLog for Store<D> {
    async fn audit(&self, user: &UserId, limit: u32) -> Result<Vec<AuditEntry>, StoreError> {
        let user = user.clone();
        self.database.read(move |session| Box::pin(session.audit(user, limit))).await
    }

    async fn record(&self, connection: &CrmConnection, event: AuditEvent, by: Actor) -> Result<(), StoreError> {
        let connection = connection.clone();
        self.database.write(move |session| Box::pin(session.record(connection, event, by))).await
    }
}

#[async_trait]
impl<D: Database> Maintenance for Store<D> {
    async fn orphaned_refreshes(&self, limit: u32) -> Result<Vec<(UserId, Generation)>, StoreError> {
        self.database.read(move |session| Box::pin(session.orphaned_refreshes(limit))).await
    }

    async fn stale_connections(
        &self,
        issued_before: Timestamp,
        issued_after: Timestamp,
        limit: u32,
    ) -> Result<Vec<(UserId, Generation)>, StoreError> {
        let stale =
            self.database.read(move |session| Box::pin(session.stale_connections(issued_before, issued_after, limit)));
        stale.await
    }

    async fn acquitted_refreshes(
        &self,
        client: ClientFingerprint,
        expired_by: Option<Timestamp>,
        limit: u32,
    ) -> Result<Vec<(UserId, Generation)>, StoreError> {
        self.database.read(move |session| Box::pin(session.acquitted_refreshes(client, expired_by, limit))).await
    }

    async fn users_of(&self, account: AccountId) -> Result<Vec<UserId>, StoreError> {
        self.database.read(move |session| Box::pin(session.users_of(account))).await
    }

    async fn users(&self, after: Option<UserId>, limit: u32) -> Result<Vec<UserId>, StoreError> {
        self.database.read(move |session| Box::pin(session.users(after, limit))).await
    }

    async fn sweep(&self, now: Timestamp, as_of: Timestamp) -> Result<usize, StoreError> {
        while self.database.write(move |session| Box::pin(session.shorten(now))).await?.more {}
        let mut wiped = 0;
        loop {
            let batch = self.database.wipe(move |session| Box::pin(session.wipe_late_grants(now))).await?;
            wiped += batch.rows;
            if !batch.more {
                break;
            }
        }
        while self.database.write(move |session| Box::pin(session.forget(now, as_of))).await?.more {}
        Ok(wiped)
    }
}

#[async_trait]
impl<D: Database> StoreHealth for Store<D> {
    async fn ready(&self) -> Result<(), StoreError> {
        let versions = Arc::clone(&self.versions);
        self.database.write(move |session| Box::pin(async move { session.ready(&versions).await })).await
    }

    async fn clock(&self) -> Result<Timestamp, StoreError> {
        self.database.read(|session| Box::pin(session.clock())).await
    }
}
