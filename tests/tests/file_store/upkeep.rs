//! The other ports of `Storage`: look-ups, revocation checks, the audit log, maintenance, health.

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

use crate::records::{Records, Row};
use crate::store::FileStore;

#[async_trait]
impl HostLookUpStore for FileStore {
    async fn request_look_up(
        &self,
        host: &AccountHost,
        account: Option<AccountId>,
    ) -> Result<LookUpDecision, StoreError> {
        let host = host.clone();
        self.change(move |change| {
            let known = &mut change.records.look_ups;
            let subject = LookUpSubject::of(&host, account);
            let of_host = known.get(&LookUpSubject::host(&host)).cloned();
            let of_subject = known.get(&subject).cloned();
            let (decision, record) = HostLookUp::request(of_host, of_subject, account, change.store_now);
            known.extend(record.map(|record| (subject, record)));
            Ok(decision)
        })
        .await
    }

    async fn save_move(&self, host: &AccountHost, moved_to: &FoundHost) -> Result<(), StoreError> {
        let (host, moved_to) = (host.clone(), moved_to.clone());
        self.change(move |change| {
            let known = &mut change.records.look_ups;
            known.insert(LookUpSubject::host(&moved_to.host), HostLookUp::made(change.store_now));
            known.insert(LookUpSubject::host(&host), HostLookUp::moved(moved_to, change.store_now));
            Ok(())
        })
        .await
    }
}

#[async_trait]
impl RevocationQueue for FileStore {
    async fn request_check(&self, account: AccountId) -> Result<(), StoreError> {
        self.change(move |change| {
            let known = change.records.checks.get(&account).copied();
            change.records.checks.insert(account, RevocationCheck::want(known, change.store_now));
            Ok(())
        })
        .await
    }

    async fn take_checks(&self, limit: u32) -> Result<Vec<AccountId>, StoreError> {
        self.change(move |change| {
            let due = change.records.checks.iter_mut().filter_map(|(account, check)| {
                *check = check.take(change.store_now)?;
                Some(*account)
            });
            Ok(due.take(at_most(limit)).collect())
        })
        .await
    }

    async fn extend_check(&self, account: AccountId) -> Result<(), StoreError> {
        self.change(move |change| {
            if let Some(check) = change.records.checks.get_mut(&account) {
                *check = check.keep(change.store_now);
            }
            Ok(())
        })
        .await
    }

    async fn finish_check(&self, account: AccountId) -> Result<(), StoreError> {
        self.change(move |change| {
            if let Some(check) = change.records.checks.get_mut(&account) {
                *check = check.end();
            }
            Ok(())
        })
        .await
    }
}

#[async_trait]
impl ImportStore for FileStore {
    async fn import_record(&self, token: RefreshTokenHash) -> Result<Option<ImportRecord>, StoreError> {
        self.read(move |records| Ok(records.imports.iter().find(|record| record.token == token).cloned())).await
    }

    async fn import(&self, import: &Import, now: Timestamp) -> Result<Result<CrmConnection, NotImported>, StoreError> {
        let import = import.clone();
        self.change(move |mut change| {
            let on_record = change.records.imports.iter().find(|record| record.token == import.hash()).cloned();
            let connection = change.records.connections.get(&import.user).map(|row| row.connection.record.clone());
            match import.decide(on_record, connection, now) {
                Ok((connection, record)) => {
                    change.records.imports.push(record);
                    change.put(connection, None, Actor::Operator).map(Ok)
                }
                Err(not) => Ok(Err(not)),
            }
        })
        .await
    }
}

#[async_trait]
impl AuditLog for FileStore {
    async fn audit(&self, user: &UserId, limit: u32) -> Result<Vec<AuditEntry>, StoreError> {
        let user = user.clone();
        self.read(move |records| Ok(records.newest_entries(&user, limit))).await
    }

    async fn attempts_of(&self, user: &UserId, limit: u32) -> Result<Vec<Attempt>, StoreError> {
        let user = user.clone();
        self.read(move |records| {
            let mut theirs: Vec<_> = records.attempts.iter().filter(|one| one.user == user).cloned().collect();
            theirs.sort_by_key(|attempt| Reverse(attempt.opened_at));
            theirs.truncate(at_most(limit));
            Ok(theirs)
        })
        .await
    }

    async fn exchanges_of(&self, user: &UserId, limit: u32) -> Result<Vec<Exchange>, StoreError> {
        let user = user.clone();
        self.read(move |records| {
            let theirs = records.exchanges.iter().map(|sealed| &sealed.record);
            let theirs = theirs.filter(|exchange| exchange.user.as_ref() == Some(&user));
            let mut theirs: Vec<_> = theirs.cloned().map(Exchange::without_tokens).collect();
            theirs.sort_by_key(|exchange| Reverse(exchange.admitted_at));
            theirs.truncate(at_most(limit));
            Ok(theirs)
        })
        .await
    }

