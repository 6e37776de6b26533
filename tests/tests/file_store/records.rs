//! What the store keeps, and what its methods share.

use std::collections::{BTreeMap, HashMap};

use amo_connect_adapters::cipher::TokenKeys;
use amo_connect_domain::authorization::attempt::Attempt;
use amo_connect_domain::authorization::budget::admits_another_code;
use amo_connect_domain::authorization::code::{Admission, Exchange};
use amo_connect_domain::authorization::places::{Later, Place};
use amo_connect_domain::client::{ClientFingerprint, ClientRecord};
use amo_connect_domain::connection::CrmConnection;
use amo_connect_domain::connection::audit::{Actor, AuditEntry, ENTRIES_LOOKED_AT};
use amo_connect_domain::connection::import::ImportRecord;
use amo_connect_domain::connection::revocation_check::RevocationCheck;
use amo_connect_domain::host_look_up::{HostLookUp, LookUpSubject};
use amo_connect_domain::idempotency::{KeyHash, WriteRecord, full_since};
use amo_connect_domain::ids::{AccountId, LeaseOwner, Revision, UserId};
use amo_connect_domain::key_ring::{InstanceId, KeyRing};
use amo_connect_domain::ports::{Served, StoreError};
use amo_connect_domain::refresh::lease::RefreshLease;
use amo_connect_domain::token::CodeHash;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::sealed::Sealed;

/// Everything that is in the file.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Records {
    /// In the order they were opened.
    pub(crate) attempts: Vec<Attempt>,
    pub(crate) exchanges: Vec<Sealed<Exchange>>,
    pub(crate) places: Vec<Place>,
    pub(crate) connections: BTreeMap<UserId, Row>,
    pub(crate) checks: BTreeMap<AccountId, RevocationCheck>,
    pub(crate) audit: Vec<AuditEntry>,
    pub(crate) clients: Vec<(ClientFingerprint, ClientRecord)>,
    pub(crate) look_ups: HashMap<LookUpSubject, HostLookUp>,
    pub(crate) key_rings: Vec<(InstanceId, KeyRing, Timestamp)>,
    pub(crate) heartbeat: Option<Timestamp>,
    pub(crate) imports: Vec<ImportRecord>,
    pub(crate) writes: Vec<WriteRecord>,
}

/// A connection, and what is on record of its refresh.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) connection: Sealed<CrmConnection>,
    pub(crate) lease: Option<RefreshLease>,
}

/// A change under way: the records, the keys, and the time by the store's clock.
pub(crate) struct Change<'c> {
    pub(crate) records: &'c mut Records,
    pub(crate) keys: &'c TokenKeys,
    pub(crate) store_now: Timestamp,
}

impl Records {
    pub(crate) fn exchange(&self, code: CodeHash) -> Option<&Sealed<Exchange>> {
        self.exchanges.iter().find(|sealed| sealed.record.code == code)
    }

    /// See [`full_since`].
    pub(crate) fn full_of_writes_since(&self, user: &UserId) -> Option<Timestamp> {
        full_since(self.writes.iter().filter(|record| record.user == *user).map(|record| record.begun_at))
    }

    pub(crate) fn write(&self, user: &UserId, key: KeyHash) -> Option<WriteRecord> {
        self.writes.iter().find(|record| record.user == *user && record.key == key).cloned()
    }

    pub(crate) fn put_write(&mut self, record: WriteRecord) {
        self.writes.retain(|other| other.key != record.key);
        self.writes.push(record);
    }

    pub(crate) fn client(&self, client: ClientFingerprint) -> ClientRecord {
        let known = self.clients.iter().find(|(other, _)| *other == client);
        known.map(|(_, record)| *record).unwrap_or_default()
    }

    pub(crate) fn put_client(&mut self, client: ClientFingerprint, record: ClientRecord) {
        self.clients.retain(|(other, _)| *other != client);
        self.clients.push((client, record));
    }

