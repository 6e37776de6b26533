//! The other ports to a database, in memory: what the background and the operator ask for.

use std::cmp::Reverse;

use amo_connect_domain::authorization::attempt::{Attempt, MEMORY};
use amo_connect_domain::authorization::code::Exchange;
use amo_connect_domain::client::ClientFingerprint;
use amo_connect_domain::clock::before;
use amo_connect_domain::connection::audit::{AUDIT_MEMORY, Actor, AuditEntry, AuditEvent};
use amo_connect_domain::connection::import::{Import, ImportRecord, NotImported};
use amo_connect_domain::connection::revocation_check::RevocationCheck;
use amo_connect_domain::connection::{CrmConnection, Standing};
use amo_connect_domain::host::AccountHost;
use amo_connect_domain::host_look_up::{FoundHost, HostLookUp, LookUpDecision, LookUpSubject};
use amo_connect_domain::ids::{AccountId, Generation, UserId};
use amo_connect_domain::ports::{
    AuditLog, HostLookUpStore, ImportStore, Maintenance, RevocationQueue, StoreError, StoreHealth,
};
use amo_connect_domain::refresh::due;
use amo_connect_domain::token::RefreshTokenHash;
use async_trait::async_trait;
use jiff::Timestamp;

use super::MemoryTokenStore;
use super::rows::Row;

/// As many as a limit says.
fn most(limit: u32) -> usize {
    limit.try_into().unwrap_or(usize::MAX)
}

#[async_trait]
impl HostLookUpStore for MemoryTokenStore {
    async fn request_look_up(
        &self,
        host: &AccountHost,
        account: Option<AccountId>,
    ) -> Result<LookUpDecision, StoreError> {
        let mut rows = self.rows()?;
        let subject = LookUpSubject::of(host, account);
        let of_host = rows.host_look_ups.get(&LookUpSubject::host(host)).cloned();
        let of_subject = rows.host_look_ups.get(&subject).cloned();
        let (decision, record) = HostLookUp::request(of_host, of_subject, account, self.now());
        rows.host_look_ups.extend(record.map(|record| (subject, record)));
        Ok(decision)
    }

    async fn save_move(&self, host: &AccountHost, moved_to: &FoundHost) -> Result<(), StoreError> {
        let (mut rows, store_now) = (self.rows()?, self.now());
        rows.host_look_ups.insert(LookUpSubject::host(&moved_to.host), HostLookUp::made(store_now));
        rows.host_look_ups.insert(LookUpSubject::host(host), HostLookUp::moved(moved_to.clone(), store_now));
        Ok(())
    }
}

#[async_trait]
impl ImportStore for MemoryTokenStore {
    async fn import_record(&self, token: RefreshTokenHash) -> Result<Option<ImportRecord>, StoreError> {
        Ok(self.rows()?.imports.get(&token).cloned())
    }

    async fn import(&self, import: &Import, now: Timestamp) -> Result<Result<CrmConnection, NotImported>, StoreError> {
        let mut rows = self.rows()?;
        let on_record = rows.imports.get(&import.hash()).cloned();
        let connection = rows.connections.get(&import.user).map(|row| row.connection.clone());
        Ok(import.decide(on_record, connection, now).map(|(connection, record)| {
            rows.imports.insert(record.token, record);
            rows.put(connection, None, Actor::Operator)
        }))
    }
}

#[async_trait]
impl RevocationQueue for MemoryTokenStore {
    async fn request_check(&self, account: AccountId) -> Result<(), StoreError> {
        let mut rows = self.rows()?;
        let check = RevocationCheck::want(rows.revocation_checks.get(&account).copied(), self.now());
        rows.revocation_checks.insert(account, check);
        Ok(())
    }

    async fn take_checks(&self, limit: u32) -> Result<Vec<AccountId>, StoreError> {
        let (mut rows, store_now) = (self.rows()?, self.now());
        let due = rows.revocation_checks.iter_mut().filter_map(|(account, check)| {
            *check = check.take(store_now)?;
            Some(*account)
        });
        Ok(due.take(most(limit)).collect())
    }

    async fn extend_check(&self, account: AccountId) -> Result<(), StoreError> {
        if let Some(check) = self.rows()?.revocation_checks.get_mut(&account) {
            *check = check.keep(self.now());
        }
        Ok(())
    }

    async fn finish_check(&self, account: AccountId) -> Result<(), StoreError> {
        if let Some(check) = self.rows()?.revocation_checks.get_mut(&account) {
            *check = check.end();
        }
        Ok(())
    }
}

#[async_trait]
impl AuditLog for MemoryTokenStore {
    async fn audit(&self, user: &UserId, limit: u32) -> Result<Vec<AuditEntry>, StoreError> {
        Ok(self.rows()?.newest_entries(user, limit))
    }

    async fn attempts_of(&self, user: &UserId, limit: u32) -> Result<Vec<Attempt>, StoreError> {
        let mut found: Vec<_> = self.rows()?.attempts.iter().filter(|one| one.user == *user).cloned().collect();
        found.sort_by_key(|attempt| Reverse(attempt.opened_at));
        found.truncate(most(limit));
        Ok(found)
    }

