//! Access tokens that can be used, refreshed first if they are due.

use std::time::Duration;

use crate::connection::{ConnectionState, CrmConnection, Grant, ProblemCode};
use crate::ids::{Epoch, Generation, UserId};
use crate::ports::{AmoError, StoreError};
use crate::usecase::UseCases;
use crate::usecase::host_look_up::Whereabouts;
use crate::usecase::timeouts::REFRESH_TIMEOUT;
use crate::usecase::timeouts::REFRESH_TIMEOUT_WITH_LIVE_TOKEN;
use crate::usecase::tokens::refresh_token::{AskedBy, RefreshOutcome};
use crate::usecase::tokens::tokens_in_flight::Pending;

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

/// Why a refresh that an operator asked for gave no new tokens.
#[derive(Debug, thiserror::Error)]
pub enum RefreshNowError {
    /// amoCRM was not asked, because the outcome of the last sending is in doubt.
    #[error(
        "amoCRM was not asked: it is in doubt what became of the last try ({last}); the next may be made in {} s",
        .wait.as_secs() + 1
    )]
    InDoubt {
        /// How it failed.
        last: AmoError,
        /// When the token may be sent again.
        wait: Duration,
    },
    /// As for anybody who needs an access token.
    #[error(transparent)]
    Access(#[from] AccessError),
}

/// A usable grant, and what it is of.
#[derive(Clone)]
pub(crate) struct Access {
    pub(crate) grant: Grant,
    pub(crate) epoch: Epoch,
    pub(crate) generation: Generation,
    /// The problem on record.
    pub(crate) problem: Option<ProblemCode>,
    /// Whether amoCRM refused the access tokens of earlier pairs, up to this one.
    pub(crate) refused: bool,
}

fn opened(connection: &CrmConnection) -> Result<Access, AccessError> {
    let grant = connection.grant().cloned().ok_or(AccessError::NotConnected)?;
    let problem = connection.problem.map(|problem| problem.code);
    let refused = connection.refused.is_some();
    Ok(Access { grant, epoch: connection.epoch, generation: connection.generation, problem, refused })
}

impl UseCases {
    /// The user's grant, with an access token that has life left.
    pub(crate) async fn access(&self, user: &UserId, by: AskedBy) -> Result<Access, AccessError> {
        let connection = self.usable(user).await?;
        match connection.grant() {
            Some(grant) if !grant.tokens.is_due(self.runtime.now(), self.settings.refresh_margin) => {
                opened(&connection)
            }
            _ => self.refreshed(connection, by).await,
        }
    }

    /// The user's grant after a refresh, after amoCRM refused the access token of `refused`. If it
    /// refused the pair before as well, it refuses the account: then the next refresh backs off,
    /// unless it is asked for by hand.
    pub(crate) async fn access_after_refusal(
        &self,
        user: &UserId,
        refused: &Access,
        by: AskedBy,
    ) -> Result<Access, AccessError> {
        let connection = self.usable(user).await?;
        if connection.generation != refused.generation {
            return opened(&connection);
        }
        let connection = self.count_refusal(user, refused).await?.unwrap_or(connection);
        if by == AskedBy::Service && connection.refused.is_some_and(|refused| refused.is_accounts()) {
            let store_now = self.stores.health.clock().await?;
            if connection.refresh_backs_off_until(store_now).is_some() {
                return Err(AccessError::Amo(AmoError::AccessRefused));
            }
        }
        self.refresh_shared(&connection, by).await
    }

    /// The grant after a refresh, for a caller whom amoCRM refused a part with the access token of
    /// `served`, and gave the rest. The pair does not count as refused, and nobody waits long. `None` if
    /// there is no other grant of the same connection.
    pub(crate) async fn access_after_service(&self, user: &UserId, served: &Access) -> Option<Access> {
        let connection = self.usable(user).await.ok()?;
        let access = if connection.generation == served.generation {
            self.refreshed(connection, AskedBy::Service).await
        } else {
            opened(&connection)
        };
        access.ok().filter(|access| access.epoch == served.epoch && access.generation != served.generation)
    }

    /// The access to repeat a call with that failed by `error`; `None` if another access does not
    /// help.
    pub(crate) async fn access_after(
        &self,
        user: &UserId,
        access: &Access,
        error: AmoError,
        by: AskedBy,
    ) -> Result<Option<Access>, AccessError> {
        match error {
            AmoError::AccessRefused => self.access_after_refusal(user, access, by).await.map(Some),
            AmoError::NotFound => self.access_where_it_moved(user, access).await,
            AmoError::Moved | AmoError::Unreachable | AmoError::HostNotAllowed => {
                match self.access_where_it_moved(user, access).await {
                    // The error of the call says more than the failed look-up.
                    Err(AccessError::Amo(_)) => Ok(None),
                    moved => moved,
                }
            }
            _ => Ok(None),
        }
    }

    /// The same access at the account's new host; `None` if no move is known.
    ///
    /// # Errors
    /// Why the look-up failed.
    pub(crate) async fn access_where_it_moved(
        &self,
        user: &UserId,
        access: &Access,
    ) -> Result<Option<Access>, AccessError> {
        match self.whereabouts(&access.grant.host, &access.grant).await? {
            Whereabouts::MovedTo(host) => {
                self.follow(user, access.generation, &host).await;
                Ok(Some(Access { grant: Grant { host, ..access.grant.clone() }, ..access.clone() }))
            }
            Whereabouts::Here | Whereabouts::Unknown { failure: None, .. } => Ok(None),
            Whereabouts::Disowned => Err(AccessError::Amo(AmoError::Protocol)),
            Whereabouts::Unknown { failure: Some(error), .. } => Err(AccessError::Amo(error)),
        }
    }

