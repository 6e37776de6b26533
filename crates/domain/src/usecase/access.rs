//! A usable access token: refreshed when it is due, by one owner at a time.

use std::time::Duration;

use futures_channel::oneshot;

use super::UseCases;
use super::in_hand::Bound;
use crate::connection::{ConnectionState, CrmConnection, Grant, ReauthReason};
use crate::ids::{Epoch, LeaseOwner, UserId};
use crate::lease::{LEASE_RENEWAL, RefreshLease};
use crate::ports::{AmoError, RefreshRequest, StoreError};
use crate::token::TokenPair;

/// How long a caller waits for a refresh; the refresh itself goes on.
const PATIENCE: Duration = Duration::from_secs(15);

/// Why there is no access token.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// The user is not connected.
    #[error("not connected")]
    NotConnected,
    /// The user has to connect again.
    #[error("the grant is dead")]
    NeedsReauth,
    /// An administrator switched the integration off.
    #[error("the grant was revoked in amoCRM")]
    Revoked,
    /// A refresh takes longer than anybody waits.
    #[error("a refresh is in progress")]
    RefreshInProgress,
    /// amoCRM did not give one, and may later.
    #[error("amoCRM gave no access token")]
    Amo(#[source] AmoError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A usable grant, and the epoch of the connection it is of.
pub(super) struct Access {
    pub(super) grant: Grant,
    pub(super) epoch: Epoch,
}

fn opened(connection: &CrmConnection) -> Result<Access, AccessError> {
    let grant = connection.grant().cloned().ok_or(AccessError::NotConnected)?;
    Ok(Access { grant, epoch: connection.epoch })
}

impl UseCases {
    /// The user's grant, with an access token that has life left.
    pub(super) async fn access(&self, user: &UserId) -> Result<Access, AccessError> {
        let connection = self.usable(user).await?;
        match connection.grant() {
            Some(grant) if !grant.tokens.is_due(self.runtime.now(), self.settings.refresh_margin) => {
                opened(&connection)
            }
            _ => self.refreshed(connection).await,
        }
    }

    /// The user's grant after a refresh, for a caller whom amoCRM refused the access token of `refused`.
    pub(super) async fn access_after_refusal(&self, user: &UserId, refused: &TokenPair) -> Result<Access, AccessError> {
        let connection = self.usable(user).await?;
        match connection.grant() {
            Some(grant) if grant.tokens != *refused => opened(&connection),
            _ => self.refresh_shared(&connection).await,
        }
    }

    async fn usable(&self, user: &UserId) -> Result<CrmConnection, AccessError> {
        let connection = self.store.connection(user).await?.ok_or(AccessError::NotConnected)?;
        match connection.state {
            ConnectionState::Connected(_) => Ok(connection),
            ConnectionState::Disconnected => Err(AccessError::NotConnected),
            ConnectionState::NeedsReauth { .. } => Err(AccessError::NeedsReauth),
            ConnectionState::Revoked(_) => Err(AccessError::Revoked),
        }
    }

    /// The grant after a refresh, or as it was while its access token lives.
    async fn refreshed(&self, connection: CrmConnection) -> Result<Access, AccessError> {
        match (self.refresh_shared(&connection).await, connection.grant()) {
            (Err(AccessError::Amo(_) | AccessError::RefreshInProgress), Some(grant))
                if grant.tokens.is_alive(self.runtime.now()) =>
            {
                opened(&connection)
            }
            (outcome, _) => outcome,
        }
    }

    /// Refreshes `connection`, or waits for whoever is at it.
    async fn refresh_shared(&self, connection: &CrmConnection) -> Result<Access, AccessError> {
        let (user, generation) = (connection.user.clone(), connection.generation);
        let waiting = async {
            loop {
                if self.in_hand.holds(&Bound::Connection(user.clone())) {
                    self.look_again().await;
                    continue;
                }
                let owner = self.new_owner();
                match self.store.lease_refresh(&user, generation, owner).await? {
                    RefreshRequest::Granted(connection, lease) => {
                        let (done, outcome) = oneshot::channel();
                        let this = self.clone();
                        self.runtime.spawn(Box::pin(async move {
                            // The caller may be gone; the store has the outcome.
                            let _ = done.send(this.refresh(*connection, lease).await);
                        }));
                        return outcome.await.unwrap_or(Err(AccessError::RefreshInProgress));
                    }
                    RefreshRequest::Held => self.look_again().await,
                    RefreshRequest::Moved => {
                        let now = self.usable(&user).await?;
                        return opened(&now);
                    }
                }
            }
        };
        self.within(PATIENCE, waiting).await.unwrap_or(Err(AccessError::RefreshInProgress))
    }

    /// Sends the refresh token under the lease and brings in what comes back.
    async fn refresh(&self, connection: CrmConnection, lease: RefreshLease) -> Result<Access, AccessError> {
        let Some(grant) = connection.grant() else {
            return Err(AccessError::NotConnected);
        };
        let (user, owner) = (&connection.user, lease.lease.owner);
        let beat = || async {
            if let Err(error) = self.store.renew_refresh_lease(user, owner).await {
                tracing::warn!(%error, "a lease on a refresh token could not be renewed");
            }
        };
        let whole = async {
            let issued = self.amo.refresh(&grant.host, &grant.tokens.refresh).await?;
            Ok(self.save_rotated(&connection, issued.into_pair(self.runtime.now())).await)
        };
        match self.while_beating(LEASE_RENEWAL, beat, whole).await {
            Ok(saved) => saved,
            Err(AmoError::GrantRevoked) => {
                self.give_up(connection.clone(), &lease).await?;
                Err(AccessError::NeedsReauth)
            }
            Err(error @ (AmoError::OutcomeUnknown | AmoError::Protocol)) => {
                // The lease is left to lapse: whoever is granted the next one is told of the doubt.
                tracing::warn!(%error, "the outcome of a refresh is unknown; the token will be sent again");
                Err(AccessError::Amo(error))
            }
            Err(error) => {
                if error == AmoError::Misconfigured {
                    tracing::error!(%error, "check AMO_CLIENT_ID, AMO_CLIENT_SECRET and AMO_REDIRECT_URI");
                } else {
                    tracing::warn!(%error, "a refresh failed");
                }
                self.release(user, owner, lease.in_doubt).await;
                Err(AccessError::Amo(error))
            }
        }
    }

    /// Gives the lease back, unless an earlier sending is still in doubt: then it lapses, and
    /// the doubt is remembered.
    async fn release(&self, user: &UserId, owner: LeaseOwner, in_doubt: bool) {
        if in_doubt {
            return;
        }
        if let Err(error) = self.store.release_refresh_lease(user, owner).await {
            tracing::warn!(%error, "a lease on a refresh token lapses by itself");
        }
    }

    /// Saves the new pair, for as long as it takes: the old token is spent.
    async fn save_rotated(&self, connection: &CrmConnection, pair: TokenPair) -> Result<Access, AccessError> {
        let _on_its_way = self.in_hand.take(Bound::Connection(connection.user.clone()));
        let mut tries = 0;
        loop {
            let now = self.runtime.now();
            match self.store.save_rotated(&connection.user, connection.generation, &pair, now).await {
                Ok(saved) => return opened(&saved),
                Err(error @ (StoreError::Unavailable(_) | StoreError::Corrupt(_))) => {
                    tracing::error!(%error, tries, "refreshed tokens are not saved yet; trying again");
                    self.before_saving_again(tries).await;
                    tries += 1;
                }
                Err(StoreError::Conflict) => {
                    let now = self.usable(&connection.user).await?;
                    return opened(&now);
                }
            }
        }
    }

    /// Records that the grant is dead, unless a newer pair has been stored meanwhile.
    async fn give_up(&self, mut connection: CrmConnection, lease: &RefreshLease) -> Result<(), StoreError> {
        let reason = if lease.in_doubt { ReauthReason::RotationLost } else { ReauthReason::GrantRevoked };
        loop {
            let expected = connection.revision;
            if connection.refuse(lease.generation, reason, self.runtime.now()).is_err() {
                return Ok(());
            }
            match self.store.save(&connection, Some(expected)).await {
                Ok(_) => {
                    tracing::warn!(user = %connection.user, ?reason, "amoCRM refused a refresh token; the user has to connect again");
                    return Ok(());
                }
                Err(StoreError::Conflict) => {
                    let Some(newer) = self.store.connection(&connection.user).await? else { return Ok(()) };
                    connection = newer;
                }
                Err(error) => return Err(error),
            }
        }
    }
}
