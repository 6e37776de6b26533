//! Connections: saved, rotated, disconnected, and leased for a refresh.

use amo_connect_domain::authorization::attempt::{AttemptReason, AttemptState};
use amo_connect_domain::client::ClientRecord;
use amo_connect_domain::connection::CrmConnection;
use amo_connect_domain::connection::audit::{Actor, AuditEntry, ENTRIES_LOOKED_AT};
use amo_connect_domain::ids::{Generation, LeaseOwner, Revision, UserId};
use amo_connect_domain::ports::{RefreshRequest, Served};
use amo_connect_domain::refresh::backoff::Backoff;
use amo_connect_domain::refresh::lease::{LeaseDecision, LeaseRequest, RefreshLease};
use amo_connect_domain::token::TokenPair;
use jiff::Timestamp;

use super::Session;
use crate::rows::connection::ConnectionRow;
use crate::rows::exchange::ExchangeRow;
use crate::rows::failure::Failure;
use crate::rows::grant::Tokens;
use crate::rows::grouped::Found;
use crate::rows::lease::LeaseColumns;
use crate::rows::summary::SummaryRow;

/// A user's connection before a change, without its tokens, and when that was by the store's clock.
pub(super) struct Before {
    pub(super) connection: Option<CrmConnection>,
    pub(super) now: Timestamp,
}

impl Before {
    pub(super) fn connection_or_new(&self, user: &UserId) -> CrmConnection {
        self.connection.clone().unwrap_or_else(|| CrmConnection::new(user.clone()))
    }
}

