//! A usable access token, for whoever asks.

use std::time::Duration;

use crate::connection::{ConnectionState, CrmConnection, Grant, ProblemCode};
use crate::ids::{Epoch, Generation, UserId};
use crate::ports::{AmoError, StoreError};
use crate::usecase::UseCases;
use crate::usecase::timeouts::REFRESH_TIMEOUT;
use crate::usecase::timeouts::REFRESH_TIMEOUT_WITH_LIVE_TOKEN;
use crate::usecase::tokens::pending_saves::Pending;
use crate::usecase::tokens::refresh_token::{AskedBy, RefreshOutcome};

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

/// Why a refresh that somebody asked for by name gave no new tokens.
#[derive(Debug, thiserror::Error)]
pub enum RefreshNowError {
    /// amoCRM was not asked, because it is in doubt what became of the last sending.
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
    /// What is on record to keep amoCRM from answering.
    pub(crate) problem: Option<ProblemCode>,
    /// Whether pairs were refused at their use, up to this one.
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

    /// The user's grant after a refresh, for a caller whom amoCRM refused the access token of
    /// `refused`. Where the pair before was refused at its use as well, it is the account that is
    /// refused: there is another refresh only after a pause, or by hand.
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
            if connection.refresh_put_off_until(store_now).is_some() {
                return Err(AccessError::Amo(AmoError::AccessRefused));
            }
        }
        self.refresh_shared(&connection, by).await
    }

    /// The user's grant after a refresh, for a caller whom amoCRM refused a part with the access token
    /// of `served`, and gave the rest. So the pair does not count as refused, and nobody waits long.
    /// `None` if there is no other grant of the same connection.
    pub(crate) async fn access_after_service(&self, user: &UserId, served: &Access) -> Option<Access> {
        let connection = self.usable(user).await.ok()?;
        let access = if connection.generation == served.generation {
            self.refreshed(connection, AskedBy::Service).await
        } else {
            opened(&connection)
        };
        access.ok().filter(|access| access.epoch == served.epoch && access.generation != served.generation)
    }

    /// The access to make a call with once more that failed by `error`; `None` if another access is
    /// no cure.
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
                    // The sign of a move says more than the look-up that failed.
                    Err(AccessError::Amo(_)) => Ok(None),
                    moved => moved,
                }
            }
            _ => Ok(None),
        }
    }

    /// Records what a call with `access` tells of its tokens, where that is new.
    pub(crate) async fn note_use(&self, user: &UserId, access: &Access, failure: Option<AmoError>) {
        let noted = match failure {
            None if access.refused => {
                self.update(user, |connection| connection.accept_access(access.generation)).await.map(drop)
            }
            Some(AmoError::AccessRefused) => self.count_refusal(user, access).await.map(drop),
            _ => return,
        };
        if let Err(error) = noted {
            tracing::warn!(%error, "whether amoCRM serves an access token could not be noted");
        }
    }

    /// Records that amoCRM refused the access token of `refused` at its use. `None` if there is a
    /// newer pair, or none any more.
    pub(crate) async fn count_refusal(
        &self,
        user: &UserId,
        refused: &Access,
    ) -> Result<Option<CrmConnection>, StoreError> {
        let store_now = self.stores.health.clock().await?;
        self.update(user, |connection| connection.refuse_access(refused.generation, store_now)).await
    }

    /// Refreshes the user's tokens now, due or not, unless the outcome of an earlier sending is
    /// unknown and the token rests.
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
        match connection.state {
            ConnectionState::Connected(_) => Ok(connection),
            ConnectionState::Disconnected => Err(AccessError::NotConnected),
            ConnectionState::NeedsReauth { .. } => Err(AccessError::NeedsReauth),
            ConnectionState::Revoked(_) => Err(AccessError::Revoked),
        }
    }

    /// The grant after a refresh, or as it is while its access token lives and the refresh fails
    /// or takes long.
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

    /// The grant after a refresh of `connection`, by us or by whoever is at it.
    async fn refresh_shared(&self, connection: &CrmConnection, by: AskedBy) -> Result<Access, AccessError> {
        self.after(self.refresh_outcome(connection, by).await, connection).await
    }

    /// How a refresh of `connection` turns out, as far as a caller waits for it.
    async fn refresh_outcome(&self, connection: &CrmConnection, by: AskedBy) -> RefreshOutcome {
        let deadline = self.deadline(REFRESH_TIMEOUT);
        let outcome = async {
            loop {
                match self.refreshing(connection.user.clone(), connection.generation, by).await {
                    // Whoever began this wait has waited long enough; we have not.
                    Ok(RefreshOutcome::InProgress) => self.look_again().await,
                    outcome => return outcome,
                }
            }
        };
        match self.until(deadline, outcome).await {
            Some(Ok(outcome)) => outcome,
            Some(Err(_)) | None => RefreshOutcome::InProgress,
        }
    }

    /// What whoever waited too long for `user`'s new tokens is told: that the store fails, where amoCRM
    /// has answered.
    pub(crate) fn out_of_time(&self, user: &UserId) -> AccessError {
        let failure = self.pending_saves.failure(&Pending::Connection(user.clone()));
        failure.map_or(AccessError::RefreshInProgress, AccessError::Store)
    }

    /// The grant of `connection` after a refresh that turned out so.
    async fn after(&self, outcome: RefreshOutcome, connection: &CrmConnection) -> Result<Access, AccessError> {
        match outcome {
            RefreshOutcome::Outdated => opened(&self.usable(&connection.user).await?),
            RefreshOutcome::Failed(error) | RefreshOutcome::BackingOff(error, _) => Err(AccessError::Amo(error)),
            RefreshOutcome::StoreFailed => {
                // The database says why, if it still fails. One that can be read may not be written.
                self.stores.health.clock().await?;
                Err(StoreError::Unavailable("it could not be written".into()).into())
            }
            RefreshOutcome::Unreadable => Err(StoreError::Corrupt("a connection's tokens cannot be opened").into()),
            RefreshOutcome::InProgress => Err(self.out_of_time(&connection.user)),
        }
    }
}
