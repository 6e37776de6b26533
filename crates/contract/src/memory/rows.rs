//! The rows in memory, and what the port's methods make of them. Each decision is the domain's.

use std::collections::{BTreeMap, HashMap};

use amo_connect_domain::authorization::attempt::{Attempt, AttemptReason, AttemptState, MEMORY, OPEN_ATTEMPTS};
use amo_connect_domain::authorization::code::{Admission, Admitted, ClaimRefusal, Exchange, ExchangeStatus, Origin};
use amo_connect_domain::client::{ClientFingerprint, ClientRecord};
use amo_connect_domain::clock::before;
use amo_connect_domain::connection::audit::{AUDIT_MEMORY, Actor, AuditEntry};
use amo_connect_domain::connection::revocation_check::RevocationCheck;
use amo_connect_domain::connection::{CrmConnection, Grant};
use amo_connect_domain::host_look_up::{HostLookUp, LookUpSubject};
use amo_connect_domain::ids::{AccountId, Epoch, Generation, LeaseOwner, Revision, UserId};
use amo_connect_domain::ports::{Claim, RefreshRequest, Served, StoreError};
use amo_connect_domain::refresh::lease::{Backoff, Lease, LeaseDecision, LeaseRequest, RefreshLease};
use amo_connect_domain::token::{CodeHash, StateHash, TokenPair};
use jiff::Timestamp;

use crate::clock::TestClock;

/// All rows.
#[derive(Debug)]
pub(super) struct Rows {
    /// The clock that leases are judged by.
    pub(super) clock: TestClock,
    /// In the order they were opened.
    pub(super) attempts: Vec<Attempt>,
    pub(super) exchanges: HashMap<CodeHash, Exchange>,
    pub(super) connections: BTreeMap<UserId, Row>,
    pub(super) revocation_checks: BTreeMap<AccountId, RevocationCheck>,
    pub(super) audit: Vec<AuditEntry>,
    pub(super) clients: BTreeMap<ClientFingerprint, ClientRecord>,
    pub(super) host_look_ups: HashMap<LookUpSubject, HostLookUp>,
}

#[derive(Debug)]
pub(super) struct Row {
    pub(super) connection: CrmConnection,
    pub(super) lease: Option<RefreshLease>,
}

impl Rows {
    pub(super) fn new(clock: TestClock) -> Self {
        Self {
            clock,
            attempts: Vec::new(),
            exchanges: HashMap::new(),
            connections: BTreeMap::new(),
            revocation_checks: BTreeMap::new(),
            audit: Vec::new(),
            clients: BTreeMap::new(),
            host_look_ups: HashMap::new(),
        }
    }

    pub(super) fn open_attempt(&mut self, attempt: &Attempt) {
        self.attempts.push(attempt.clone());
        let open = |other: &&mut Attempt| other.user == attempt.user && other.state == AttemptState::Open;
        for older in self.attempts.iter_mut().rev().filter(open).skip(OPEN_ATTEMPTS) {
            older.state = AttemptState::Superseded;
        }
    }

    pub(super) fn close_attempt(&mut self, state: StateHash, end: AttemptState) {
        let open = |attempt: &&mut Attempt| attempt.state_hash == state && attempt.state == AttemptState::Open;
        if let Some(attempt) = self.attempts.iter_mut().find(open) {
            attempt.state = end;
        }
    }

    pub(super) fn admit_code(
        &mut self,
        request: &Admission,
        owner: LeaseOwner,
        now: Timestamp,
        store_now: Timestamp,
    ) -> Admitted {
        let (user, attempt) = match &request.origin {
            Origin::Attempt { id, user, .. } => (Some(user), Some(*id)),
            Origin::App { attempt, user, .. } => (Some(user), *attempt),
            Origin::Stranger => (None, None),
        };
        let admitted = Exchange::admit(
            self.exchanges.get(&request.code).cloned(),
            request,
            self.attempts.iter().find(|other| Some(other.id) == attempt),
            user.and_then(|user| self.connections.get(user)).map(|row| &row.connection),
            owner,
            now,
            store_now,
        );
        if let Admitted::OnRecord(exchange) = &admitted {
            self.exchanges.insert(exchange.code, exchange.clone());
        }
        if let Admitted::Granted(exchange) = &admitted {
            if let Some(attempt) = self.attempts.iter_mut().find(|other| Some(other.id) == exchange.attempt) {
                attempt.state = AttemptState::Spent(exchange.code);
            }
            self.exchanges.insert(exchange.code, exchange.clone());
        }
        admitted
    }

