//! A store over the inner one in memory that breaks one promise.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use amo_connect_contract::MemoryTokenStore;
use amo_connect_contract::fixtures::{after, at, host};
use amo_connect_domain::authorization::attempt::{Attempt, AttemptState, OPEN_ATTEMPTS};
use amo_connect_domain::authorization::code::{Admission, Admitted, Exchange, ExchangeStatus};
use amo_connect_domain::connection::audit::Actor;
use amo_connect_domain::connection::{ConnectionSummary, CrmConnection, Grant};
use amo_connect_domain::host::AccountHost;
use amo_connect_domain::idempotency::KeyHash;
use amo_connect_domain::ids::{AccountId, AttemptId, Epoch, Generation, LeaseOwner, Revision, UserId};
use amo_connect_domain::lease::LEASE_TERM;
use amo_connect_domain::ports::{Claim, Maintenance as _, RefreshRequest, Served, StoreError, StoreHealth, TokenStore};
use amo_connect_domain::refresh::backoff::Backoff;
use amo_connect_domain::refresh::lease::{LeaseRequest, RefreshLease};
use amo_connect_domain::token::{CodeHash, StateHash, TokenPair};
use async_trait::async_trait;
use jiff::Timestamp;

use crate::kinds::Mutant;

/// What the mutant remembers to break its promise.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    pub(crate) attempts: Vec<Attempt>,
    pub(crate) closed: Vec<(StateHash, AttemptState)>,
    pub(crate) users: Vec<UserId>,
    pub(crate) code_owner: Option<LeaseOwner>,
    pub(crate) lease: Option<(LeaseOwner, Revision)>,
    pub(crate) checks: Vec<AccountId>,
    pub(crate) was_set_back: bool,
    pub(crate) moves: Vec<(AccountHost, AccountHost)>,
    pub(crate) was_swept: bool,
    pub(crate) codes: Vec<CodeHash>,
    pub(crate) most_sealed: usize,
    pub(crate) imports: u32,
    /// How many codes were given a place, and how many users have brought.
    pub(crate) places: usize,
    pub(crate) brought: usize,
    pub(crate) writes: Vec<KeyHash>,
    pub(crate) claimed: Vec<u64>,
    /// A read that the next one is answered by.
    pub(crate) under_way: Option<(UserId, Option<CrmConnection>)>,
    /// Whose tokens cannot be opened any more.
    pub(crate) unreadable: Vec<UserId>,
}

/// A [`TokenStore`] that keeps every promise except one.
#[derive(Clone, Debug)]
pub(crate) struct MutantStore {
    pub(crate) inner: MemoryTokenStore,
    pub(crate) mutant: Mutant,
    notes: Arc<Mutex<Notes>>,
}

impl MutantStore {
    pub(crate) fn new(mutant: Mutant) -> Self {
        Self { inner: MemoryTokenStore::new(), mutant, notes: Arc::default() }
    }

    pub(crate) fn is(&self, mutant: Mutant) -> bool {
        self.mutant == mutant
    }

    pub(crate) fn note<T>(&self, use_notes: impl FnOnce(&mut Notes) -> T) -> T {
        use_notes(&mut self.notes.lock().unwrap())
    }

    /// Whether the mutant is one of those that fail over tokens that cannot be opened. All that are
    /// stored cannot be from now on.
    pub(crate) async fn loses_all_tokens(&self) -> bool {
        let unreadable = self.inner.users(None, 100).await.unwrap();
        self.note(|notes| notes.unreadable = unreadable);
        matches!(
            self.mutant,
            Mutant::SummaryOpensTokens
                | Mutant::SaveOpensOldTokens
                | Mutant::RotationOpensOldTokens
                | Mutant::GrantOpensOldTokens
                | Mutant::ClaimOpensOldTokens
                | Mutant::DisconnectOpensOldTokens
                | Mutant::SweepOpensOldTokens
                | Mutant::ListingsOpenTokens
                | Mutant::DropsWhatItCannotOpen
        )
    }

    /// How many connections and codes have tokens.
    pub(crate) async fn with_tokens(&self) -> usize {
        let mut sealed = 0;
        for user in self.inner.users(None, 100).await.unwrap() {
            sealed += usize::from(self.row(&user).await.grant().is_some());
        }
        for code in self.note(|notes| notes.codes.clone()) {
            let status = self.inner.exchange(code).await.unwrap().map(|exchange| exchange.status);
            sealed += usize::from(matches!(status, Some(ExchangeStatus::Waiting { .. })));
        }
        sealed
    }

