//! Claiming: the app brings a code with its user's JWT (`POST /exchange-code`).

use std::time::Duration;

use crate::authorization::attempt::Attempt;
use crate::authorization::callback::Given;
use crate::authorization::code::{Admission, ClaimRefusal, Exchange, ExchangeStatus, Origin};
use crate::ids::{Epoch, UserId};
use crate::ports::{Claim, Event, StoreError};
use crate::token::{AuthorizationCode, CodeHash, State, StateHash};
use crate::usecase::UseCases;
use crate::usecase::connect::exchange::Exchanged;
use crate::usecase::status::ConnectionStatus;
use crate::usecase::timeouts::CLAIM_TIMEOUT;

/// Why a code did not become the user's connection.
#[derive(Debug, thiserror::Error)]
pub enum ClaimError {
    /// The code came with another state.
    #[error("the code came with another state")]
    StateMismatch,
    /// The code, or the state, is another user's.
    #[error("the code belongs to another user")]
    AnotherUser,
    /// Disconnected or replaced since, not claimed in time, or the attempt is over.
    #[error("the code is not good any more")]
    Expired,
    /// The code is still being exchanged.
    #[error("the code is being exchanged")]
    InProgress,
    /// The user is connected to another account.
    #[error("the user is connected to another account")]
    AlreadyConnected,
    /// The account host is missing or not amoCRM's; nothing was sent.
    #[error("the account host is not allowed")]
    InvalidAccountHost,
    /// The user has too many codes; nothing was sent. How long to wait.
    #[error("the user has too many codes")]
    TooManyCodes(Duration),
    /// amoCRM refused the code.
    #[error("amoCRM refused the code")]
    InvalidCode,
    /// amoCRM did not answer for certain.
    #[error("amoCRM is not available")]
    CrmUnavailable,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl UseCases {
    /// Makes the account that `code` opens `user`'s. Sent again, it answers the same.
    pub async fn claim(
        &self,
        user: &UserId,
        code: AuthorizationCode,
        state: Option<State>,
        host: Given<String>,
    ) -> Result<ConnectionStatus, ClaimError> {
        let deadline = self.deadline(CLAIM_TIMEOUT);
        let as_of = self.epoch(user).await?;
        let code_hash = CodeHash::of(&code);
        let state_hash = state.as_ref().map(|state| StateHash::of(Some(state)));
        let ours = state.as_ref().is_some_and(State::is_ours);
        let attempt = match state_hash {
            Some(hash) if ours => self.stores.tokens.attempt_by_state(hash).await?,
            _ => None,
        };
        let mut known = self.stores.tokens.exchange(code_hash).await?;
        if let (Some(known), Some(hash)) = (&known, state_hash)
            && !known.came_with(hash)
        {
            return Err(ClaimError::StateMismatch);
        }
        let owners = [known.as_ref().and_then(|known| known.user.as_ref()), attempt.as_ref().map(|found| &found.user)];
        if owners.into_iter().flatten().any(|owner| owner != user) {
            return Err(ClaimError::AnotherUser);
        }
        if known.is_some() {
            known = match self.settled(code_hash, deadline).await? {
                Exchanged::Settled(record) => Some(*record),
                _ => return Err(ClaimError::InProgress),
            };
        }
        let store_now = self.stores.health.clock().await?;
        if known.as_ref().is_none_or(|known| known.may_be_sent(store_now)) {
            let host = match &known {
                Some(known) => known.host.clone(),
                None => self.account_host(&host).ok_or(ClaimError::InvalidAccountHost)?,
            };
            if known.is_none() {
                self.welcome(ours, attempt.as_ref())?;
            }
            let origin = Origin::App { attempt: attempt.map(|attempt| attempt.id), user: user.clone(), as_of };
            let request = Admission { code: code_hash, came_with: state_hash, origin, host, caller: None };
            known = match self.exchange(request, code, None, deadline).await? {
                Exchanged::Settled(record) => Some(*record),
                Exchanged::StillInFlight => return Err(ClaimError::InProgress),
                Exchanged::StateSpent => return Err(ClaimError::Expired),
                Exchanged::Later(wait) => {
                    self.observer.observe(&Event::CodeRefused { is_strangers: false });
                    return Err(ClaimError::TooManyCodes(wait));
                }
            };
        }
        let record = known.ok_or(StoreError::Conflict)?;
        self.outcome(user, as_of, &record).await
    }

    /// Whether a code that was never seen may come with this state.
    fn welcome(&self, ours: bool, attempt: Option<&Attempt>) -> Result<(), ClaimError> {
        match attempt {
            // The store knows whether it is open.
            Some(_) => Ok(()),
            None if ours => Err(ClaimError::Expired),
            None if self.settings.accept_foreign_state => Ok(()),
            None => Err(ClaimError::StateMismatch),
        }
    }

    async fn outcome(&self, user: &UserId, as_of: Epoch, record: &Exchange) -> Result<ConnectionStatus, ClaimError> {
        if record.user.as_ref().is_some_and(|owner| owner != user) {
            return Err(ClaimError::AnotherUser);
        }
        match &record.status {
            ExchangeStatus::Connected(epoch) => self.current(user, *epoch).await,
            ExchangeStatus::Waiting { .. } => {
                match self.stores.tokens.claim(record.code, user, as_of, self.runtime.now()).await? {
                    Claim::Connected => Ok(self.status(user).await?),
                    Claim::Refused(ClaimRefusal::AnotherUser) => Err(ClaimError::AnotherUser),
                    Claim::Refused(ClaimRefusal::OtherAccount) => Err(ClaimError::AlreadyConnected),
                    Claim::Refused(ClaimRefusal::NotWaiting) => self.claimed_meanwhile(user, record.code).await,
                }
            }
            ExchangeStatus::OtherAccount => {
                let connection = self.stores.tokens.summary(user).await?;
                let connected = connection.is_some_and(|connection| connection.standing.is_connected());
                Err(if connected { ClaimError::AlreadyConnected } else { ClaimError::Expired })
            }
            ExchangeStatus::CodeRefused => Err(ClaimError::InvalidCode),
            ExchangeStatus::Interrupted | ExchangeStatus::InFlight(_) => Err(ClaimError::CrmUnavailable),
            ExchangeStatus::Unclaimed | ExchangeStatus::Void => Err(ClaimError::Expired),
        }
    }

    /// The user's standing, if the connection of this epoch is theirs and alive.
    async fn current(&self, user: &UserId, epoch: Epoch) -> Result<ConnectionStatus, ClaimError> {
        let standing = self.status(user).await?;
        let connection = standing.connection.as_ref().filter(|connection| connection.standing.is_connected());
        if connection.is_some_and(|connection| connection.epoch == epoch) {
            Ok(standing)
        } else {
            Err(ClaimError::Expired)
        }
    }

    /// The same user's other request may have been faster.
    async fn claimed_meanwhile(&self, user: &UserId, code: CodeHash) -> Result<ConnectionStatus, ClaimError> {
        match self.stores.tokens.exchange(code).await?.map(|record| record.status) {
            Some(ExchangeStatus::Connected(epoch)) => self.current(user, epoch).await,
            _ => Err(ClaimError::Expired),
        }
    }
}
