//! The port over rows in memory.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use amo_connect_domain::authorization::attempt::{Attempt, AttemptState};
use amo_connect_domain::authorization::code::{Admission, Admitted, Exchange, ExchangeStatus};
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
use jiff::Timestamp;

use super::rows::Rows;
use crate::clock::TestClock;
use crate::fixtures::at;

/// A [`TokenStore`] in memory. Its clones are handles on the same data, as another process
/// would have them.
#[derive(Clone, Debug)]
pub struct MemoryTokenStore {
    rows: Arc<Mutex<Rows>>,
    clock: TestClock,
    down: Arc<AtomicBool>,
}

/// The store was told to be down.
#[derive(Debug, thiserror::Error)]
#[error("the store in memory plays dead")]
pub(super) struct PlaysDead;

impl Default for MemoryTokenStore {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryTokenStore {
    /// An empty store. Its clock is a year ahead of the tests' time: who mixes them up is found out.
    pub fn new() -> Self {
        Self::with_clock(TestClock::at(at(365 * 24 * 3600)))
    }

    /// An empty store that judges leases by `clock`.
    pub fn with_clock(clock: TestClock) -> Self {
        Self { rows: Arc::new(Mutex::new(Rows::new(clock.clone()))), clock, down: Arc::default() }
    }

    /// The clock that leases are judged by.
    pub fn test_clock(&self) -> &TestClock {
        &self.clock
    }

    /// While `down`, every method answers [`StoreError::Unavailable`].
    pub fn set_down(&self, down: bool) {
        self.down.store(down, Ordering::SeqCst);
    }