    /// Records what a call with `access` shows about its tokens, where that is new.
    pub(crate) async fn note_use(&self, user: &UserId, access: &Access, failure: Option<AmoError>) {
        let noted = match failure {
            None if access.refused => {
                self.update(user, |connection| connection.accept_access(access.generation)).await.map(drop)
            }
            Some(AmoError::AccessRefused) => self.count_refusal(user, access).await.map(drop),
            _ => return,
        };
        if let Err(error) = noted {
            tracing::warn!(%user, %error, "use of an access token not recorded");
        }
    }

    /// Records that amoCRM refused the access token of `refused`. `None` if there is a newer pair, or
    /// no pair any more.
    pub(crate) async fn count_refusal(
        &self,
        user: &UserId,
        refused: &Access,
    ) -> Result<Option<CrmConnection>, StoreError> {
        let store_now = self.stores.health.clock().await?;
        self.update(user, |connection| connection.refuse_access(refused.generation, store_now)).await
    }

    /// Refreshes the user's tokens now, due or not, unless the outcome of an earlier sending is
    /// unknown and the refresh backs off.
    pub async fn refresh_now(&self, user: &UserId) -> Result<(), RefreshNowError> {
        let connection = self.usable(user).await?;
        match self.refresh_outcome(&connection, AskedBy::Hand).await {
            RefreshOutcome::BackingOff(last, until) => {
                let left = until.duration_since(self.stores.health.clock().await.map_err(AccessError::from)?);
                Err(RefreshNowError::InDoubt { last, wait: left.try_into().unwrap_or_default() })
            }
            outcome => Ok(self.after(outcome, &connection).await.map(drop)?),
        }
    }

    /// The user's connection, if it can be used.
    pub(crate) async fn usable(&self, user: &UserId) -> Result<CrmConnection, AccessError> {
        let connection = self.stores.tokens.connection(user).await?.ok_or(AccessError::NotConnected)?;
        let connection = self.with_its_newest_pair(connection).await?;
        match connection.state {
            ConnectionState::Connected(_) => Ok(connection),
            ConnectionState::Disconnected => Err(AccessError::NotConnected),
            ConnectionState::NeedsReauth { .. } => Err(AccessError::NeedsReauth),
            ConnectionState::Revoked(_) => Err(AccessError::Revoked),
        }
    }

    /// The grant after a refresh. If the refresh fails or takes long, the grant as it is, while its
    /// access token lives.
    async fn refreshed(&self, connection: CrmConnection, by: AskedBy) -> Result<Access, AccessError> {
        let now = self.runtime.now();
        if !connection.grant().is_some_and(|grant| grant.tokens.is_alive(now)) {
            return self.refresh_shared(&connection, by).await;
        }
        match self.within(REFRESH_TIMEOUT_WITH_LIVE_TOKEN, self.refresh_shared(&connection, by)).await {
            // The row may have been replaced meanwhile; a dead or foreign grant is not used.
            Some(Err(
                AccessError::Amo(_) | AccessError::RefreshInProgress | AccessError::Store(StoreError::Unavailable(_)),
            ))
            | None => opened(&self.usable(&connection.user).await?),
            Some(outcome) => outcome,
        }
    }

    /// The grant after a refresh of `connection`, by this process or another one.
    async fn refresh_shared(&self, connection: &CrmConnection, by: AskedBy) -> Result<Access, AccessError> {
        self.after(self.refresh_outcome(connection, by).await, connection).await
    }

    /// The outcome of a refresh of `connection`, as far as a caller waits for it.
    async fn refresh_outcome(&self, connection: &CrmConnection, by: AskedBy) -> RefreshOutcome {
        let deadline = self.deadline(REFRESH_TIMEOUT);
        let outcome = async {
            loop {
                match self.refreshing(connection.user.clone(), connection.generation, by).await {
                    // The caller that began this wait has timed out; this one has not.
                    Ok(RefreshOutcome::InProgress) => self.before_next_poll().await,
                    outcome => return outcome,
                }
            }
        };
        match self.until(deadline, outcome).await {
            Some(Ok(outcome)) => outcome,
            Some(Err(_)) | None => RefreshOutcome::InProgress,
        }
    }

    /// The error for a caller who waited too long for `user`'s new tokens: the store fails, where
    /// amoCRM has answered.
    pub(crate) fn out_of_time(&self, user: &UserId) -> AccessError {
        let failure = self.tokens_in_flight.failure(&Pending::Connection(user.clone()));
        failure.map_or(AccessError::RefreshInProgress, AccessError::Store)
    }

    /// The grant of `connection` after a refresh with this outcome.
    async fn after(&self, outcome: RefreshOutcome, connection: &CrmConnection) -> Result<Access, AccessError> {
        match outcome {
            RefreshOutcome::Outdated => opened(&self.usable(&connection.user).await?),
            RefreshOutcome::Failed(error) | RefreshOutcome::BackingOff(error, _) => Err(AccessError::Amo(error)),
            RefreshOutcome::StoreFailed => {
                // If the database still fails, its error says why. It may be readable and not writable.
                self.stores.health.clock().await?;
                Err(StoreError::Unavailable("it could not be written".into()).into())
            }
            RefreshOutcome::Unreadable => Err(StoreError::Corrupt("a connection's tokens cannot be opened").into()),
            RefreshOutcome::InProgress => Err(self.out_of_time(&connection.user)),
        }
    }
}
