//! Mutants of maintenance: listings, revocation checks and the audit log.

use std::time::Duration;

use amo_connect_domain::connection::audit::{AUDIT_MEMORY, Actor, AuditEntry, AuditEvent};
use amo_connect_domain::ids::{AccountId, Generation, UserId};
use amo_connect_domain::ports::{AuditLog as _, Maintenance as _, RevocationQueue as _, StoreError};
use jiff::Timestamp;

use crate::kinds::Mutant;
use crate::store::MutantStore;

impl MutantStore {
    pub(crate) async fn orphans(&self, limit: u32) -> Result<Vec<(UserId, Generation)>, StoreError> {
        let mut found = self.inner.orphaned_refreshes(limit).await?;
        match self.mutant {
            Mutant::ListsByName => found.sort_unstable(),
            Mutant::ListsNoOrphans => found.clear(),
            _ => {}
        }
        Ok(found)
    }

    pub(crate) async fn stale(
        &self,
        issued_before: Timestamp,
        issued_after: Timestamp,
        limit: u32,
    ) -> Result<Vec<(UserId, Generation)>, StoreError> {
        let issued_after = if self.is(Mutant::BelievesAnyDate) { Timestamp::MAX } else { issued_after };
        let mut found = self.inner.stale_connections(issued_before, issued_after, limit).await?;
        match self.mutant {
            Mutant::ListsByName => found.sort_unstable(),
            Mutant::IgnoresBackoffInListings if found.is_empty() => {
                let everybody = self.inner.users(None, limit).await?;
                found = everybody.into_iter().map(|user| (user, Generation(1))).collect();
            }
            _ => {}
        }
        Ok(found)
    }

    pub(crate) async fn want(&self, account: AccountId) -> Result<(), StoreError> {
        self.note(|notes| notes.checks.push(account));
        if self.is(Mutant::ForgetsRequestsDuringACheck)
            && self.note(|notes| notes.checks.iter().filter(|wanted| **wanted == account).count()) > 1
        {
            return Ok(());
        }
        self.inner.request_check(account).await
    }

    pub(crate) async fn take_checks_of(&self, limit: u32) -> Result<Vec<AccountId>, StoreError> {
        match self.mutant {
            Mutant::GivesChecksToEveryCaller => Ok(self.note(|notes| notes.checks.clone())),
            Mutant::LimitsNoChecks => self.inner.take_checks(100).await,
            Mutant::ForgetsTakenChecks => {
                let taken = self.inner.take_checks(limit).await?;
                for account in &taken {
                    self.inner.finish_check(*account).await?;
                }
                Ok(taken)
            }
            _ => self.inner.take_checks(limit).await,
        }
    }

    pub(crate) async fn story(&self, user: &UserId, limit: u32) -> Result<Vec<AuditEntry>, StoreError> {
        let mut entries = self.inner.audit(user, limit).await?;
        match self.mutant {
            Mutant::ReturnsOnlyTheOldest => {
                entries = self.inner.audit(user, 1_000).await?;
                entries.truncate(limit.try_into().unwrap());
            }
            Mutant::RecordsNoDoubt => entries.retain(|entry| entry.event != AuditEvent::Doubted),
            Mutant::RecordsRefusedChanges => {
                let row = self.row(user).await;
                entries.push(AuditEntry::about(&row, AuditEvent::Healed, Actor::Service, Timestamp::UNIX_EPOCH));
            }
            Mutant::RecordsNoProblems => {
                entries
                    .retain(|entry| !matches!(entry.event, AuditEvent::ProblemBegan(_) | AuditEvent::ProblemEnded(_)));
            }
            Mutant::KeepsEntriesForEver
                if Duration::try_from(self.inner.test_clock().moved()).is_ok_and(|moved| moved > AUDIT_MEMORY) =>
            {
                let row = self.row(user).await;
                entries.insert(0, AuditEntry::about(&row, AuditEvent::Connected, Actor::User, Timestamp::UNIX_EPOCH));
            }
            _ => {}
        }
        Ok(entries)
    }
}
