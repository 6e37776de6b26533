//! Mutants of connections: reading, saving, disconnecting, leasing and rotating.

use std::time::Duration;

use amo_connect_contract::fixtures::{altered, back_off, grant, host, lease_request};
use amo_connect_domain::client::ClientFingerprint;
use amo_connect_domain::connection::audit::Actor;
use amo_connect_domain::connection::{ConnectionParts, ConnectionState, CrmConnection, Grant, ReauthReason};
use amo_connect_domain::ids::{Generation, LeaseOwner, Revision, UserId};
use amo_connect_domain::ports::{RefreshRequest, Served, StoreError, TokenStore as _};
use amo_connect_domain::refresh::backoff::Backoff;
use amo_connect_domain::refresh::lease::{LeaseRequest, RefreshLease};
use amo_connect_domain::token::TokenPair;
use jiff::{Timestamp, Unit};

use crate::kinds::Mutant;
use crate::store::MutantStore;

impl MutantStore {
    pub(crate) async fn read(&self, user: &UserId) -> Result<Option<CrmConnection>, StoreError> {
        let mut found = self.inner.connection(&self.user(user)).await?;
        if self.is(Mutant::JoinsReadsUnderWay) {
            match self.note(|notes| notes.under_way.take_if(|(reader, _)| reader == user)) {
                Some((_, read)) => found = read,
                None => self.note(|notes| notes.under_way = Some((user.clone(), found.clone()))),
            }
        }
        if self.is(Mutant::FallsBackToAnyConnection) && found.is_none() {
            for other in self.note(|notes| notes.users.clone()) {
                found = found.or(self.inner.connection(&other).await?);
            }
        }
        let read = |parts: &mut ConnectionParts| {
            parts.user = user.clone();
            match (self.mutant, &mut parts.state) {
                (Mutant::RoundsTimes, _) => {
                    parts.connected_at = parts.connected_at.map(|time| time.round(Unit::Millisecond).unwrap());
                }
                (Mutant::ForgetsTheReason, ConnectionState::NeedsReauth { reason, .. }) => {
                    *reason = ReauthReason::GrantRevoked;
                }
                _ => {}
            }
        };
        Ok(found.map(|connection| altered(connection, read)))
    }

    pub(crate) async fn write(
        &self,
        connection: &CrmConnection,
        expected: Option<Revision>,
    ) -> Result<Revision, StoreError> {
        self.opens_tokens(Mutant::SaveOpensOldTokens, Some(&connection.user))?;
        let connection = &altered(connection.clone(), |parts| parts.user = self.user(&connection.user));
        match (self.mutant, self.inner.save(connection, expected).await) {
            (Mutant::LastWriterWins, Err(StoreError::Conflict)) => self.overwrite(connection).await,
            (Mutant::RefusesButWrites, Err(StoreError::Conflict)) => {
                self.overwrite(connection).await?;
                Err(StoreError::Conflict)
            }
            (Mutant::RevisionStands, Ok(_)) => Ok(expected.unwrap_or_default()),
            (Mutant::SaveEndsTheLease, saved) => {
                if let Some((holder, _)) = self.note(|notes| notes.lease) {
                    self.inner.back_off_refresh(&connection.user, holder, &back_off(false, Duration::ZERO)).await?;
                }
                saved
            }
            (_, saved) => saved,
        }
    }

    pub(crate) async fn wipe(&self, user: &UserId, by: Actor) -> Result<(), StoreError> {
        self.opens_tokens(Mutant::DisconnectOpensOldTokens, Some(user))?;
        let mut row = self.row(user).await;
        match self.mutant {
            Mutant::DisconnectDoesNothing => {}
            Mutant::DisconnectIsNoEvent => {
                row = altered(row, |parts| parts.state = ConnectionState::Disconnected);
                self.overwrite(&row).await?;
            }
            Mutant::DisconnectWipesTheRowAlone => {
                row.disconnect();
                self.overwrite(&row).await?;
            }
            Mutant::DisconnectsAllUsers => {
                for other in self.note(|notes| notes.users.clone()) {
                    self.inner.disconnect(&other, by).await?;
                }
                self.inner.disconnect(user, by).await?;
            }
            _ => self.inner.disconnect(user, by).await?,
        }
        Ok(())
    }

