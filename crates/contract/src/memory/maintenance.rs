//! What the background and the operator ask of the rows in memory.

use amo_connect_domain::client::ClientFingerprint;
use amo_connect_domain::connection::Grant;
use amo_connect_domain::connection::audit::AuditEntry;
use amo_connect_domain::connection::revocation_check::RevocationCheck;
use amo_connect_domain::host::AccountHost;
use amo_connect_domain::host_look_up::{FoundHost, HostLookUp, LookUpDecision, LookUpSubject};
use amo_connect_domain::ids::{AccountId, Generation, UserId};
use jiff::Timestamp;

use super::rows::{Row, Rows};

impl Rows {
    /// The connections that can be used and fit, by `key`, at most `limit`.
    fn due_by<K: Ord>(&self, limit: u32, key: impl Fn(&Row, &Grant) -> Option<K>) -> Vec<(UserId, Generation)> {
        let due = |(user, row): (&UserId, &Row)| (user.clone(), row.connection.generation);
        let keyed = |entry: (&UserId, &Row)| Some((key(entry.1, entry.1.connection.grant()?)?, due(entry)));
        let mut found: Vec<_> = self.connections.iter().filter_map(keyed).collect();
        found.sort();
        found.into_iter().take(limit.try_into().unwrap_or(usize::MAX)).map(|(_, due)| due).collect()
    }

    pub(super) fn orphaned_refreshes(&self, limit: u32) -> Vec<(UserId, Generation)> {
        let store_now = self.clock.now();
        self.due_by(limit, |row, _| row.lease.filter(|lease| lease.is_orphaned(store_now)).map(|lease| lease.until))
    }

    pub(super) fn stale_connections(
        &self,
        issued_before: Timestamp,
        issued_after: Timestamp,
        limit: u32,
    ) -> Vec<(UserId, Generation)> {
        let store_now = self.clock.now();
        let free = |row: &Row| {
            row.lease.is_none_or(|lease| lease.until <= store_now)
                && row.connection.refresh_put_off_until(store_now).is_none()
        };
        self.due_by(limit, |row, grant| {
            let issued = grant.tokens.issued_at;
            let is_aged = issued < issued_before || issued > issued_after;
            (is_aged && free(row)).then_some(issued)
        })
    }

    pub(super) fn acquitted_refreshes(
        &self,
        client: ClientFingerprint,
        expired_by: Option<Timestamp>,
        limit: u32,
    ) -> Vec<(UserId, Generation)> {
        let record = self.clients.get(&client).copied().unwrap_or_default();
        self.due_by(limit, |row, grant| {
            let lease = row.lease.filter(|lease| lease.owner.is_none() && !lease.in_doubt)?;
            let over = lease.accusation.is_some_and(|accusation| accusation.is_over_for(client, &record));
            let expires = grant.tokens.expires_at;
            (over && expired_by.is_none_or(|by| expires <= by)).then_some(expires)
        })
    }

    pub(super) fn request_look_up(&mut self, host: &AccountHost, account: Option<AccountId>) -> LookUpDecision {
        let subject = LookUpSubject::of(host, account);
        let of_host = self.host_look_ups.get(&LookUpSubject::host(host)).cloned();
        let of_subject = self.host_look_ups.get(&subject).cloned();
        let (decision, record) = HostLookUp::request(of_host, of_subject, account, self.clock.now());
        self.host_look_ups.extend(record.map(|record| (subject, record)));
        decision
    }

    pub(super) fn save_move(&mut self, host: &AccountHost, moved_to: &FoundHost) {
        let store_now = self.clock.now();
        self.host_look_ups.insert(LookUpSubject::host(&moved_to.host), HostLookUp::made(store_now));
        self.host_look_ups.insert(LookUpSubject::host(host), HostLookUp::moved(moved_to.clone(), store_now));
    }

    pub(super) fn users_of(&self, account: AccountId) -> Vec<UserId> {
        let theirs = |row: &&Row| {
            row.connection.may_be_revoked()
                && row.connection.account().is_some_and(|(_, number)| number == Some(account))
        };
        self.connections.values().filter(theirs).map(|row| row.connection.user.clone()).collect()
    }

    pub(super) fn users(&self, after: Option<&UserId>, limit: u32) -> Vec<UserId> {
        let backoff = self.connections.keys().filter(|user| after.is_none_or(|after| *user > after));
        backoff.take(limit.try_into().unwrap_or(usize::MAX)).cloned().collect()
    }

    pub(super) fn request_check(&mut self, account: AccountId) {
        let check = RevocationCheck::want(self.revocation_checks.get(&account).copied(), self.clock.now());
        self.revocation_checks.insert(account, check);
    }

    pub(super) fn take_checks(&mut self, limit: u32) -> Vec<AccountId> {
        let store_now = self.clock.now();
        let due = self.revocation_checks.iter_mut().filter_map(|(account, check)| {
            *check = check.take(store_now)?;
            Some(*account)
        });
        due.take(limit.try_into().unwrap_or(usize::MAX)).collect()
    }

    pub(super) fn extend_check(&mut self, account: AccountId) {
        let store_now = self.clock.now();
        if let Some(check) = self.revocation_checks.get_mut(&account) {
            *check = check.keep(store_now);
        }
    }

    pub(super) fn finish_check(&mut self, account: AccountId) {
        if let Some(check) = self.revocation_checks.get_mut(&account) {
            *check = check.end();
        }
    }

    pub(super) fn audit_of(&self, user: &UserId, limit: u32) -> Vec<AuditEntry> {
        let theirs: Vec<_> = self.audit.iter().filter(|entry| entry.user == *user).cloned().collect();
        let skipped = theirs.len().saturating_sub(limit.try_into().unwrap_or(usize::MAX));
        theirs.into_iter().skip(skipped).collect()
    }

    pub(super) fn forget_old_records(&mut self, oldest: Timestamp) {
        let store_now = self.clock.now();
        self.revocation_checks.retain(|_, check| !check.is_over(store_now));
        self.audit.retain(|entry| entry.at >= oldest);
    }
}