    async fn exchanges_of(&self, user: &UserId, limit: u32) -> Result<Vec<Exchange>, StoreError> {
        let rows = self.rows()?;
        let theirs = rows.exchanges.values().filter(|exchange| exchange.user.as_ref() == Some(user));
        let mut found: Vec<_> = theirs.cloned().map(Exchange::without_tokens).collect();
        found.sort_by_key(|exchange| Reverse(exchange.admitted_at));
        found.truncate(most(limit));
        Ok(found)
    }

    async fn record(&self, connection: &CrmConnection, event: AuditEvent, by: Actor) -> Result<(), StoreError> {
        let entry = AuditEntry::about(connection, event, by, self.now());
        self.rows()?.audit.push(entry);
        Ok(())
    }
}

#[async_trait]
impl Maintenance for MemoryTokenStore {
    async fn orphaned_refreshes(&self, limit: u32) -> Result<Vec<(UserId, Generation)>, StoreError> {
        let (rows, store_now) = (self.rows()?, self.now());
        Ok(rows.due(most(limit), |row| due::orphaned_since(&row.connection, row.lease.as_ref(), store_now)))
    }

    async fn stale_connections(
        &self,
        issued_before: Timestamp,
        issued_after: Timestamp,
        limit: u32,
    ) -> Result<Vec<(UserId, Generation)>, StoreError> {
        let (rows, store_now) = (self.rows()?, self.now());
        Ok(rows.due(most(limit), |row| {
            due::stale_since(&row.connection, row.lease.as_ref(), issued_before, issued_after, store_now)
        }))
    }

    async fn acquitted_refreshes(
        &self,
        client: ClientFingerprint,
        expired_by: Option<Timestamp>,
        limit: u32,
    ) -> Result<Vec<(UserId, Generation)>, StoreError> {
        let rows = self.rows()?;
        let record = rows.client_record(client);
        Ok(rows.due(most(limit), |row| {
            let expires = due::acquitted_expires_at(&row.connection, row.lease.as_ref(), client, &record)?;
            expired_by.is_none_or(|by| expires <= by).then_some(expires)
        }))
    }

    async fn users_of(&self, account: AccountId) -> Result<Vec<UserId>, StoreError> {
        let theirs = |row: &&Row| row.connection.may_be_revoked_in(account);
        Ok(self.rows()?.connections.values().filter(theirs).map(|row| row.connection.user.clone()).collect())
    }

    async fn users(&self, after: Option<UserId>, limit: u32) -> Result<Vec<UserId>, StoreError> {
        let rows = self.rows()?;
        let beyond = rows.connections.keys().filter(|user| after.as_ref().is_none_or(|after| *user > after));
        Ok(beyond.take(most(limit)).cloned().collect())
    }

    async fn standings(&self) -> Result<Vec<(Standing, u64)>, StoreError> {
        let rows = self.rows()?;
        let count = |standing| rows.connections.values().filter(|row| row.connection.standing() == standing).count();
        Ok(Standing::all().map(|standing| (standing, count(standing) as u64)).collect())
    }

    async fn sweep(&self, now: Timestamp, as_of: Timestamp) -> Result<usize, StoreError> {
        let (mut rows, store_now) = (self.rows()?, self.now());
        for exchange in rows.exchanges.values_mut() {
            exchange.shorten_wait(now);
        }
        for row in rows.connections.values_mut() {
            row.lease = row.lease.map(|lease| lease.seen_at(store_now));
        }
        for check in rows.revocation_checks.values_mut() {
            *check = check.seen_at(store_now);
        }
        let wiped = rows.exchanges.values_mut().map(|exchange| usize::from(exchange.wipe_unclaimed(now))).sum();
        let oldest = before(now.min(as_of), MEMORY);
        rows.attempts.retain(|attempt| attempt.opened_at >= oldest);
        rows.exchanges.retain(|_, exchange| !exchange.is_over(now, as_of, store_now));
        rows.places.retain(|place| !place.is_over(store_now));
        rows.revocation_checks.retain(|_, check| !check.is_over(store_now));
        rows.writes.retain(|_, record| !record.is_over(now, as_of, store_now));
        let oldest = before(now.min(as_of), AUDIT_MEMORY);
        rows.audit.retain(|entry| entry.at >= oldest);
        rows.host_look_ups.retain(|_, record| !record.is_over(store_now, oldest));
        Ok(wiped)
    }
}

#[async_trait]
impl StoreHealth for MemoryTokenStore {
    async fn ready(&self) -> Result<Option<Timestamp>, StoreError> {
        self.rows().map(|rows| rows.heartbeat)
    }

    async fn beat(&self) -> Result<(), StoreError> {
        let now = self.now();
        self.rows().map(|mut rows| rows.heartbeat = Some(now))
    }

    async fn clock(&self) -> Result<Timestamp, StoreError> {
        self.rows().map(|_| self.now())
    }
}
