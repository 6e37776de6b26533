//! The stores, measured at their ports: every call is counted, timed and a span of the trace.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use amo_connect_domain::authorization::attempt::{Attempt, AttemptState};
use amo_connect_domain::authorization::code::{Admission, Admitted, Exchange};
use amo_connect_domain::client::ClientFingerprint;
use amo_connect_domain::connection::audit::{Actor, AuditEntry, AuditEvent};
use amo_connect_domain::connection::import::{Import, ImportRecord, NotImported};
use amo_connect_domain::connection::{ConnectionSummary, CrmConnection, Grant, Standing};
use amo_connect_domain::host::AccountHost;
use amo_connect_domain::host_look_up::{FoundHost, LookUpDecision};
use amo_connect_domain::idempotency::{
    Begun, Entity, KeyHash, NotSent, Settled, WriteOutcome, WriteRecord, WriteRequest,
};
use amo_connect_domain::ids::{AccountId, AttemptId, Epoch, Generation, LeaseOwner, Revision, UserId};
use amo_connect_domain::ports::{
    AuditLog, Claim, HostLookUpStore, IdempotencyStore, ImportStore, Maintenance, RateLimitStore, RefreshRequest,
    RevocationQueue, Served, Storage, StoreError, StoreHealth, TokenStore,
};
use amo_connect_domain::rate_limit::{CallOutcome, CircuitCount, Demand, Pace, Probe, Reservation};
use amo_connect_domain::refresh::backoff::Backoff;
use amo_connect_domain::refresh::lease::{LeaseRequest, RefreshLease};
use amo_connect_domain::token::{CodeHash, RefreshTokenHash, StateHash, TokenPair};
use async_trait::async_trait;
use jiff::Timestamp;
use tracing::Instrument as _;

use super::Metrics;
use super::declared::{STORAGE_CALLS, STORAGE_DURATION, STORAGE_WRITABLE};

/// What a call does in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Access {
    Reads,
    Writes,
}

/// A store whose calls are measured.
#[derive(Debug)]
pub(crate) struct Measured<S: ?Sized> {
    store: Arc<S>,
    metrics: Arc<Metrics>,
}

impl<S: ?Sized> Measured<S> {
    /// Measures the calls of `store`.
    pub(crate) fn new(store: Arc<S>, metrics: Arc<Metrics>) -> Self {
        Self { store, metrics }
    }

    async fn call<T>(
        &self,
        operation: &'static str,
        access: Access,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let started = Instant::now();
        let outcome = work.instrument(tracing::debug_span!("storage", storage.operation = operation)).await;
        let (took, outcome_code) = (started.elapsed(), code(outcome.as_ref().err()));
        let duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        tracing::debug!(storage.operation = operation, outcome = outcome_code, duration_ms, "the database answered");
        self.metrics.count_storage(operation, access, outcome_code, took);
        outcome
    }
}

/// The outcome of a call that the database did not make.
const UNAVAILABLE: &str = "unavailable";

/// A stable code for the outcome of a call.
fn code(failure: Option<&StoreError>) -> &'static str {
    match failure {
        None => "ok",
        Some(StoreError::Conflict) => "conflict",
        Some(StoreError::Unavailable(_)) => UNAVAILABLE,
        Some(StoreError::Corrupt(_)) => "corrupt",
    }
}

impl Metrics {
    fn count_storage(&self, operation: &'static str, access: Access, outcome: &'static str, took: Duration) {
        self.recorder.add(&STORAGE_CALLS, [operation, outcome], 1);
        self.recorder.record(&STORAGE_DURATION, [operation], took);
        if access == Access::Writes {
            self.recorder.set(&STORAGE_WRITABLE, &[], f64::from(u8::from(outcome != UNAVAILABLE)));
        }
    }
}

/// Passes on the methods of a port of `Storage`, each with what it does in the store.
macro_rules! measured {
    ($port:ident { $($access:ident $method:ident($($argument:ident: $type:ty),*) -> $answer:ty;)+ }) => {
        #[async_trait]
        impl $port for Measured<dyn Storage> {
            $(async fn $method(&self, $($argument: $type),*) -> Result<$answer, StoreError> {
                self.call(stringify!($method), Access::$access, self.store.$method($($argument),*)).await
            })+
        }
    };
}