    /// The lease on a code in flight, if it is `owner`'s.
    fn code_lease(&mut self, code: CodeHash, owner: LeaseOwner) -> Option<&mut Lease> {
        match &mut self.exchanges.get_mut(&code)?.status {
            ExchangeStatus::InFlight(lease) if lease.owner == owner => Some(lease),
            _ => None,
        }
    }

    pub(super) fn renew_code_lease(&mut self, code: CodeHash, owner: LeaseOwner, store_now: Timestamp) -> bool {
        let Some(lease) = self.code_lease(code, owner) else { return false };
        *lease = Lease::granted(owner, store_now);
        true
    }

    pub(super) fn save_grant(
        &mut self,
        code: CodeHash,
        grant: &Grant,
        served: &Served,
        now: Timestamp,
    ) -> Result<Exchange, StoreError> {
        let mut exchange = self.exchanges.get(&code).cloned().ok_or(StoreError::Conflict)?;
        let connection = exchange.user.clone().map(|user| self.connection_or_new(user));
        if let Some(connection) = exchange.receive(grant.clone(), connection, now) {
            self.put(connection, None, Actor::Service);
        }
        self.exchanges.insert(code, exchange.clone());
        self.acquit(served);
        Ok(exchange)
    }

    pub(super) fn end_exchange(
        &mut self,
        code: CodeHash,
        owner: LeaseOwner,
        refused: bool,
    ) -> Result<Exchange, StoreError> {
        let held = self.code_lease(code, owner).is_some();
        let exchange = self.exchanges.get_mut(&code).ok_or(StoreError::Conflict)?;
        if held {
            exchange.status = if refused { ExchangeStatus::CodeRefused } else { ExchangeStatus::Interrupted };
        }
        Ok(exchange.clone())
    }

    pub(super) fn claim(&mut self, code: CodeHash, user: &UserId, as_of: Epoch, now: Timestamp) -> Claim {
        let Some(mut exchange) = self.exchanges.get(&code).cloned() else {
            return Claim::Refused(ClaimRefusal::NotWaiting);
        };
        let claimed = exchange.claim(self.connection_or_new(user.clone()), as_of, now);
        self.exchanges.insert(code, exchange);
        match claimed {
            Ok(connection) => {
                self.put(connection, None, Actor::Service);
                Claim::Connected
            }
            Err(refusal) => Claim::Refused(refusal),
        }
    }

    pub(super) fn save(
        &mut self,
        connection: &CrmConnection,
        expected: Option<Revision>,
    ) -> Result<Revision, StoreError> {
        let row = self.connections.get(&connection.user);
        if row.map(|row| row.connection.revision) != expected {
            return Err(StoreError::Conflict);
        }
        let lease = row.and_then(|row| row.lease).filter(|_| connection.grant().is_some());
        let revised = connection.clone().stored_as(expected.unwrap_or_default());
        Ok(self.put(revised, lease, Actor::Service).revision)
    }

    pub(super) fn disconnect(&mut self, user: &UserId, by: Actor) {
        let mut connection = self.connection_or_new(user.clone());
        connection.disconnect();
        self.put(connection, None, by);
        for attempt in &mut self.attempts {
            if attempt.user == *user && attempt.state == AttemptState::Open {
                attempt.state = AttemptState::Failed(Some(AttemptReason::Disconnected));
            }
        }
        self.exchanges.values_mut().filter(|exchange| exchange.user.as_ref() == Some(user)).for_each(Exchange::void);
    }

    pub(super) fn lease_refresh(
        &mut self,
        user: &UserId,
        request: &LeaseRequest,
        store_now: Timestamp,
    ) -> RefreshRequest {
        let client = self.client_record(request.client);
        let usable =
            |row: &&mut Row| row.connection.generation == request.generation && row.connection.grant().is_some();
        let Some(row) = self.connections.get_mut(user).filter(usable) else {
            return RefreshRequest::Outdated;
        };
        row.lease = row.lease.map(|lease| lease.seen_at(store_now));
        let delayed_until = row.connection.refresh_put_off_until(store_now);
        match RefreshLease::request(row.lease, request, &client, delayed_until, store_now) {
            LeaseDecision::Held => RefreshRequest::Held,
            LeaseDecision::BackingOff(until) => RefreshRequest::BackingOff(until),
            LeaseDecision::Granted(lease) => {
                self.audit.extend(AuditEntry::of_lease(&row.connection, row.lease.as_ref(), &lease, store_now));
                row.lease = Some(lease);
                RefreshRequest::Granted(Box::new(row.connection.clone()), lease)
            }
        }
    }

