//! The rows in memory, and what several methods of the ports do with them.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use amo_connect_domain::authorization::attempt::{Attempt, AttemptState};
use amo_connect_domain::authorization::budget::{ATTEMPTS_OF_A_USER, CodeOnRecord, admits_another_code};
use amo_connect_domain::authorization::code::{Admission, Exchange};
use amo_connect_domain::authorization::places::{Later, Place};
use amo_connect_domain::client::{ClientFingerprint, ClientRecord};
use amo_connect_domain::connection::CrmConnection;
use amo_connect_domain::connection::audit::{Actor, AuditEntry, ENTRIES_LOOKED_AT};
use amo_connect_domain::connection::import::ImportRecord;
use amo_connect_domain::connection::revocation_check::RevocationCheck;
use amo_connect_domain::host_look_up::{HostLookUp, LookUpSubject};
use amo_connect_domain::idempotency::{KeyHash, WriteRecord, full_since};
use amo_connect_domain::ids::{AccountId, Generation, LeaseOwner, Revision, UserId};
use amo_connect_domain::ports::Served;
use amo_connect_domain::refresh::lease::RefreshLease;
use amo_connect_domain::token::{CodeHash, RefreshTokenHash};
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
    pub(super) places: Vec<Place>,
    pub(super) connections: BTreeMap<UserId, Row>,
    pub(super) revocation_checks: BTreeMap<AccountId, RevocationCheck>,
    pub(super) audit: Vec<AuditEntry>,
    pub(super) clients: BTreeMap<ClientFingerprint, ClientRecord>,
    pub(super) host_look_ups: HashMap<LookUpSubject, HostLookUp>,
    pub(super) heartbeat: Option<Timestamp>,
    pub(super) imports: HashMap<RefreshTokenHash, ImportRecord>,
    pub(super) writes: HashMap<KeyHash, WriteRecord>,
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
            places: Vec::new(),
            connections: BTreeMap::new(),
            revocation_checks: BTreeMap::new(),
            audit: Vec::new(),
            clients: BTreeMap::new(),
            host_look_ups: HashMap::new(),
            heartbeat: None,
            imports: HashMap::new(),
            writes: HashMap::new(),
        }
    }

    /// The row whose refresh lease is `owner`'s, with the lease.
    pub(super) fn leased(&mut self, user: &UserId, owner: LeaseOwner) -> Option<(&mut Row, RefreshLease)> {
        let row = self.connections.get_mut(user)?;
        let held = row.lease.filter(|held| held.owner == Some(owner))?;
        Some((row, held))
    }

    /// Takes a place for a stranger's code, or looks whether its user may have another one.
    pub(super) fn take_from_budget(
        &mut self,
        request: &Admission,
        granted: &Exchange,
        owner: LeaseOwner,
    ) -> Result<(), Later> {
        let store_now = self.clock.now();
        if let Some(user) = granted.newly_of(self.exchanges.get(&request.code)) {
            let theirs = self.exchanges.values().filter(|exchange| exchange.user.as_ref() == Some(user));
            let codes: Vec<CodeOnRecord> = theirs.map(Exchange::in_budget).collect();
            admits_another_code(&codes, store_now)?;
        }
        let at_host = |row: &Row| row.connection.grant().is_some_and(|grant| grant.host == request.host);
        let is_new_host = !self.connections.values().any(at_host);
        let Some(wanted) = Place::wanted(request, owner, is_new_host, store_now) else { return Ok(()) };
        let lease = |place: &Place| self.exchanges.get(&place.code).and_then(Exchange::lease);
        let known: Vec<_> = self.places.iter().map(|place| (place.clone(), lease(place))).collect();
        Place::request(&wanted, &known, store_now)?;
        self.places.retain(|place| place.code != wanted.code && !place.is_over(store_now));
        self.places.push(wanted);
        Ok(())
    }

    /// Forgets the user's oldest attempts past open, if they are too many.
    pub(super) fn forget_attempts(&mut self, user: &UserId) {
        let past_open = |attempt: &&Attempt| attempt.user == *user && attempt.state != AttemptState::Open;
        let mut kept: Vec<_> =
            self.attempts.iter().filter(past_open).map(|attempt| (attempt.opened_at, attempt.id)).collect();
        kept.sort_by_key(|(opened_at, _)| Reverse(*opened_at));
        let over: Vec<_> = kept.into_iter().skip(ATTEMPTS_OF_A_USER).map(|(_, id)| id).collect();
        self.attempts.retain(|attempt| !over.contains(&attempt.id));
    }

    pub(super) fn client_record(&self, client: ClientFingerprint) -> ClientRecord {
        self.clients.get(&client).copied().unwrap_or_default()
    }

    pub(super) fn acquit(&mut self, served: &Served) {
        if let Some(record) = self.client_record(served.client).served(served.sent_at) {
            self.clients.insert(served.client, record);
        }
    }

    /// See [`full_since`].
    pub(super) fn full_of_writes_since(&self, user: &UserId) -> Option<Timestamp> {
        full_since(self.writes.values().filter(|record| record.user == *user).map(|record| record.begun_at))
    }

    pub(super) fn write(&self, user: &UserId, key: KeyHash) -> Option<WriteRecord> {
        self.writes.get(&key).filter(|record| record.user == *user).cloned()
    }

    pub(super) fn connection_or_new(&self, user: &UserId) -> CrmConnection {
        self.connections.get(user).map_or_else(|| CrmConnection::new(user.clone()), |row| row.connection.clone())
    }

    /// A user's newest entries, the oldest first.
    pub(super) fn newest_entries(&self, user: &UserId, limit: u32) -> Vec<AuditEntry> {
        let theirs: Vec<_> = self.audit.iter().filter(|entry| entry.user == *user).cloned().collect();
        let skipped = theirs.len().saturating_sub(usize::try_from(limit).unwrap_or(usize::MAX));
        theirs.into_iter().skip(skipped).collect()
    }

    /// Writes a row under its next revision.
    pub(super) fn put(&mut self, connection: CrmConnection, lease: Option<RefreshLease>, by: Actor) -> CrmConnection {
        let before = self.connections.get(&connection.user).map(|row| &row.connection);
        let entries = AuditEntry::of_change(before, &connection, by, self.clock.now());
        let entries = AuditEntry::to_record(entries, &self.newest_entries(&connection.user, ENTRIES_LOOKED_AT));
        self.audit.extend(entries);
        let next = Revision(connection.revision.0 + 1);
        let connection = connection.stored_as(next);
        let row = Row { connection: connection.clone(), lease };
        self.connections.insert(connection.user.clone(), row);
        connection
    }

    /// The connections that are due, in the order of the moment by which they are, at most `limit`.
    pub(super) fn due(&self, limit: usize, moment: impl Fn(&Row) -> Option<Timestamp>) -> Vec<(UserId, Generation)> {
        let due = |row: &Row| (row.connection.user.clone(), row.connection.generation);
        let mut found: Vec<_> = self.connections.values().filter_map(|row| Some((moment(row)?, due(row)))).collect();
        found.sort();
        found.into_iter().take(limit).map(|(_, due)| due).collect()
    }
}
