//! A look at an account's connections, for amoCRM's word that the integration was switched off.

use super::UseCases;
use super::access::{Access, AccessError};
use crate::audit::{Actor, AuditEvent};
use crate::connection::{ConnectionState, ReauthReason};
use crate::ids::{AccountId, UserId};
use crate::ports::{AmoError, StoreError};

/// How many looks are taken at a time.
const LOOKS: u32 = 4;

impl UseCases {
    /// Notes amoCRM's word that the integration was switched off in `account`: its connections
    /// are asked for, soon and without the caller.
    pub async fn switched_off(&self, account: AccountId) -> Result<(), StoreError> {
        self.store.want_look(account).await?;
        self.look().await
    }

    /// Takes the looks that are due, and begins with them.
    pub(super) async fn look(&self) -> Result<(), StoreError> {
        for account in self.store.take_looks(LOOKS).await? {
            let this = self.clone();
            self.runtime.spawn(Box::pin(async move {
                if let Err(error) = this.look_at(account).await {
                    tracing::warn!(%error, "connections that amoCRM told us of are looked at again later");
                }
            }));
        }
        Ok(())
    }

    async fn look_at(&self, account: AccountId) -> Result<(), StoreError> {
        let mut all_seen = true;
        for user in self.store.users_of(account).await? {
            all_seen &= self.is_served(&user).await;
        }
        if all_seen {
            self.store.end_look(account).await?;
        }
        Ok(())
    }

    /// Asks amoCRM whether it serves `user`, and records the answer. `false` if there was none.
    async fn is_served(&self, user: &UserId) -> bool {
        let asked = match self.access(user).await {
            Ok(access) => self.ask(user, access).await,
            Err(error) => Err(error),
        };
        let recorded = match asked {
            Ok(()) => self.record_kept(user).await,
            Err(AccessError::NotConnected | AccessError::Revoked) => Ok(()),
            Err(AccessError::NeedsReauth) => self.record_revoked(user).await,
            Err(AccessError::Store(error)) => Err(error),
            Err(AccessError::Amo(_) | AccessError::RefreshInProgress) => return false,
        };
        if let Err(error) = &recorded {
            tracing::warn!(%error, "what amoCRM said of a connection could not be recorded");
        }
        recorded.is_ok()
    }

    /// Asks with the access token, and with the next one if this one is refused.
    async fn ask(&self, user: &UserId, access: Access) -> Result<(), AccessError> {
        let mut access = access;
        for first in [true, false] {
            match self.amo.account(&access.grant.host, &access.grant.tokens.access).await {
                Ok(_) => return Ok(()),
                Err(AmoError::AccessRefused) if first => {
                    access = self.refresh_shared(&self.usable(user).await?).await?;
                }
                Err(error) => return Err(AccessError::Amo(error)),
            }
        }
        Ok(())
    }

    async fn record_kept(&self, user: &UserId) -> Result<(), StoreError> {
        match self.store.connection(user).await? {
            Some(connection) => self.store.record(&connection, AuditEvent::Kept, Actor::Amo).await,
            None => Ok(()),
        }
    }

    async fn record_revoked(&self, user: &UserId) -> Result<(), StoreError> {
        let revoked = self.amend(user, |connection| match &connection.state {
            ConnectionState::NeedsReauth { reason: ReauthReason::GrantRevoked, .. } => {
                connection.revoke(connection.generation)
            }
            _ => Ok(()),
        });
        revoked.await.map(drop)
    }
}