    /// The row whose refresh lease is `owner`'s, with the lease.
    pub(crate) fn leased(&mut self, user: &UserId, owner: LeaseOwner) -> Option<(&mut Row, RefreshLease)> {
        let row = self.connections.get_mut(user)?;
        let held = row.lease.filter(|held| held.owner == Some(owner))?;
        Some((row, held))
    }

    /// A user's newest entries of the audit log, the oldest first.
    pub(crate) fn newest_entries(&self, user: &UserId, limit: u32) -> Vec<AuditEntry> {
        let theirs: Vec<_> = self.audit.iter().filter(|entry| entry.user == *user).cloned().collect();
        let older = theirs.len().saturating_sub(usize::try_from(limit).unwrap_or(usize::MAX));
        theirs.into_iter().skip(older).collect()
    }

    /// The connection for whoever replaces or wipes its tokens: they are left sealed.
    pub(crate) fn connection_or_new(&self, user: &UserId) -> CrmConnection {
        let stored = self.connections.get(user);
        stored.map_or_else(|| CrmConnection::new(user.clone()), |row| row.connection.record.clone())
    }
}

impl Change<'_> {
    /// Stores a connection under its next revision, with what the audit log has to say of the change.
    pub(crate) fn put(
        &mut self,
        connection: CrmConnection,
        lease: Option<RefreshLease>,
        by: Actor,
    ) -> Result<CrmConnection, StoreError> {
        let before = self.records.connections.get(&connection.user).map(|row| &row.connection.record);
        let entries = AuditEntry::of_change(before, &connection, by, self.store_now);
        let newest = self.records.newest_entries(&connection.user, ENTRIES_LOOKED_AT);
        self.records.audit.extend(AuditEntry::to_record(entries, &newest));
        let next = Revision(connection.revision.0 + 1);
        let connection = connection.stored_as(next);
        let row = Row { connection: Sealed::new(connection.clone(), self.keys)?, lease };
        self.records.connections.insert(connection.user.clone(), row);
        Ok(connection)
    }

    /// Takes a place for a stranger's code, or looks whether its user may have another one.
    pub(crate) fn take_from_budget(
        &mut self,
        request: &Admission,
        granted: &Exchange,
        owner: LeaseOwner,
    ) -> Result<(), Later> {
        let (records, store_now) = (&mut *self.records, self.store_now);
        let on_record = records.exchange(request.code).map(|sealed| &sealed.record);
        if let Some(user) = granted.newly_of(on_record) {
            let all = records.exchanges.iter().map(|sealed| &sealed.record);
            let theirs: Vec<_> =
                all.filter(|other| other.user.as_ref() == Some(user)).map(Exchange::in_budget).collect();
            admits_another_code(&theirs, store_now)?;
        }
        let mut grants = records.connections.values().filter_map(|row| row.connection.record.grant());
        let is_new_host = !grants.any(|grant| grant.host == request.host);
        let Some(wanted) = Place::wanted(request, owner, is_new_host, store_now) else { return Ok(()) };
        let lease = |place: &Place| records.exchange(place.code).and_then(|sealed| sealed.record.lease());
        let known: Vec<_> = records.places.iter().map(|place| (place.clone(), lease(place))).collect();
        Place::request(&wanted, &known, store_now)?;
        records.places.retain(|place| place.code != wanted.code && !place.is_over(store_now));
        records.places.push(wanted);
        Ok(())
    }

    pub(crate) fn put_exchange(&mut self, exchange: Exchange) -> Result<(), StoreError> {
        self.records.exchanges.retain(|sealed| sealed.record.code != exchange.code);
        self.records.exchanges.push(Sealed::new(exchange, self.keys)?);
        Ok(())
    }

    /// Records that a client was served.
    pub(crate) fn acquit(&mut self, served: &Served) {
        if let Some(record) = self.records.client(served.client).served(served.sent_at) {
            self.records.put_client(served.client, record);
        }
    }
}