    /// The row whose refresh lease is `owner`'s, with the lease.
    fn leased(&mut self, user: &UserId, owner: LeaseOwner) -> Option<(&mut Row, RefreshLease)> {
        let row = self.connections.get_mut(user)?;
        let held = row.lease.filter(|held| held.owner == Some(owner))?;
        Some((row, held))
    }

    pub(super) fn renew_refresh_lease(&mut self, user: &UserId, owner: LeaseOwner, store_now: Timestamp) -> bool {
        let Some((row, held)) = self.leased(user, owner) else { return false };
        row.lease = Some(held.renewed(store_now));
        true
    }

    pub(super) fn back_off_refresh(
        &mut self,
        user: &UserId,
        owner: LeaseOwner,
        backoff: &Backoff,
    ) -> Option<RefreshLease> {
        let store_now = self.clock.now();
        let client = backoff.accused.map(|client| self.client_record(client)).unwrap_or_default();
        let (row, held) = self.leased(user, owner)?;
        let rested = held.backed_off(backoff, &client, store_now);
        row.lease = Some(rested);
        let doubt = AuditEntry::of_lease(&row.connection, Some(&held), &rested, store_now);
        self.audit.extend(doubt);
        if let Some(accused) = backoff.accused {
            self.clients.insert(accused, client.accused(store_now));
        }
        Some(rested)
    }

    fn client_record(&self, client: ClientFingerprint) -> ClientRecord {
        self.clients.get(&client).copied().unwrap_or_default()
    }

    fn acquit(&mut self, served: &Served) {
        if let Some(record) = self.client_record(served.client).served(served.sent_at) {
            self.clients.insert(served.client, record);
        }
    }

    pub(super) fn save_rotated(
        &mut self,
        user: &UserId,
        spent: Generation,
        pair: &TokenPair,
        served: &Served,
        now: Timestamp,
    ) -> Result<CrmConnection, StoreError> {
        let row = self.connections.get(user).ok_or(StoreError::Conflict)?;
        let mut connection = row.connection.clone();
        match connection.rotate(spent, pair.clone(), now) {
            Ok(()) => {
                self.acquit(served);
                Ok(self.put(connection, None, Actor::Service))
            }
            Err(_) => Err(StoreError::Conflict),
        }
    }

    pub(super) fn sweep(&mut self, now: Timestamp, as_of: Timestamp) -> usize {
        for exchange in self.exchanges.values_mut() {
            exchange.shorten_wait(now);
        }
        let store_now = self.clock.now();
        for row in self.connections.values_mut() {
            row.lease = row.lease.map(|lease| lease.seen_at(store_now));
        }
        for check in self.revocation_checks.values_mut() {
            *check = check.seen_at(store_now);
        }
        let wiped = self.exchanges.values_mut().map(|exchange| usize::from(exchange.wipe_unclaimed(now))).sum();
        let oldest = before(now.min(as_of), MEMORY);
        self.attempts.retain(|attempt| attempt.opened_at >= oldest);
        self.exchanges.retain(|_, exchange| exchange.admitted_at >= oldest || exchange.may_be_underway(store_now));
        self.forget_old_records(before(now.min(as_of), AUDIT_MEMORY));
        wiped
    }

    fn connection_or_new(&self, user: UserId) -> CrmConnection {
        self.connections.get(&user).map_or_else(|| CrmConnection::new(user), |row| row.connection.clone())
    }

    /// Writes a row under its next revision.
    fn put(&mut self, connection: CrmConnection, lease: Option<RefreshLease>, by: Actor) -> CrmConnection {
        let before = self.connections.get(&connection.user).map(|row| &row.connection);
        self.audit.extend(AuditEntry::of_change(before, &connection, by, self.clock.now()));
        let next = Revision(connection.revision.0 + 1);
        let connection = connection.stored_as(next);
        let row = Row { connection: connection.clone(), lease };
        self.connections.insert(connection.user.clone(), row);
        connection
    }
}
