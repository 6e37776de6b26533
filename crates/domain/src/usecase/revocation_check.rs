//! The revocation check of an account's connections, after amoCRM's hook that the integration was
//! switched off.

use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::authorization::callback::Parameters;
use crate::clock::age;
use crate::connection::audit::{Actor, AuditEntry, AuditEvent};
use crate::connection::revocation_check::REVOCATION_CHECK_INTERVAL;
use crate::connection::{ConnectionState, ProblemCode, ReauthReason};
use crate::ids::{AccountId, UserId};
use crate::ports::{AmoError, StoreError};
use crate::usecase::UseCases;
use crate::usecase::tokens::access_token::{Access, AccessError};
use crate::usecase::tokens::refresh_token::AskedBy;

/// How many checks one round takes.
const CHECKS_A_ROUND: u32 = 4;

/// How long a repeated `kept` gets no further entry in the audit trail.
const KEPT_INTERVAL: Duration = Duration::from_hours(1);

impl UseCases {
    /// The account that a hook names, if it is the CRM's own.
    pub fn read_hook(&self, parameters: &Parameters) -> Option<AccountId> {
        self.amo.read_hook(parameters)
    }

    /// Handles amoCRM's hook that the integration was switched off in `account`: its connections are
    /// checked soon, and the caller does not wait for it.
    pub async fn switched_off(&self, account: AccountId) -> Result<(), StoreError> {
        self.stores.revocations.request_check(account).await?;
        self.start_revocation_checks().await
    }

    /// Starts the checks that are due.
    pub(crate) async fn start_revocation_checks(&self) -> Result<(), StoreError> {
        for account in self.stores.revocations.take_checks(CHECKS_A_ROUND).await? {
            let this = self.clone();
            self.runtime.spawn(Box::pin(async move {
                if let Err(error) = this.check_account(account).await {
                    tracing::warn!(%error, amo.account = %account, "revocation check failed; it is tried again");
                }
            }));
        }
        Ok(())
    }

    /// Checks every connection to `account`. If amoCRM did not answer for one, or the process is to
    /// stop, the account is checked again.
    async fn check_account(&self, account: AccountId) -> Result<(), StoreError> {
        let mut users = self.stores.maintenance.users_of(account).await?;
        // An account is looked up once a minute, so only one of them gets an answer: a random one.
        let mut random = [0; 8];
        self.runtime.fill_random(&mut random);
        let first = usize::from_le_bytes(random).checked_rem(users.len()).unwrap_or_default();
        users.rotate_left(first);
        let checking = async {
            let mut all_checked = true;
            for user in &users {
                if self.winding_down.load(Ordering::Relaxed) {
                    return false;
                }
                all_checked &= self.check_connection(user).await;
            }
            all_checked
        };
        let extend = || async {
            if let Err(error) = self.stores.revocations.extend_check(account).await {
                tracing::warn!(%error, amo.account = %account, "revocation check not extended");
            }
        };
        if self.with_heartbeat(REVOCATION_CHECK_INTERVAL / 3, extend, checking).await {
            self.stores.revocations.finish_check(account).await?;
        }
        Ok(())
    }

    /// Asks amoCRM whether it serves `user`, and records the answer. `false` if it is to be asked
    /// again soon.
    async fn check_connection(&self, user: &UserId) -> bool {
        let asked = match self.access(user, AskedBy::Hand).await {
            Ok(access) => self.ask(user, access).await,
            Err(error) => Err(error),
        };
        let recorded = match asked {
            Ok(()) => self.record_kept(user).await,
            // There are no tokens to ask with, or no key opens them.
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
            tracing::warn!(%error, %user, "revocation check not recorded");
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

    /// Records that amoCRM still serves `user`, at most once an hour.
    async fn record_kept(&self, user: &UserId) -> Result<(), StoreError> {
        // An entry that only a newer version can read is another event.
        let last = match self.stores.audit.audit(user, 1).await {
            Err(StoreError::Corrupt(_)) => Vec::new(),
            read => read?,
        };
        let store_now = self.stores.health.clock().await?;
        let told = |entry: &AuditEntry| {
            entry.event == AuditEvent::Kept && age(entry.at, store_now).is_some_and(|age| age < KEPT_INTERVAL)
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