measured! { TokenStore {
    Writes open_attempt(attempt: &Attempt) -> ();
    Reads attempt(id: AttemptId) -> Option<Attempt>;
    Reads attempt_by_state(state: StateHash) -> Option<Attempt>;
    Writes close_attempt(state: StateHash, end: AttemptState) -> ();
    Reads exchange(code: CodeHash) -> Option<Exchange>;
    Writes admit_code(request: &Admission, owner: LeaseOwner, now: Timestamp) -> Admitted;
    Writes renew_code_lease(code: CodeHash, owner: LeaseOwner) -> bool;
    Writes save_grant(code: CodeHash, grant: &Grant, served: &Served, now: Timestamp) -> Exchange;
    Writes restore_exchange(record: &Exchange) -> ();
    Writes end_exchange(code: CodeHash, owner: LeaseOwner, refused: bool) -> Exchange;
    Writes claim(code: CodeHash, user: &UserId, as_of: Epoch, now: Timestamp) -> Claim;
    Reads awaits_claim(user: &UserId, now: Timestamp) -> bool;
    Reads summary(user: &UserId) -> Option<ConnectionSummary>;
    Reads connection(user: &UserId) -> Option<CrmConnection>;
    Writes save(connection: &CrmConnection, expected: Option<Revision>) -> Revision;
    Writes disconnect(user: &UserId, by: Actor) -> ();
    Writes lease_refresh(user: &UserId, request: &LeaseRequest) -> RefreshRequest;
    Writes renew_refresh_lease(user: &UserId, owner: LeaseOwner) -> bool;
    Writes back_off_refresh(user: &UserId, owner: LeaseOwner, backoff: &Backoff) -> Option<RefreshLease>;
    Writes save_rotated(user: &UserId, spent: Generation, pair: &TokenPair, served: &Served, now: Timestamp) -> CrmConnection;
} }

measured! { HostLookUpStore {
    Writes request_look_up(host: &AccountHost, account: Option<AccountId>) -> LookUpDecision;
    Writes save_move(host: &AccountHost, moved_to: &FoundHost) -> ();
} }

measured! { RevocationQueue {
    Writes request_check(account: AccountId) -> ();
    Writes take_checks(limit: u32) -> Vec<AccountId>;
    Writes extend_check(account: AccountId) -> ();
    Writes finish_check(account: AccountId) -> ();
} }

measured! { AuditLog {
    Reads audit(user: &UserId, limit: u32) -> Vec<AuditEntry>;
    Reads attempts_of(user: &UserId, limit: u32) -> Vec<Attempt>;
    Reads exchanges_of(user: &UserId, limit: u32) -> Vec<Exchange>;
    Writes record(connection: &CrmConnection, event: AuditEvent, by: Actor) -> ();
} }

measured! { ImportStore {
    Reads import_record(token: RefreshTokenHash) -> Option<ImportRecord>;
    Writes import(import: &Import, now: Timestamp) -> Result<CrmConnection, NotImported>;
} }

measured! { IdempotencyStore {
    Reads write_record(user: &UserId, key: KeyHash) -> Option<WriteRecord>;
    Writes begin_write(request: &WriteRequest, owner: LeaseOwner) -> Begun;
    Writes renew_write_lease(user: &UserId, key: KeyHash, owner: LeaseOwner) -> bool;
    Writes record_sending(user: &UserId, key: KeyHash, owner: LeaseOwner) -> Result<WriteRecord, NotSent>;
    Writes settle_write(request: &WriteRequest, owner: LeaseOwner, outcome: &WriteOutcome) -> Settled;
    Reads claimed_objects(account: AccountId, entity: Entity, ids: &[u64]) -> Vec<u64>;
} }

measured! { Maintenance {
    Reads orphaned_refreshes(limit: u32) -> Vec<(UserId, Generation)>;
    Reads stale_connections(issued_before: Timestamp, issued_after: Timestamp, limit: u32) -> Vec<(UserId, Generation)>;
    Reads acquitted_refreshes(client: ClientFingerprint, expired_by: Option<Timestamp>, limit: u32) -> Vec<(UserId, Generation)>;
    Reads users_of(account: AccountId) -> Vec<UserId>;
    Reads users(after: Option<UserId>, limit: u32) -> Vec<UserId>;
    Reads standings() -> Vec<(Standing, u64)>;
    Writes sweep(now: Timestamp, as_of: Timestamp) -> usize;
} }

measured! { StoreHealth {
    Reads ready() -> Option<Timestamp>;
    Writes beat() -> ();
    Reads clock() -> Timestamp;
} }

#[async_trait]
impl RateLimitStore for Measured<dyn RateLimitStore> {
    async fn reserve(
        &self,
        account: &AccountHost,
        pace: Pace,
        demand: &Demand,
        longest_wait: Duration,
    ) -> Result<Reservation, StoreError> {
        self.call("reserve", Access::Writes, self.store.reserve(account, pace, demand, longest_wait)).await
    }

    async fn record_outcome(
        &self,
        account: &AccountHost,
        call_outcome: CallOutcome,
        probe: Option<Probe>,
    ) -> Result<(), StoreError> {
        let work = self.store.record_outcome(account, call_outcome, probe);
        self.call("record_outcome", Access::Writes, work).await
    }

    async fn circuits(&self) -> Result<CircuitCount, StoreError> {
        self.call("circuits", Access::Reads, self.store.circuits()).await
    }

    async fn sweep(&self) -> Result<(), StoreError> {
        self.call("sweep_rate_limits", Access::Writes, self.store.sweep()).await
    }
}