    pub(crate) async fn lease(&self, user: &UserId, asked: &LeaseRequest) -> Result<RefreshRequest, StoreError> {
        let row = self.row(user).await;
        let mut request = *asked;
        let is_set_back = self.note(|notes| notes.was_set_back);
        let holder = self.note(|notes| notes.lease).map(|(holder, _)| holder);
        match self.mutant {
            Mutant::LeasesAnyGeneration => request.generation = row.generation,
            Mutant::AsksNobodyByHand => request.by_hand = false,
            Mutant::ForgetsBackoffs => request.by_hand = true,
            Mutant::TakesAllClientsForOne => request.client = ClientFingerprint::default(),
            Mutant::BelievesRefusalsAhead if row.refused.is_some_and(|refused| refused.count > 1) => {
                return Ok(RefreshRequest::BackingOff(Timestamp::MAX));
            }
            Mutant::TakesOverAtOnce if is_set_back => request.by_hand = true,
            _ => {}
        }
        let ends = self.is(Mutant::NoLease) || self.is(Mutant::TakesOverAtOnce) && is_set_back;
        if let Some(holder) = holder.filter(|_| ends) {
            self.inner.back_off_refresh(user, holder, &back_off(false, Duration::ZERO)).await?;
        }
        match self.inner.lease_refresh(user, &request).await? {
            RefreshRequest::Outdated if self.is(Mutant::CallsDeadGrantsHeld) => Ok(RefreshRequest::Held),
            RefreshRequest::Granted(connection, mut lease) => {
                self.note(|notes| notes.lease = Some((request.owner, connection.revision)));
                lease.in_doubt &= !self.is(Mutant::ForgetsDoubt);
                Ok(RefreshRequest::Granted(connection, lease))
            }
            answer => Ok(answer),
        }
    }

    pub(crate) async fn end_lease(
        &self,
        user: &UserId,
        owner: LeaseOwner,
        mut backoff: Backoff,
    ) -> Result<Option<RefreshLease>, StoreError> {
        let holder = self.note(|notes| notes.lease).map(|(holder, _)| holder);
        let owner = holder.filter(|_| self.is(Mutant::EndsLeasesForAnybody)).unwrap_or(owner);
        if self.is(Mutant::ForgetsBackoffs) {
            backoff.pause = Duration::ZERO;
        }
        if self.is(Mutant::TakesAllClientsForOne) {
            backoff.accused = backoff.accused.map(|_| ClientFingerprint::default());
        }
        let mut record = self.inner.back_off_refresh(user, owner, &backoff).await?;
        if let (Mutant::AccusesForAnybody, None, Some(_)) = (self.mutant, record, backoff.accused) {
            let ghost = UserId::new("ghost").unwrap();
            let generation = self.impose(&ghost, grant(9, "ghost"), Timestamp::UNIX_EPOCH).await.generation;
            self.inner.lease_refresh(&ghost, &lease_request(generation, owner)).await?;
            self.inner.back_off_refresh(&ghost, owner, &backoff).await?;
        }
        if let (Mutant::BlamesNoAccount, Some(accusation)) =
            (self.mutant, record.as_mut().and_then(|record| record.accusation.as_mut()))
        {
            accusation.is_accounts = false;
        }
        Ok(record)
    }

    /// What amoCRM served, as the mutant store records it.
    pub(crate) fn served(&self, served: &Served) -> Served {
        match self.mutant {
            Mutant::AcquitsNobody => Served { sent_at: Timestamp::MIN, ..*served },
            Mutant::AcquitsByAnything => Served { sent_at: Timestamp::MAX, ..*served },
            Mutant::TakesAllClientsForOne => Served { client: ClientFingerprint::default(), ..*served },
            _ => *served,
        }
    }

    pub(crate) async fn rotate(
        &self,
        user: &UserId,
        spent: Generation,
        pair: &TokenPair,
        served: &Served,
        now: Timestamp,
    ) -> Result<CrmConnection, StoreError> {
        self.opens_tokens(Mutant::RotationOpensOldTokens, Some(user))?;
        let row = self.row(user).await;
        let leased_at = self.note(|notes| notes.lease.map(|(_, revision)| revision));
        let obstructed = match self.mutant {
            Mutant::PairNeedsTheLease => self.lease_has_passed(),
            Mutant::PairNeedsTheRevision => leased_at != Some(row.revision),
            Mutant::LossIsFinal => matches!(row.state, ConnectionState::NeedsReauth { .. }),
            _ => false,
        };
        if obstructed {
            return Err(StoreError::Conflict);
        }
        match self.inner.save_rotated(user, spent, pair, served, now).await {
            Err(StoreError::Conflict) if self.is(Mutant::SaveIgnoresGeneration) => {
                let grant = Grant { host: host(1), account: None, tokens: pair.clone() };
                Ok(self.impose(user, grant, now).await)
            }
            saved => saved,
        }
    }
}