    fn rows(&self) -> Result<MutexGuard<'_, Rows>, StoreError> {
        if self.down.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable(Box::new(PlaysDead)));
        }
        Ok(self.rows.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl TokenStore for MemoryTokenStore {
    async fn open_attempt(&self, attempt: &Attempt) -> Result<(), StoreError> {
        self.rows()?.open_attempt(attempt);
        Ok(())
    }

    async fn attempt(&self, id: AttemptId) -> Result<Option<Attempt>, StoreError> {
        Ok(self.rows()?.attempts.iter().find(|attempt| attempt.id == id).cloned())
    }

    async fn attempt_by_state(&self, state: StateHash) -> Result<Option<Attempt>, StoreError> {
        Ok(self.rows()?.attempts.iter().find(|attempt| attempt.state_hash == state).cloned())
    }

    async fn close_attempt(&self, state: StateHash, end: AttemptState) -> Result<(), StoreError> {
        self.rows()?.close_attempt(state, end);
        Ok(())
    }

    async fn exchange(&self, code: CodeHash) -> Result<Option<Exchange>, StoreError> {
        Ok(self.rows()?.exchanges.get(&code).cloned())
    }

    async fn admit_code(&self, request: &Admission, owner: LeaseOwner, now: Timestamp) -> Result<Admitted, StoreError> {
        Ok(self.rows()?.admit_code(request, owner, now, self.clock.now()))
    }

    async fn renew_code_lease(&self, code: CodeHash, owner: LeaseOwner) -> Result<bool, StoreError> {
        Ok(self.rows()?.renew_code_lease(code, owner, self.clock.now()))
    }

    async fn save_grant(
        &self,
        code: CodeHash,
        grant: &Grant,
        served: &Served,
        now: Timestamp,
    ) -> Result<Exchange, StoreError> {
        self.rows()?.save_grant(code, grant, served, now)
    }

    async fn restore_exchange(&self, record: &Exchange) -> Result<(), StoreError> {
        self.rows()?.exchanges.entry(record.code).or_insert_with(|| record.clone().restored());
        Ok(())
    }

    async fn end_exchange(&self, code: CodeHash, owner: LeaseOwner, refused: bool) -> Result<Exchange, StoreError> {
        self.rows()?.end_exchange(code, owner, refused)
    }

    async fn claim(&self, code: CodeHash, user: &UserId, as_of: Epoch, now: Timestamp) -> Result<Claim, StoreError> {
        Ok(self.rows()?.claim(code, user, as_of, now))
    }

    async fn awaits_claim(&self, user: &UserId, now: Timestamp) -> Result<bool, StoreError> {
        Ok(self.rows()?.exchanges.values().any(|exchange| {
            exchange.user.as_ref() == Some(user)
                && matches!(&exchange.status, ExchangeStatus::Waiting { claim_by, .. } if now < *claim_by)
        }))
    }

    async fn epoch(&self, user: &UserId) -> Result<Epoch, StoreError> {
        Ok(self.rows()?.connections.get(user).map(|row| row.connection.epoch).unwrap_or_default())
    }

    async fn connection(&self, user: &UserId) -> Result<Option<CrmConnection>, StoreError> {
        Ok(self.rows()?.connections.get(user).map(|row| row.connection.clone()))
    }

    async fn save(&self, connection: &CrmConnection, expected: Option<Revision>) -> Result<Revision, StoreError> {
        self.rows()?.save(connection, expected)
    }

    async fn disconnect(&self, user: &UserId, by: Actor) -> Result<(), StoreError> {
        self.rows()?.disconnect(user, by);
        Ok(())
    }

    async fn lease_refresh(&self, user: &UserId, request: &LeaseRequest) -> Result<RefreshRequest, StoreError> {
        Ok(self.rows()?.lease_refresh(user, request, self.clock.now()))
    }

    async fn renew_refresh_lease(&self, user: &UserId, owner: LeaseOwner) -> Result<bool, StoreError> {
        Ok(self.rows()?.renew_refresh_lease(user, owner, self.clock.now()))
    }

    async fn back_off_refresh(
        &self,
        user: &UserId,
        owner: LeaseOwner,
        backoff: &Backoff,
    ) -> Result<Option<RefreshLease>, StoreError> {
        Ok(self.rows()?.back_off_refresh(user, owner, backoff))
    }

    async fn save_rotated(
        &self,
        user: &UserId,
        spent: Generation,
        pair: &TokenPair,
        served: &Served,
        now: Timestamp,
    ) -> Result<CrmConnection, StoreError> {
        self.rows()?.save_rotated(user, spent, pair, served, now)
    }
}

#[async_trait]
impl HostLookUpStore for MemoryTokenStore {
    async fn request_look_up(
        &self,
        host: &AccountHost,
        account: Option<AccountId>,
    ) -> Result<LookUpDecision, StoreError> {
        Ok(self.rows()?.request_look_up(host, account))
    }

    async fn save_move(&self, host: &AccountHost, moved_to: &FoundHost) -> Result<(), StoreError> {
        self.rows()?.save_move(host, moved_to);
        Ok(())
    }
}

#[async_trait]
impl RevocationQueue for MemoryTokenStore {
    async fn request_check(&self, account: AccountId) -> Result<(), StoreError> {
        self.rows()?.request_check(account);
        Ok(())
    }

    async fn take_checks(&self, limit: u32) -> Result<Vec<AccountId>, StoreError> {
        Ok(self.rows()?.take_checks(limit))
    }

    async fn extend_check(&self, account: AccountId) -> Result<(), StoreError> {
        self.rows()?.extend_check(account);
        Ok(())
    }

    async fn finish_check(&self, account: AccountId) -> Result<(), StoreError> {
        self.rows()?.finish_check(account);
        Ok(())
    }
}

#[async_trait]
impl AuditLog for MemoryTokenStore {
    async fn audit(&self, user: &UserId, limit: u32) -> Result<Vec<AuditEntry>, StoreError> {
        Ok(self.rows()?.audit_of(user, limit))
    }

    async fn record(&self, connection: &CrmConnection, event: AuditEvent, by: Actor) -> Result<(), StoreError> {
        let entry = AuditEntry::about(connection, event, by, self.clock.now());
        self.rows()?.audit.push(entry);
        Ok(())
    }
}

#[async_trait]
impl Maintenance for MemoryTokenStore {
    async fn orphaned_refreshes(&self, limit: u32) -> Result<Vec<(UserId, Generation)>, StoreError> {
        Ok(self.rows()?.orphaned_refreshes(limit))
    }

    async fn stale_connections(
        &self,
        issued_before: Timestamp,
        issued_after: Timestamp,
        limit: u32,
    ) -> Result<Vec<(UserId, Generation)>, StoreError> {
        Ok(self.rows()?.stale_connections(issued_before, issued_after, limit))
    }

    async fn acquitted_refreshes(
        &self,
        client: ClientFingerprint,
        expired_by: Option<Timestamp>,
        limit: u32,
    ) -> Result<Vec<(UserId, Generation)>, StoreError> {
        Ok(self.rows()?.acquitted_refreshes(client, expired_by, limit))
    }

    async fn users_of(&self, account: AccountId) -> Result<Vec<UserId>, StoreError> {
        Ok(self.rows()?.users_of(account))
    }

    async fn users(&self, after: Option<UserId>, limit: u32) -> Result<Vec<UserId>, StoreError> {
        Ok(self.rows()?.users(after.as_ref(), limit))
    }

    async fn sweep(&self, now: Timestamp, as_of: Timestamp) -> Result<usize, StoreError> {
        Ok(self.rows()?.sweep(now, as_of))
    }
}

#[async_trait]
impl StoreHealth for MemoryTokenStore {
    async fn ready(&self) -> Result<(), StoreError> {
        self.rows().map(drop)
    }

    async fn clock(&self) -> Result<Timestamp, StoreError> {
        self.rows().map(|_| self.clock.now())
    }
}
