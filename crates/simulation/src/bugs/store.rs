//! A store with a planted bug: calls without the bug go through.

use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use amo_connect_domain::authorization::attempt::{Attempt, AttemptState};
use amo_connect_domain::authorization::code::{Admission, Admitted, Exchange, Origin};
use amo_connect_domain::client::ClientFingerprint;
use amo_connect_domain::connection::audit::{Actor, AuditEntry, AuditEvent};
use amo_connect_domain::connection::{CrmConnection, Grant};
use amo_connect_domain::host::AccountHost;
use amo_connect_domain::host_look_up::{FoundHost, LookUpDecision};
use amo_connect_domain::ids::{AccountId, AttemptId, Epoch, Generation, LeaseOwner, Revision, UserId};
use amo_connect_domain::ports::{
    AuditLog, Claim, HostLookUpStore, Maintenance, RefreshRequest, RevocationQueue, Served, Storage, StoreError,
    StoreHealth, TokenStore,
};
use amo_connect_domain::refresh::lease::{Backoff, LeaseRequest, RefreshLease};
use amo_connect_domain::token::{CodeHash, StateHash, TokenPair};
use async_trait::async_trait;
use jiff::Timestamp;

use super::{Bug, Notes, Stand};

#[derive(Debug)]
pub(super) struct BuggyStore {
    pub(super) rows: Arc<dyn Storage>,
    pub(super) bug: Bug,
    pub(super) stand: Stand,
}

impl BuggyStore {
    pub(super) fn new(rows: Arc<dyn Storage>, bug: Bug, stand: Stand) -> Self {
        Self { rows, bug, stand }
    }

    pub(super) fn notes(&self) -> MutexGuard<'_, Notes> {
        self.stand.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl TokenStore for BuggyStore {
    async fn open_attempt(&self, attempt: &Attempt) -> Result<(), StoreError> {
        self.rows.open_attempt(attempt).await
    }

    async fn attempt(&self, id: AttemptId) -> Result<Option<Attempt>, StoreError> {
        self.rows.attempt(id).await
    }

    async fn attempt_by_state(&self, state: StateHash) -> Result<Option<Attempt>, StoreError> {
        self.rows.attempt_by_state(state).await
    }

    async fn close_attempt(&self, state: StateHash, end: AttemptState) -> Result<(), StoreError> {
        self.rows.close_attempt(state, end).await
    }

    async fn exchange(&self, code: CodeHash) -> Result<Option<Exchange>, StoreError> {
        self.rows.exchange(code).await
    }

    async fn admit_code(&self, request: &Admission, owner: LeaseOwner, now: Timestamp) -> Result<Admitted, StoreError> {
        let mut request = request.clone();
        if let (Bug::AdmitsPastDisconnects, Origin::App { user, as_of, .. }) = (self.bug, &mut request.origin) {
            *as_of = self.rows.connection(user).await?.map_or(Epoch::default(), |row| row.epoch);
        }
        let admitted = self.rows.admit_code(&request, owner, now).await?;
        if self.bug == Bug::NoLeaseOnCodes { Ok(self.granted_anyway(admitted, owner).await) } else { Ok(admitted) }
    }

    async fn renew_code_lease(&self, code: CodeHash, owner: LeaseOwner) -> Result<bool, StoreError> {
        self.rows.renew_code_lease(code, owner).await
    }

    async fn save_grant(
        &self,
        code: CodeHash,
        grant: &Grant,
        served: &Served,
        now: Timestamp,
    ) -> Result<Exchange, StoreError> {
        self.rows.save_grant(code, grant, served, now).await
    }

    async fn restore_exchange(&self, record: &Exchange) -> Result<(), StoreError> {
        self.rows.restore_exchange(record).await
    }

    async fn end_exchange(&self, code: CodeHash, owner: LeaseOwner, refused: bool) -> Result<Exchange, StoreError> {
        self.rows.end_exchange(code, owner, refused).await
    }

    async fn claim(&self, code: CodeHash, user: &UserId, as_of: Epoch, now: Timestamp) -> Result<Claim, StoreError> {
        self.rows.claim(code, user, as_of, now).await
    }

    async fn awaits_claim(&self, user: &UserId, now: Timestamp) -> Result<bool, StoreError> {
        self.rows.awaits_claim(user, now).await
    }

    async fn epoch(&self, user: &UserId) -> Result<Epoch, StoreError> {
        self.rows.epoch(user).await
    }

    async fn connection(&self, user: &UserId) -> Result<Option<CrmConnection>, StoreError> {
        match self.bug {
            Bug::ConnectionByAccount => self.somebodys_connection(user).await,
            _ => self.rows.connection(user).await,
        }
    }

    async fn save(&self, connection: &CrmConnection, expected: Option<Revision>) -> Result<Revision, StoreError> {
        match self.bug {
            Bug::LastWriterWins => self.overwrite(connection.clone()).await,
            Bug::RefusalOverNewerPair => self.refuse_anyway(connection, expected).await,
            _ => self.rows.save(connection, expected).await,
        }
    }

    async fn disconnect(&self, user: &UserId, by: Actor) -> Result<(), StoreError> {
        match self.bug {
            Bug::DisconnectKeepsGeneration => self.disconnect_state_only(user).await,
            Bug::DisconnectAfterAnswer => {
                self.later(user.clone());
                Ok(())
            }
            _ => self.rows.disconnect(user, by).await,
        }
    }

    async fn lease_refresh(&self, user: &UserId, request: &LeaseRequest) -> Result<RefreshRequest, StoreError> {
        let answer = match self.bug {
            Bug::LeaseByInstanceClock | Bug::LeaseNeverLapses | Bug::LeaseAheadStands => {
                self.own_lease(user, request).await?
            }
            _ => self.rows.lease_refresh(user, request).await?,
        };
        let answer = match (self.bug, answer) {
            (Bug::NoLease, RefreshRequest::Held) => self.lease_anyway(user, request).await?,
            (Bug::LeaseAheadTakenOver, RefreshRequest::Held) if self.is_ahead(user).await? => {
                self.lease_anyway(user, request).await?
            }
            (Bug::DoubtForgotten, RefreshRequest::Granted(connection, mut lease)) => {
                lease.in_doubt = false;
                RefreshRequest::Granted(connection, lease)
            }
            (_, answer) => answer,
        };
        if let (Bug::LeaseAheadTakenOver, RefreshRequest::Granted(_, lease)) = (self.bug, &answer) {
            self.notes().leases.insert(user.clone(), *lease);
        }
        if let RefreshRequest::Granted(connection, _) = &answer {
            self.notes().leased.insert((user.clone(), request.generation), (**connection).clone());
        }
        Ok(answer)
    }

    async fn renew_refresh_lease(&self, user: &UserId, owner: LeaseOwner) -> Result<bool, StoreError> {
        match self.bug {
            Bug::LeaseNotRenewed => Ok(true),
            Bug::RenewsForAnybody => self.rows.renew_refresh_lease(user, owner).await.map(|_| true),
            Bug::LeaseByInstanceClock | Bug::LeaseNeverLapses | Bug::LeaseAheadStands => {
                self.renew_own_lease(user, owner).await
            }
            _ => self.rows.renew_refresh_lease(user, owner).await,
        }
    }

    async fn back_off_refresh(
        &self,
        user: &UserId,
        owner: LeaseOwner,
        backoff: &Backoff,
    ) -> Result<Option<RefreshLease>, StoreError> {
        match self.bug {
            Bug::LeaseByInstanceClock | Bug::LeaseNeverLapses | Bug::LeaseAheadStands => {
                self.back_off_own_lease(user, owner, backoff).await
            }
            Bug::NoBackoff => {
                let none = Backoff { pause: Duration::ZERO, ..*backoff };
                self.rows.back_off_refresh(user, owner, &none).await
            }
            _ => self.rows.back_off_refresh(user, owner, backoff).await,
        }
    }

    async fn save_rotated(
        &self,
        user: &UserId,
        spent: Generation,
        pair: &TokenPair,
        served: &Served,
        now: Timestamp,
    ) -> Result<CrmConnection, StoreError> {
        self.save_pair(user, spent, pair, served, now).await
    }
}

#[async_trait]
impl HostLookUpStore for BuggyStore {
    async fn request_look_up(
        &self,
        host: &AccountHost,
        account: Option<AccountId>,
    ) -> Result<LookUpDecision, StoreError> {
        match self.bug {
            Bug::LooksUpAtAnyTime => Ok(LookUpDecision::Granted),
            _ => self.rows.request_look_up(host, account).await,
        }
    }