    /// Fails if the store is this mutant, and the tokens of `user`, or of anybody, cannot be opened.
    pub(crate) fn opens_tokens(&self, mutant: Mutant, user: Option<&UserId>) -> Result<(), StoreError> {
        let is_unreadable = |other: &UserId| user.is_none_or(|user| user == other);
        let is_in_the_way = self.is(mutant) && self.note(|notes| notes.unreadable.iter().any(is_unreadable));
        if is_in_the_way { Err(StoreError::Corrupt("old tokens do not open")) } else { Ok(()) }
    }

    /// The user as the mutant store knows them.
    pub(crate) fn user(&self, user: &UserId) -> UserId {
        let known = if self.is(Mutant::FoldsUserIds) { user.as_str().to_lowercase() } else { user.to_string() };
        let known = UserId::new(known).unwrap();
        self.note(|notes| notes.users.push(known.clone()));
        known
    }

    /// Whether the tests have let the leases lapse.
    pub(crate) fn lease_has_passed(&self) -> bool {
        Duration::try_from(self.inner.test_clock().moved()).is_ok_and(|moved| moved >= LEASE_TERM)
    }

    pub(crate) async fn row(&self, user: &UserId) -> CrmConnection {
        self.inner.connection(user).await.unwrap().unwrap_or_else(|| CrmConnection::new(user.clone()))
    }

    /// Writes `connection` over whatever there is.
    pub(crate) async fn overwrite(&self, connection: &CrmConnection) -> Result<Revision, StoreError> {
        let expected = self.inner.connection(&connection.user).await?.map(|row| row.revision);
        self.inner.save(connection, expected).await
    }

    /// Makes `grant` the connection of `user`, whatever was promised.
    pub(crate) async fn impose(&self, user: &UserId, grant: Grant, now: Timestamp) -> CrmConnection {
        let mut row = self.row(user).await;
        row.connect(grant, now);
        self.overwrite(&row).await.unwrap();
        self.row(user).await
    }
}

#[async_trait]
impl TokenStore for MutantStore {
    async fn open_attempt(&self, attempt: &Attempt) -> Result<(), StoreError> {
        let mut attempt = attempt.clone();
        if self.is(Mutant::AltersAttempts) {
            attempt.expires_at = after(attempt.expires_at, Duration::from_secs(1));
        }
        self.inner.open_attempt(&attempt).await?;
        let opened = self.note(|notes| {
            notes.attempts.push(attempt);
            notes.attempts.clone()
        });
        if self.is(Mutant::LimitsAttemptsOfAllUsers) && opened.len() > OPEN_ATTEMPTS {
            let oldest = &opened[opened.len() - OPEN_ATTEMPTS - 1];
            self.inner.close_attempt(oldest.state_hash, AttemptState::Superseded).await?;
        }
        Ok(())
    }

    async fn attempt(&self, id: AttemptId) -> Result<Option<Attempt>, StoreError> {
        let mut found = self.inner.attempt(id).await?;
        if let Some(attempt) = &mut found {
            let closed = self.note(|notes| notes.closed.iter().rfind(|(hash, _)| *hash == attempt.state_hash).copied());
            match (self.mutant, closed) {
                (Mutant::ClosesClosedAttempts, Some((_, end))) => attempt.state = end,
                (Mutant::LimitsNoAttempts, _) if attempt.state == AttemptState::Superseded => {
                    attempt.state = AttemptState::Open;
                }
                _ => {}
            }
        }
        Ok(found)
    }

    async fn attempt_by_state(&self, state: StateHash) -> Result<Option<Attempt>, StoreError> {
        if self.is(Mutant::FindsAnyAttempt) {
            return Ok(self.note(|notes| notes.attempts.first().cloned()));
        }
        let mut found = self.inner.attempt_by_state(state).await?;
        if found.is_none() && self.is(Mutant::KeepsAllAttempts) {
            found = self.note(|notes| notes.attempts.iter().find(|known| known.state_hash == state).cloned());
        }
        if let Some(attempt) = &mut found
            && self.is(Mutant::ForgetsDeepLinks)
            && attempt.state != AttemptState::Open
        {
            attempt.deep_link = None;
        }
        Ok(found)
    }

    async fn close_attempt(&self, state: StateHash, end: AttemptState) -> Result<(), StoreError> {
        self.note(|notes| notes.closed.push((state, end)));
        let end = match end {
            AttemptState::Failed(_) if self.is(Mutant::ForgetsWhyAttemptsFailed) => AttemptState::Failed(None),
            end => end,
        };
        self.inner.close_attempt(state, end).await
    }

    async fn exchange(&self, code: CodeHash) -> Result<Option<Exchange>, StoreError> {
        let mut found = self.inner.exchange(code).await?;
        if let Some(exchange) = &mut found
            && self.is(Mutant::AltersExchanges)
        {
            exchange.host = host(1);
        }
        Ok(found)
    }

