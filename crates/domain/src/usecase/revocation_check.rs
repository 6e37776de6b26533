//! A look at an account's connections, for amoCRM's word that the integration was switched off.

use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::clock::age;
use crate::connection::audit::{Actor, AuditEntry, AuditEvent};
use crate::connection::revocation_check::REVOCATION_CHECK_INTERVAL;
use crate::connection::{ConnectionState, ProblemCode, ReauthReason};
use crate::ids::{AccountId, UserId};
use crate::ports::{AmoError, StoreError};
use crate::usecase::UseCases;
use crate::usecase::tokens::access_token::{Access, AccessError};
use crate::usecase::tokens::refresh_token::AskedBy;

/// How many looks are taken at a time.
const LOOKS: u32 = 4;

/// How long the same answer to a look is not worth another line in the audit trail.
const KEPT_IS_NEWS_AFTER: Duration = Duration::from_hours(1);

impl UseCases {
    /// Notes amoCRM's word that the integration was switched off in `account`: its connections
    /// are asked for, soon and without the caller.
    pub async fn switched_off(&self, account: AccountId) -> Result<(), StoreError> {
        self.stores.revocations.request_check(account).await?;
        self.look().await
    }

    /// Takes the looks that are due, and begins with them.
    pub(crate) async fn look(&self) -> Result<(), StoreError> {
        for account in self.stores.revocations.take_checks(LOOKS).await? {
            let this = self.clone();
            self.runtime.spawn(Box::pin(async move {
                if let Err(error) = this.look_at(account).await {
                    tracing::warn!(%error, "connections that amoCRM told us of are looked at again later");
                }
            }));
        }
        Ok(())
    }

    /// Looks at every connection to `account`. What was not answered, and what was left because
    /// the process is to stop, is looked at again.
    async fn look_at(&self, account: AccountId) -> Result<(), StoreError> {
        let mut users = self.stores.maintenance.users_of(account).await?;
        // An account is looked up once a minute, for one of them: not always for the same.
        let mut dice = [0; 8];
        self.runtime.fill_random(&mut dice);
        let first = usize::from_le_bytes(dice).checked_rem(users.len()).unwrap_or_default();
        users.rotate_left(first);
        let looking = async {
            let mut all_seen = true;
            for user in &users {
                if self.winding_down.load(Ordering::Relaxed) {
                    return false;
                }
                all_seen &= self.is_seen(user).await;
            }
            all_seen
        };
        let beat = || async {
            if let Err(error) = self.stores.revocations.extend_check(account).await {
                tracing::warn!(%error, "others may look at the same connections");
            }
        };
        if self.while_beating(REVOCATION_CHECK_INTERVAL / 3, beat, looking).await {
            self.stores.revocations.finish_check(account).await?;
        }
        Ok(())
    }

    /// Asks amoCRM whether it serves `user`, and records the answer. `false` if there may be
    /// another answer soon.
    async fn is_seen(&self, user: &UserId) -> bool {
        let asked = match self.access(user, AskedBy::Hand).await {
            Ok(access) => self.ask(user, access).await,
            Err(error) => Err(error),
        };
        let recorded = match asked {
            Ok(()) => self.record_kept(user).await,
            // There is nothing to ask with, or no key opens it.
            Err(AccessError::NotConnected | AccessError::Revoked | AccessError::Store(StoreError::Corrupt(_))) => {
                Ok(())
            }
            Err(AccessError::NeedsReauth) => self.record_revoked(user).await,
            Err(AccessError::Store(error)) => Err(error),
            Err(
                AccessError::RefreshInProgress
                | AccessError::Amo(AmoError::QueueFull { .. } | AmoError::PermitUnavailable),
            ) => return false,
            Err(AccessError::Amo(error)) => return !ProblemCode::of_read(error).is_some_and(ProblemCode::is_passing),
        };
        if let Err(error) = &recorded {
            tracing::warn!(%error, "what amoCRM said of a connection could not be recorded");
        }
        recorded.is_ok()
    }

    /// Asks with the access token, and with the next one if this one is refused.
    async fn ask(&self, user: &UserId, access: Access) -> Result<(), AccessError> {
        let mut access = access;
        let mut asked = self.account_of(&access.grant).await;
        if let Err(error) = asked {
            match self.access_after(user, &access, error, AskedBy::Hand).await {
                Ok(Some(other)) => {
                    access = other;
                    asked = self.account_of(&access.grant).await;
                }
                Ok(None) => {}
                Err(AccessError::Amo(error)) => return Err(self.unanswered(user, &access, error).await),
                Err(error) => return Err(error),
            }
        }
        self.note_use(user, &access, asked.err()).await;
        match asked {
            Ok(_) => Ok(()),
            Err(error) => Err(self.unanswered(user, &access, error).await),
        }
    }

    /// Notes why amoCRM did not say whether it serves `user`.
    async fn unanswered(&self, user: &UserId, access: &Access, error: AmoError) -> AccessError {
        if let Some(problem) = ProblemCode::of_read(error) {
            self.note(user, access.generation, Some(problem)).await;
        }
        AccessError::Amo(error)
    }

    /// Records that amoCRM serves `user` all the same, but not at each try of the same look.
    async fn record_kept(&self, user: &UserId) -> Result<(), StoreError> {
        // A line that only a newer version can read is another event.
        let last = match self.stores.audit.audit(user, 1).await {
            Err(StoreError::Corrupt(_)) => Vec::new(),
            read => read?,
        };
        let store_now = self.stores.health.clock().await?;
        let told = |entry: &AuditEntry| {
            entry.event == AuditEvent::Kept && age(entry.at, store_now).is_some_and(|age| age < KEPT_IS_NEWS_AFTER)
        };
        match self.stores.tokens.connection(user).await? {
            Some(connection) if !last.last().is_some_and(told) => {
                self.stores.audit.record(&connection, AuditEvent::Kept, Actor::Amo).await
            }
            _ => Ok(()),
        }
    }

    async fn record_revoked(&self, user: &UserId) -> Result<(), StoreError> {
        let revoked = self.update(user, |connection| match &connection.state {
            ConnectionState::NeedsReauth { reason: ReauthReason::GrantRevoked, .. } => {
                connection.revoke(connection.generation)
            }
            _ => Ok(()),
        });
        revoked.await.map(drop)
    }
}