impl Session<'_> {
    pub(in crate::rows) async fn connections(
        self,
        users: Vec<UserId>,
    ) -> Result<Found<Option<ConnectionRow>>, Failure> {
        self.rows.connections(user_ids(users)).await
    }

    pub(in crate::rows) async fn summaries(self, users: Vec<UserId>) -> Result<Found<Option<SummaryRow>>, Failure> {
        self.rows.summaries(user_ids(users)).await
    }

    pub(in crate::rows) async fn save(
        mut self,
        connection: CrmConnection,
        expected: Option<Revision>,
    ) -> Result<Revision, Failure> {
        self.rows.lock_user(&connection.user).await?;
        let before = self.before(&connection.user).await?;
        if before.connection.as_ref().map(|stored| stored.revision) != expected {
            return Err(Failure::Conflict);
        }
        let connection = connection.stored_as(expected.unwrap_or_default());
        let ends_lease = connection.grant().is_none();
        Ok(self.put(connection, &before, Actor::Service, ends_lease).await?.revision)
    }

    pub(in crate::rows) async fn disconnect(mut self, user: UserId, by: Actor) -> Result<(), Failure> {
        self.rows.lock_user(&user).await?;
        let before = self.before(&user).await?;
        self.end(user, &before, by).await
    }

    /// The same for a user of whom no token is stored. If there is one nothing is done, and the answer is `false`.
    pub(in crate::rows) async fn disconnect_without_tokens(mut self, user: UserId, by: Actor) -> Result<bool, Failure> {
        self.rows.lock_user(&user).await?;
        let before = self.before(&user).await?;
        let is_connected = before.connection.as_ref().is_some_and(|connection| connection.grant().is_some());
        let has_tokens = is_connected || {
            let codes = self.rows.exchanges_of(user.as_str().as_bytes(), i64::MAX).await?;
            codes.iter().any(ExchangeRow::has_tokens)
        };
        if !has_tokens {
            self.end(user, &before, by).await?;
        }
        Ok(!has_tokens)
    }

    async fn end(mut self, user: UserId, before: &Before, by: Actor) -> Result<(), Failure> {
        let mut connection = before.connection_or_new(&user);
        connection.disconnect();
        self.put_new_state_by(connection, before, by).await?;
        for mut attempt in self.open_attempts(&user).await? {
            attempt.state = AttemptState::Failed(Some(AttemptReason::Disconnected));
            self.update_attempt(&attempt).await?;
        }
        self.rows.void_exchanges(user.as_str().as_bytes()).await
    }

    pub(in crate::rows) async fn lease_refresh(
        mut self,
        user: UserId,
        request: LeaseRequest,
    ) -> Result<RefreshRequest, Failure> {
        self.rows.lock_user(&user).await?;
        let (Some((row, lease)), store_now) = self.rows.connection_now(user.as_str().as_bytes()).await? else {
            return Ok(RefreshRequest::Outdated);
        };
        let connection = row.clone().open(Tokens::Left)?;
        if connection.generation != request.generation || connection.grant().is_none() {
            return Ok(RefreshRequest::Outdated);
        }
        let stored: Option<RefreshLease> = lease.try_into()?;
        let on_record = stored.map(|lease| lease.seen_at(store_now));
        if on_record != stored {
            self.put_lease(&user, on_record).await?;
        }
        let client = match on_record.and_then(|lease| lease.accusation) {
            Some(_) => self.client_record(request.client).await?,
            None => ClientRecord::default(),
        };
        let backs_off_until = connection.refresh_backs_off_until(store_now);
        match RefreshLease::request(on_record, &request, &client, backs_off_until, store_now) {
            LeaseDecision::Held => Ok(RefreshRequest::Held),
            LeaseDecision::BackingOff(until) => Ok(RefreshRequest::BackingOff(until)),
            LeaseDecision::Granted(lease) => {
                let Ok(connection) = row.open(Tokens::Opened(self.keys)) else {
                    self.put_lease(&user, Some(lease.set_aside(store_now))).await?;
                    return Ok(RefreshRequest::Unreadable);
                };
                self.put_doubt(&connection, on_record.as_ref(), &lease, store_now).await?;
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
        let Some((held, _, store_now)) = self.lease_held_by(&user, owner).await? else { return Ok(false) };
        let renewed = held.renewed(store_now);
        self.put_lease(&user, Some(renewed)).await?;
        Ok(true)
    }

    pub(in crate::rows) async fn back_off_refresh(
        mut self,
        user: UserId,
        owner: LeaseOwner,
        backoff: Backoff,
    ) -> Result<Option<RefreshLease>, Failure> {
        let Some((held, row, store_now)) = self.lease_held_by(&user, owner).await? else { return Ok(None) };
        let client = match backoff.accused {
            Some(client) => self.accuse(client, store_now).await?,
            None => ClientRecord::default(),
        };
        let backed_off = held.backed_off(&backoff, &client, store_now);
        self.put_doubt(&row.open(Tokens::Left)?, Some(&held), &backed_off, store_now).await?;
        self.put_lease(&user, Some(backed_off)).await?;
        Ok(Some(backed_off))
    }

    pub(in crate::rows) async fn save_rotated(
        mut self,
        user: UserId,
        spent: Generation,
        pair: TokenPair,
        served: Served,
        now: Timestamp,
    ) -> Result<CrmConnection, Failure> {
        self.rows.lock_user(&user).await?;
        let before = self.before(&user).await?;
        let mut connection = before.connection.clone().ok_or(Failure::Conflict)?;
        connection.rotate(spent, pair, now).or(Err(Failure::Conflict))?;
        let connection = self.put_new_state(connection, &before).await?;
        self.acquit(&served).await?;
        Ok(connection)
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
    pub(super) async fn before(&mut self, user: &UserId) -> Result<Before, Failure> {
        let (stored, now) = self.rows.connection_now(user.as_str().as_bytes()).await?;
        let connection = stored.map(|(row, _)| row.open(Tokens::Left)).transpose()?;
        Ok(Before { connection, now })
    }

    /// Stores a connection of a new generation: a lease on the old one's tokens is over.
    pub(super) async fn put_new_state(
        &mut self,
        connection: CrmConnection,
        before: &Before,
    ) -> Result<CrmConnection, Failure> {
        self.put_new_state_by(connection, before, Actor::Service).await
    }

    /// The same by somebody who may be the one to name.
    pub(super) async fn put_new_state_by(
        &mut self,
        connection: CrmConnection,
        before: &Before,
        by: Actor,
    ) -> Result<CrmConnection, Failure> {
        self.put(connection, before, by, true).await
    }

    /// Stores a connection under its next revision, and what the audit trail has to say of that.
    async fn put(
        &mut self,
        connection: CrmConnection,
        before: &Before,
        by: Actor,
        ends_lease: bool,
    ) -> Result<CrmConnection, Failure> {
        let mut entries = AuditEntry::of_change(before.connection.as_ref(), &connection, by, before.now);
        if entries.iter().any(AuditEntry::is_about_a_problem) {
            // What a newer build has written is in no pair's way.
            let known = self.newest_entries(&connection.user, ENTRIES_LOOKED_AT).await?;
            entries = AuditEntry::to_record(entries, &known.into_iter().flatten().collect::<Vec<_>>());
        }
        self.put_audit(&entries).await?;
        let next = Revision(connection.revision.0 + 1);
        let connection = connection.stored_as(next);
        let row = ConnectionRow::seal(&connection, self.keys)?;
        if ends_lease {
            self.rows.put_connection_without_lease(&row).await?;
        } else {
            self.rows.put_connection(&row).await?;
        }
        Ok(connection)
    }

    async fn put_doubt(
        &mut self,
        connection: &CrmConnection,
        before: Option<&RefreshLease>,
        after: &RefreshLease,
        store_now: Timestamp,
    ) -> Result<(), Failure> {
        match AuditEntry::of_lease(connection, before, after, store_now) {
            Some(entry) => self.put_audit(&[entry]).await,
            None => Ok(()),
        }
    }

    /// The lease, if this owner holds it, the row that it is on, and the store's clock.
    async fn lease_held_by(
        &mut self,
        user: &UserId,
        owner: LeaseOwner,
    ) -> Result<Option<(RefreshLease, ConnectionRow, Timestamp)>, Failure> {
        self.rows.lock_user(user).await?;
        let (Some((row, lease)), now) = self.rows.connection_now(user.as_str().as_bytes()).await? else {
            return Ok(None);
        };
        let lease: Option<RefreshLease> = lease.try_into()?;
        Ok(lease.filter(|held| held.owner == Some(owner)).map(|held| (held, row, now)))
    }

    async fn put_lease(&mut self, user: &UserId, lease: Option<RefreshLease>) -> Result<(), Failure> {
        self.rows.put_lease(user.as_str().as_bytes(), &LeaseColumns::from(lease)).await
    }
}

fn user_ids(users: Vec<UserId>) -> Vec<Vec<u8>> {
    users.into_iter().map(|user| user.as_str().as_bytes().to_vec()).collect()
}