    async fn admit_code(&self, request: &Admission, owner: LeaseOwner, now: Timestamp) -> Result<Admitted, StoreError> {
        self.admit(request, owner, now).await
    }

    async fn renew_code_lease(&self, code: CodeHash, owner: LeaseOwner) -> Result<bool, StoreError> {
        let renewed = self.inner.renew_code_lease(code, owner).await?;
        Ok(renewed || self.is(Mutant::RenewsForAnybody))
    }

    async fn save_grant(
        &self,
        code: CodeHash,
        grant: &Grant,
        served: &Served,
        now: Timestamp,
    ) -> Result<Exchange, StoreError> {
        self.note(|notes| notes.codes.push(code));
        self.take(code, grant, &self.served(served), now).await
    }

    async fn restore_exchange(&self, record: &Exchange) -> Result<(), StoreError> {
        if self.is(Mutant::ForgetsGrants) { Ok(()) } else { self.inner.restore_exchange(record).await }
    }

    async fn end_exchange(&self, code: CodeHash, owner: LeaseOwner, refused: bool) -> Result<Exchange, StoreError> {
        match self.note(|notes| notes.code_owner) {
            Some(holder) if self.is(Mutant::EndsForAnybody) => self.inner.end_exchange(code, holder, refused).await,
            _ => self.inner.end_exchange(code, owner, refused).await,
        }
    }

    async fn claim(&self, code: CodeHash, user: &UserId, as_of: Epoch, now: Timestamp) -> Result<Claim, StoreError> {
        self.give(code, user, as_of, now).await
    }

    async fn awaits_claim(&self, user: &UserId, now: Timestamp) -> Result<bool, StoreError> {
        let now = if self.is(Mutant::AwaitsForever) { at(0) } else { now };
        self.inner.awaits_claim(user, now).await
    }

    async fn summary(&self, user: &UserId) -> Result<Option<ConnectionSummary>, StoreError> {
        if self.is(Mutant::SummaryOpensTokens) {
            self.opens_tokens(self.mutant, Some(user))?;
        }
        let summary = self.inner.summary(user).await?;
        Ok(summary.map(|mut summary| {
            match self.mutant {
                Mutant::ForgetsEpochs => summary.epoch = Epoch::default(),
                Mutant::SummaryForgetsTheProblem => summary.since = None,
                _ => {}
            }
            summary
        }))
    }

    async fn connection(&self, user: &UserId) -> Result<Option<CrmConnection>, StoreError> {
        self.read(user).await
    }

    async fn save(&self, connection: &CrmConnection, expected: Option<Revision>) -> Result<Revision, StoreError> {
        self.write(connection, expected).await
    }

    async fn disconnect(&self, user: &UserId, by: Actor) -> Result<(), StoreError> {
        self.wipe(user, by).await
    }

    async fn lease_refresh(&self, user: &UserId, request: &LeaseRequest) -> Result<RefreshRequest, StoreError> {
        self.lease(user, request).await
    }

    async fn renew_refresh_lease(&self, user: &UserId, owner: LeaseOwner) -> Result<bool, StoreError> {
        let renewed = self.inner.renew_refresh_lease(user, owner).await?;
        Ok(renewed || self.is(Mutant::RenewsForAnybody) || self.is(Mutant::SaveKeepsDeadLeases))
    }

    async fn back_off_refresh(
        &self,
        user: &UserId,
        owner: LeaseOwner,
        backoff: &Backoff,
    ) -> Result<Option<RefreshLease>, StoreError> {
        self.end_lease(user, owner, *backoff).await
    }

    async fn save_rotated(
        &self,
        user: &UserId,
        spent: Generation,
        pair: &TokenPair,
        served: &Served,
        now: Timestamp,
    ) -> Result<CrmConnection, StoreError> {
        self.rotate(user, spent, pair, &self.served(served), now).await
    }
}

#[async_trait]
impl StoreHealth for MutantStore {
    async fn ready(&self) -> Result<Option<Timestamp>, StoreError> {
        if self.is(Mutant::BeatsWhenItIsRead) {
            self.inner.beat().await?;
        }
        if self.is(Mutant::NeverReady) { Err(StoreError::Conflict) } else { self.inner.ready().await }
    }

    async fn beat(&self) -> Result<(), StoreError> {
        if self.is(Mutant::DoesNotBeat) { Ok(()) } else { self.inner.beat().await }
    }

    async fn clock(&self) -> Result<Timestamp, StoreError> {
        if self.is(Mutant::ShowsAnotherClock) { Ok(at(0)) } else { self.inner.clock().await }
    }
}
