//! Connections: saved, rotated, disconnected, and leased for a refresh.

use amo_connect_domain::attempt::{AttemptReason, AttemptState};
use amo_connect_domain::connection::CrmConnection;
use amo_connect_domain::ids::{Generation, LeaseOwner, Revision, UserId};
use amo_connect_domain::lease::{Lease, LeaseDecision, RefreshLease};
use amo_connect_domain::ports::RefreshRequest;
use amo_connect_domain::token::TokenPair;
use jiff::Timestamp;

use super::Session;
use crate::rows::connection::{ConnectionRow, LeaseColumns};
use crate::rows::failure::Failure;
use crate::rows::grant::Tokens;

impl Session<'_> {
    pub(in crate::rows) async fn connection(mut self, user: UserId) -> Result<Option<CrmConnection>, Failure> {
        self.load_connection(&user, Tokens::Opened(self.keys)).await
    }

    pub(in crate::rows) async fn save(
        mut self,
        connection: CrmConnection,
        expected: Option<Revision>,
    ) -> Result<Revision, Failure> {
        self.rows.lock_user(&connection.user).await?;
        let stored = self.load_connection(&connection.user, Tokens::Left).await?;
        if stored.map(|stored| stored.revision) != expected {
            return Err(Failure::Conflict);
        }
        let saved = self.put(CrmConnection { revision: expected.unwrap_or_default(), ..connection }).await?;
        Ok(saved.revision)
    }

    pub(in crate::rows) async fn disconnect(mut self, user: UserId) -> Result<(), Failure> {
        self.rows.lock_user(&user).await?;
        let mut connection = self.connection_or_new(&user).await?;
        connection.disconnect();
        self.put_new_state(connection).await?;
        for mut attempt in self.open_attempts(&user).await? {
            attempt.state = AttemptState::Failed(Some(AttemptReason::Disconnected));
            self.update_attempt(&attempt).await?;
        }
        for row in self.rows.unsettled_exchanges(user.as_str().as_bytes()).await? {
            let mut exchange = row.open(Tokens::Left)?;
            exchange.void();
            self.put_exchange(&exchange).await?;
        }
        Ok(())
    }

    pub(in crate::rows) async fn lease_refresh(
        mut self,
        user: UserId,
        generation: Generation,
        owner: LeaseOwner,
    ) -> Result<RefreshRequest, Failure> {
        self.rows.lock_user(&user).await?;
        let Some((row, lease)) = self.rows.connection(user.as_str().as_bytes()).await? else {
            return Ok(RefreshRequest::Moved);
        };
        let connection = row.open(Tokens::Opened(self.keys))?;
        if connection.generation != generation || connection.grant().is_none() {
            return Ok(RefreshRequest::Moved);
        }
        let store_now = self.rows.clock().await?;
        match RefreshLease::request(lease.try_into()?, generation, owner, store_now) {
            LeaseDecision::Held => Ok(RefreshRequest::Held),
            LeaseDecision::Granted(lease) => {
                self.put_lease(&user, Some(lease)).await?;
                Ok(RefreshRequest::Granted(Box::new(connection), lease))
            }
        }
    }

    pub(in crate::rows) async fn renew_refresh_lease(
        mut self,
        user: UserId,
        owner: LeaseOwner,
    ) -> Result<bool, Failure> {
        let Some(held) = self.lease_held_by(&user, owner).await? else { return Ok(false) };
        let lease = Lease::granted(owner, self.rows.clock().await?);
        self.put_lease(&user, Some(RefreshLease { lease, ..held })).await?;
        Ok(true)
    }

    pub(in crate::rows) async fn release_refresh_lease(
        mut self,
        user: UserId,
        owner: LeaseOwner,
    ) -> Result<(), Failure> {
        if self.lease_held_by(&user, owner).await?.is_some() {
            self.put_lease(&user, None).await?;
        }
        Ok(())
    }

    pub(in crate::rows) async fn save_rotated(
        mut self,
        user: UserId,
        spent: Generation,
        pair: TokenPair,
        now: Timestamp,
    ) -> Result<CrmConnection, Failure> {
        self.rows.lock_user(&user).await?;
        let mut connection = self.load_connection(&user, Tokens::Left).await?.ok_or(Failure::Conflict)?;
        connection.rotate(spent, pair, now).or(Err(Failure::Conflict))?;
        self.put_new_state(connection).await
    }

    pub(super) async fn load_connection(
        &mut self,
        user: &UserId,
        tokens: Tokens<'_>,
    ) -> Result<Option<CrmConnection>, Failure> {
        let row = self.rows.connection(user.as_str().as_bytes()).await?;
        row.map(|(row, _)| row.open(tokens)).transpose()
    }

    /// The user's connection for whoever will replace its tokens, if it does anything.
    pub(super) async fn connection_or_new(&mut self, user: &UserId) -> Result<CrmConnection, Failure> {
        let stored = self.load_connection(user, Tokens::Left).await?;
        Ok(stored.unwrap_or_else(|| CrmConnection::new(user.clone())))
    }

    /// Stores a connection of a new generation: a lease on the old one's tokens is over.
    pub(super) async fn put_new_state(&mut self, connection: CrmConnection) -> Result<CrmConnection, Failure> {
        let stored = self.put(connection).await?;
        self.put_lease(&stored.user, None).await?;
        Ok(stored)
    }

    /// Stores a connection under its next revision.
    async fn put(&mut self, mut connection: CrmConnection) -> Result<CrmConnection, Failure> {
        connection.revision = Revision(connection.revision.0 + 1);
        self.rows.put_connection(&ConnectionRow::seal(&connection, self.keys)?).await?;
        Ok(connection)
    }

    async fn lease_held_by(&mut self, user: &UserId, owner: LeaseOwner) -> Result<Option<RefreshLease>, Failure> {
        self.rows.lock_user(user).await?;
        let Some((_, lease)) = self.rows.connection(user.as_str().as_bytes()).await? else { return Ok(None) };
        let lease: Option<RefreshLease> = lease.try_into()?;
        Ok(lease.filter(|held| held.lease.owner == owner))
    }

    async fn put_lease(&mut self, user: &UserId, lease: Option<RefreshLease>) -> Result<(), Failure> {
        self.rows.put_lease(user.as_str().as_bytes(), &LeaseColumns::from(lease)).await
    }
}