    async fn record(&self, connection: &CrmConnection, event: AuditEvent, by: Actor) -> Result<(), StoreError> {
        let entry = AuditEntry::about(connection, event, by, self.now());
        self.change(move |change| {
            change.records.audit.push(entry);
            Ok(())
        })
        .await
    }
}

fn at_most(limit: u32) -> usize {
    limit.try_into().unwrap_or(usize::MAX)
}

/// The connections that are due, in the order of the moment by which they are.
fn in_order(records: &Records, limit: u32, moment: impl Fn(&Row) -> Option<Timestamp>) -> Vec<(UserId, Generation)> {
    let due = |(user, row): (&UserId, &Row)| (user.clone(), row.connection.record.generation);
    let mut found: Vec<_> =
        records.connections.iter().filter_map(|entry| Some((moment(entry.1)?, due(entry)))).collect();
    found.sort();
    found.into_iter().take(at_most(limit)).map(|(_, due)| due).collect()
}

#[async_trait]
impl Maintenance for FileStore {
    async fn orphaned_refreshes(&self, limit: u32) -> Result<Vec<(UserId, Generation)>, StoreError> {
        let store_now = self.now();
        self.read(move |records| {
            let since = |row: &Row| due::orphaned_since(&row.connection.record, row.lease.as_ref(), store_now);
            Ok(in_order(records, limit, since))
        })
        .await
    }

    async fn stale_connections(
        &self,
        issued_before: Timestamp,
        issued_after: Timestamp,
        limit: u32,
    ) -> Result<Vec<(UserId, Generation)>, StoreError> {
        let store_now = self.now();
        self.read(move |records| {
            Ok(in_order(records, limit, |row| {
                let (connection, lease) = (&row.connection.record, row.lease.as_ref());
                due::stale_since(connection, lease, issued_before, issued_after, store_now)
            }))
        })
        .await
    }

    async fn acquitted_refreshes(
        &self,
        client: ClientFingerprint,
        expired_by: Option<Timestamp>,
        limit: u32,
    ) -> Result<Vec<(UserId, Generation)>, StoreError> {
        self.read(move |records| {
            let record = records.client(client);
            Ok(in_order(records, limit, |row| {
                let expires = due::acquitted_expires_at(&row.connection.record, row.lease.as_ref(), client, &record)?;
                expired_by.is_none_or(|by| expires <= by).then_some(expires)
            }))
        })
        .await
    }

    async fn users_of(&self, account: AccountId) -> Result<Vec<UserId>, StoreError> {
        self.read(move |records| {
            let theirs = records.connections.values().map(|row| &row.connection.record);
            let theirs = theirs.filter(|connection| connection.may_be_revoked_in(account));
            Ok(theirs.map(|connection| connection.user.clone()).collect())
        })
        .await
    }

    async fn users(&self, after: Option<UserId>, limit: u32) -> Result<Vec<UserId>, StoreError> {
        self.read(move |records| {
            let users = records.connections.keys().filter(|user| after.as_ref().is_none_or(|after| *user > after));
            Ok(users.take(at_most(limit)).cloned().collect())
        })
        .await
    }

    async fn standings(&self) -> Result<Vec<(Standing, u64)>, StoreError> {
        self.read(|records| {
            let all = records.connections.values().map(|row| (row.connection.record.standing(), 1));
            Ok(all.collect())
        })
        .await
    }

    async fn sweep(&self, now: Timestamp, as_of: Timestamp) -> Result<usize, StoreError> {
        self.change(move |change| {
            let (records, store_now) = (change.records, change.store_now);
            let mut wiped = 0;
            for sealed in &mut records.exchanges {
                sealed.change(|exchange| exchange.shorten_wait(now));
                wiped += usize::from(sealed.change(|exchange| exchange.wipe_unclaimed(now)));
            }
            records.exchanges.retain(|sealed| !sealed.record.is_over(now, as_of, store_now));
            records.places.retain(|place| !place.is_over(store_now));
            for row in records.connections.values_mut() {
                row.lease = row.lease.map(|lease| lease.seen_at(store_now));
            }
            records.checks.values_mut().for_each(|check| *check = check.seen_at(store_now));
            records.checks.retain(|_, check| !check.is_over(store_now));
            let older_than = |memory| before(now.min(as_of), memory);
            records.writes.retain(|record| !record.is_over(now, as_of, store_now));
            records.attempts.retain(|attempt| attempt.opened_at >= older_than(MEMORY));
            records.audit.retain(|entry| entry.at >= older_than(AUDIT_MEMORY));
            records.look_ups.retain(|_, record| !record.is_over(store_now, older_than(AUDIT_MEMORY)));
            Ok(wiped)
        })
        .await
    }
}

#[async_trait]
impl StoreHealth for FileStore {
    async fn ready(&self) -> Result<Option<Timestamp>, StoreError> {
        self.read(|records| Ok(records.heartbeat)).await
    }

    async fn beat(&self) -> Result<(), StoreError> {
        self.change(|change| {
            change.records.heartbeat = Some(change.store_now);
            Ok(())
        })
        .await
    }

    async fn clock(&self) -> Result<Timestamp, StoreError> {
        Ok(self.now())
    }
}
