//! Mutants of the revocation queue, the audit log and maintenance.

use std::time::Duration;

use amo_connect_contract::fixtures::after;
use amo_connect_domain::authorization::attempt::{Attempt, MEMORY};
use amo_connect_domain::authorization::code::Exchange;
use amo_connect_domain::client::ClientFingerprint;
use amo_connect_domain::connection::audit::{AUDIT_MEMORY, Actor, AuditEntry, AuditEvent, PROBLEM_ENTRIES_A_DAY};
use amo_connect_domain::connection::{CrmConnection, Standing};
use amo_connect_domain::ids::{AccountId, Generation, UserId};
use amo_connect_domain::ports::{AuditLog, Maintenance, RevocationQueue, StoreError, TokenStore as _};
use async_trait::async_trait;
use jiff::Timestamp;

use crate::kinds::Mutant;
use crate::store::MutantStore;

#[async_trait]
impl RevocationQueue for MutantStore {
    async fn request_check(&self, account: AccountId) -> Result<(), StoreError> {
        self.note(|notes| notes.checks.push(account));
        if self.is(Mutant::ForgetsRequestsDuringACheck)
            && self.note(|notes| notes.checks.iter().filter(|wanted| **wanted == account).count()) > 1
        {
            return Ok(());
        }
        self.inner.request_check(account).await
    }

    async fn take_checks(&self, limit: u32) -> Result<Vec<AccountId>, StoreError> {
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

    async fn extend_check(&self, account: AccountId) -> Result<(), StoreError> {
        if self.is(Mutant::ExtendsNoCheck) { Ok(()) } else { self.inner.extend_check(account).await }
    }

    async fn finish_check(&self, account: AccountId) -> Result<(), StoreError> {
        if self.is(Mutant::FinishesNoCheck) { Ok(()) } else { self.inner.finish_check(account).await }
    }
}

#[async_trait]
impl AuditLog for MutantStore {
    async fn audit(&self, user: &UserId, limit: u32) -> Result<Vec<AuditEntry>, StoreError> {
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
            Mutant::RecordsEveryProblem => {
                let about_problems: Vec<_> =
                    entries.iter().filter(|entry| entry.is_about_a_problem()).cloned().collect();
                // As many again, where there were more than are recorded.
                entries.extend(about_problems.into_iter().skip(PROBLEM_ENTRIES_A_DAY - 1));
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

    async fn attempts_of(&self, user: &UserId, limit: u32) -> Result<Vec<Attempt>, StoreError> {
        match self.mutant {
            Mutant::TellsTheOldestAttempts => {
                let mut all = self.inner.attempts_of(user, 100).await?;
                all.reverse();
                all.truncate(limit.try_into().unwrap());
                Ok(all)
            }
            Mutant::TellsEverybodysAttempts => Ok(self.note(|notes| notes.attempts.clone())),
            _ => self.inner.attempts_of(user, limit).await,
        }
    }

    async fn exchanges_of(&self, user: &UserId, limit: u32) -> Result<Vec<Exchange>, StoreError> {
        let mut told = Vec::new();
        match self.mutant {
            Mutant::TellsTokensOfGrants => {
                for exchange in self.inner.exchanges_of(user, limit).await? {
                    told.extend(self.inner.exchange(exchange.code).await?);
                }
            }
            Mutant::TellsEverybodysCodes => {
                for code in self.note(|notes| notes.codes.clone()) {
                    told.extend(self.inner.exchange(code).await?.map(Exchange::without_tokens));
                }
            }
            Mutant::TellsAllCodes => told = self.inner.exchanges_of(user, 100).await?,
            _ => told = self.inner.exchanges_of(user, limit).await?,
        }
        Ok(told)
    }

    async fn record(&self, connection: &CrmConnection, event: AuditEvent, by: Actor) -> Result<(), StoreError> {
        let by = if self.is(Mutant::ForgetsTheActor) { Actor::Service } else { by };
        self.inner.record(connection, event, by).await
    }
}

#[async_trait]
impl Maintenance for MutantStore {
    async fn orphaned_refreshes(&self, limit: u32) -> Result<Vec<(UserId, Generation)>, StoreError> {
        let mut found = self.inner.orphaned_refreshes(limit).await?;
        match self.mutant {
            Mutant::ListsByName => found.sort_unstable(),
            Mutant::ListsNoOrphans => found.clear(),
            _ => {}
        }
        Ok(found)
    }

    async fn stale_connections(
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

    async fn acquitted_refreshes(
        &self,
        client: ClientFingerprint,
        expired_by: Option<Timestamp>,
        limit: u32,
    ) -> Result<Vec<(UserId, Generation)>, StoreError> {
        let mut found = self.inner.acquitted_refreshes(client, expired_by, limit).await?;
        if self.is(Mutant::ListsByName) {
            found.sort_unstable();
        }
        Ok(found)
    }

    async fn users_of(&self, account: AccountId) -> Result<Vec<UserId>, StoreError> {
        self.opens_tokens(Mutant::ListingsOpenTokens, None)?;
        if self.is(Mutant::ListsUsersOfAllAccounts) {
            return self.inner.users(None, 100).await;
        }
        self.inner.users_of(account).await
    }

    async fn users(&self, after: Option<UserId>, limit: u32) -> Result<Vec<UserId>, StoreError> {
        let after = after.filter(|_| !self.is(Mutant::ListsTheFirstPageAlone));
        self.inner.users(after, limit).await
    }

    async fn standings(&self) -> Result<Vec<(Standing, u64)>, StoreError> {
        let mut counted = self.inner.standings().await?;
        if self.is(Mutant::CountsRowsTwice) {
            counted.extend(self.inner.standings().await?);
        }
        Ok(counted)
    }

    async fn sweep(&self, now: Timestamp, as_of: Timestamp) -> Result<usize, StoreError> {
        self.note(|notes| notes.was_swept = true);
        self.opens_tokens(Mutant::SweepOpensOldTokens, None)?;
        match self.mutant {
            Mutant::SweepsNothing => Ok(0),
            Mutant::SweepsCodesUnderWay => {
                let clock = self.inner.test_clock();
                clock.advance(MEMORY * 2);
                let swept = self.inner.sweep(now, after(as_of, MEMORY * 2)).await;
                clock.set_back(MEMORY * 2);
                swept
            }
            Mutant::SweepsWritesInDoubt => {
                self.end_doubtful_writes();
                self.inner.sweep(now, as_of).await
            }
            Mutant::SweepsByOneClock => self.inner.sweep(now.max(as_of), now.max(as_of)).await,
            Mutant::SweepsEverything => self.inner.sweep(after(now, MEMORY), after(as_of, MEMORY)).await,
            _ => self.inner.sweep(now, as_of).await,
        }
    }
}
