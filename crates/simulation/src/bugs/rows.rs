//! Planted bugs of writing and finding rows.

use std::sync::Arc;

use amo_connect_contract::fixtures::altered;
use amo_connect_domain::connection::audit::Actor;
use amo_connect_domain::connection::{ConnectionState, CrmConnection, Grant};
use amo_connect_domain::ids::{Generation, Revision, UserId};
use amo_connect_domain::ports::{Served, StoreError};
use amo_connect_domain::token::TokenPair;
use futures_util::FutureExt as _;
use jiff::Timestamp;

use super::Bug;
use super::store::BuggyStore;
use crate::setup::user_id;

/// The longest that an operation is delayed, in milliseconds.
const LONGEST_DELAY: u64 = 2_000;

impl BuggyStore {
    pub(crate) async fn save_rotated(
        &self,
        user: &UserId,
        spent: Generation,
        pair: &TokenPair,
        served: &Served,
        now: Timestamp,
    ) -> Result<CrmConnection, StoreError> {
        match self.bug {
            Some(Bug::SaveRefusedByRevision) => {
                let current = self.rows.connection(user).await?.map(|row| row.revision);
                if self.leased(user, spent).map(|row| row.revision) != current {
                    return Err(StoreError::Conflict);
                }
                self.rows.save_rotated(user, spent, pair, served, now).await
            }
            Some(Bug::SaveAfterUse) => self.save_later(user, spent, pair, served, now).await,
            Some(Bug::LastWriterWins) => {
                let mut row = self.leased(user, spent).ok_or(StoreError::Conflict)?;
                rotate(&mut row, spent, pair, now)?;
                self.overwrite(row.clone()).await?;
                Ok(row)
            }
            Some(Bug::SaveOverReconnect | Bug::DisconnectKeepsGeneration) => {
                match self.rows.save_rotated(user, spent, pair, served, now).await {
                    Err(StoreError::Conflict) => self.save_over(user, spent, pair).await,
                    saved => saved,
                }
            }
            _ => {
                let saved = self.rows.save_rotated(user, spent, pair, served, now).await?;
                self.end_own_lease(user);
                Ok(saved)
            }
        }
    }

    /// What the caller is told of a save: this bug is not the store's, but of the one that saves.
    pub(crate) fn saved<T>(&self, saved: Result<T, StoreError>) -> Result<T, StoreError> {
        match (self.bug, saved) {
            (Some(Bug::SaveGivesUp), Err(StoreError::Unavailable(_))) => Err(StoreError::Conflict),
            (_, saved) => saved,
        }
    }

    fn leased(&self, user: &UserId, generation: Generation) -> Option<CrmConnection> {
        self.notes().leased.get(&(user.clone(), generation)).cloned()
    }

    /// Saves the pair into the row as it is: into any row, or into one that keeps its generation.
    async fn save_over(&self, user: &UserId, spent: Generation, pair: &TokenPair) -> Result<CrmConnection, StoreError> {
        let row = self.rows.connection(user).await?.ok_or(StoreError::Conflict)?;
        if self.bug == Some(Bug::DisconnectKeepsGeneration) && row.generation != spent {
            return Err(StoreError::Conflict);
        }
        let grant = self.leased(user, spent).and_then(|leased| leased.grant().cloned()).ok_or(StoreError::Conflict)?;
        let row = altered(row, |parts| {
            parts.state = ConnectionState::Connected(Grant { tokens: pair.clone(), ..grant });
            parts.generation = parts.generation.next();
        });
        self.rows.save(&row, Some(row.revision)).await?;
        Ok(row)
    }

    /// Answers as if the pair were saved, and saves it after a while.
    async fn save_later(
        &self,
        user: &UserId,
        spent: Generation,
        pair: &TokenPair,
        served: &Served,
        now: Timestamp,
    ) -> Result<CrmConnection, StoreError> {
        let mut row = self.rows.connection(user).await?.ok_or(StoreError::Conflict)?;
        rotate(&mut row, spent, pair, now)?;
        let (sim, rows) = (self.context.sim.clone(), Arc::clone(&self.rows));
        let (user, pair, served) = (user.clone(), pair.clone(), *served);
        let later = async move {
            sim.sleep(sim.millis(1, LONGEST_DELAY)).await;
            // Nobody waits for the outcome.
            let _ = rows.save_rotated(&user, spent, &pair, &served, now).await;
        };
        self.context.sim.spawn(self.context.home, later.boxed());
        Ok(row)
    }

    /// Writes the row whole, whatever is there.
    pub(super) async fn overwrite(&self, row: CrmConnection) -> Result<Revision, StoreError> {
        let current = self.rows.connection(&row.user).await?.map(|row| row.revision);
        self.rows.save(&row, current).await
    }

    /// Writes a refusal into whatever row there is.
    pub(super) async fn refuse_anyway(
        &self,
        connection: &CrmConnection,
        expected: Option<Revision>,
    ) -> Result<Revision, StoreError> {
        let current = self.rows.connection(&connection.user).await?;
        match (&connection.state, current) {
            (ConnectionState::NeedsReauth { .. }, Some(row)) => {
                let row = altered(row, |parts| parts.state = connection.state.clone());
                self.rows.save(&row, Some(row.revision)).await
            }
            _ => self.rows.save(connection, expected).await,
        }
    }

    /// Disconnects, and leaves the lease, the exchanges and the attempts as they are.
    pub(super) async fn disconnect_state_only(&self, user: &UserId) -> Result<(), StoreError> {
        let Some(row) = self.rows.connection(user).await? else { return Ok(()) };
        let row = altered(row, |parts| parts.state = ConnectionState::Disconnected);
        self.rows.save(&row, Some(row.revision)).await.map(drop)
    }

    /// Disconnects after a while.
    pub(super) fn later(&self, user: UserId) {
        let (sim, rows) = (self.context.sim.clone(), Arc::clone(&self.rows));
        let later = async move {
            sim.sleep(sim.millis(1, LONGEST_DELAY)).await;
            // Nobody waits for the outcome.
            let _ = rows.disconnect(&user, Actor::User).await;
        };
        self.context.sim.spawn(self.context.home, later.boxed());
    }

    /// The first connection there is, as if it were `user`'s.
    pub(super) async fn somebodys_connection(&self, user: &UserId) -> Result<Option<CrmConnection>, StoreError> {
        for other in 0..self.context.users {
            if let Some(row) = self.rows.connection(&user_id(other)).await?.filter(|row| row.grant().is_some()) {
                return Ok(Some(altered(row, |parts| parts.user = user.clone())));
            }
        }
        self.rows.connection(user).await
    }
}

fn rotate(row: &mut CrmConnection, spent: Generation, pair: &TokenPair, now: Timestamp) -> Result<(), StoreError> {
    row.rotate(spent, pair.clone(), now).or(Err(StoreError::Conflict))
}