    async fn save_move(&self, host: &AccountHost, moved_to: &FoundHost) -> Result<(), StoreError> {
        self.rows.save_move(host, moved_to).await
    }
}

#[async_trait]
impl RevocationQueue for BuggyStore {
    async fn request_check(&self, account: AccountId) -> Result<(), StoreError> {
        self.rows.request_check(account).await
    }

    async fn take_checks(&self, limit: u32) -> Result<Vec<AccountId>, StoreError> {
        self.rows.take_checks(limit).await
    }

    async fn extend_check(&self, account: AccountId) -> Result<(), StoreError> {
        self.rows.extend_check(account).await
    }

    async fn finish_check(&self, account: AccountId) -> Result<(), StoreError> {
        self.rows.finish_check(account).await
    }
}

#[async_trait]
impl AuditLog for BuggyStore {
    async fn audit(&self, user: &UserId, limit: u32) -> Result<Vec<AuditEntry>, StoreError> {
        self.rows.audit(user, limit).await
    }

    async fn record(&self, connection: &CrmConnection, event: AuditEvent, by: Actor) -> Result<(), StoreError> {
        self.rows.record(connection, event, by).await
    }
}

#[async_trait]
impl Maintenance for BuggyStore {
    async fn orphaned_refreshes(&self, limit: u32) -> Result<Vec<(UserId, Generation)>, StoreError> {
        match self.bug {
            Bug::NoBackground => Ok(Vec::new()),
            _ => self.rows.orphaned_refreshes(limit).await,
        }
    }

    async fn stale_connections(
        &self,
        issued_before: Timestamp,
        issued_after: Timestamp,
        limit: u32,
    ) -> Result<Vec<(UserId, Generation)>, StoreError> {
        self.rows.stale_connections(issued_before, issued_after, limit).await
    }

    async fn acquitted_refreshes(
        &self,
        client: ClientFingerprint,
        expired_by: Option<Timestamp>,
        limit: u32,
    ) -> Result<Vec<(UserId, Generation)>, StoreError> {
        self.rows.acquitted_refreshes(client, expired_by, limit).await
    }

    async fn users_of(&self, account: AccountId) -> Result<Vec<UserId>, StoreError> {
        self.rows.users_of(account).await
    }

    async fn users(&self, after: Option<UserId>, limit: u32) -> Result<Vec<UserId>, StoreError> {
        self.rows.users(after, limit).await
    }

    async fn sweep(&self, now: Timestamp, as_of: Timestamp) -> Result<usize, StoreError> {
        self.rows.sweep(now, as_of).await
    }
}

#[async_trait]
impl StoreHealth for BuggyStore {
    async fn ready(&self) -> Result<(), StoreError> {
        self.rows.ready().await
    }

    async fn clock(&self) -> Result<Timestamp, StoreError> {
        self.rows.clock().await
    }
}
