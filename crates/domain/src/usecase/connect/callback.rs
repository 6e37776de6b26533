//! Receiving the CRM's redirect: the rows of the callback's table, in their order.

use std::time::Duration;

use crate::authorization::attempt::{Attempt, AttemptReason, AttemptState};
use crate::authorization::budget::ASK_AGAIN;
use crate::authorization::callback::{Callback, Denial, Given, Parameters};
use crate::authorization::code::{Admission, Exchange, ExchangeStatus, Origin};
use crate::authorization::places::CallerNetwork;
use crate::clock::Instant;
use crate::host::AccountHost;
use crate::ports::{Event, StoreError};
use crate::token::{AuthorizationCode, CodeHash, State, StateHash};
use crate::usecase::UseCases;
use crate::usecase::connect::exchange::Exchanged;
use crate::usecase::timeouts::CALLBACK_TIMEOUT;

/// What the page says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallbackOutcome {
    /// The tokens are the user's.
    Connected,
    /// The tokens are saved and wait for their user's claim.
    AwaitingClaim,
    /// The tokens are saved and wait for the app of whoever authorized.
    AwaitingOwner,
    /// An installation from the marketplace; the code was not spent.
    WidgetInstall,
    /// The user declined.
    Declined,
    /// amoCRM reported another error.
    Failed,
    /// There was no usable code.
    MissingCode,
    /// The state, or the pair of code and state, is not good any more.
    LinkExpired,
    /// The account host is not amoCRM's; nothing was sent.
    InvalidAccountHost,
    /// amoCRM refused the code.
    InvalidCode,
    /// amoCRM did not answer for certain; a reload asks again.
    CrmUnavailable,
    /// Our database did not answer; a reload tries again.
    StorageUnavailable,
    /// Too many codes without a state of ours, or of one user; nothing was written or sent.
    TryAgain,
}

/// What became of a redirect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// What the page says.
    pub outcome: CallbackOutcome,
    /// Where it leads, if the app named a link as it began the attempt.
    pub deep_link: Option<String>,
    /// When to come again, if that is known.
    pub retry_after: Option<Duration>,
}

/// What the page says, and when to come again.
struct Answer {
    outcome: CallbackOutcome,
    retry_after: Option<Duration>,
}

impl From<CallbackOutcome> for Answer {
    fn from(outcome: CallbackOutcome) -> Self {
        Self { outcome, retry_after: None }
    }
}

impl UseCases {
    /// Reads a redirect, in the CRM's words.
    pub fn read_callback(&self, parameters: &Parameters) -> Callback {
        self.amo.read_callback(parameters)
    }

    /// Receives a redirect from somebody in `network`. The tokens are durable when it returns.
    pub async fn receive_callback(&self, callback: Callback, network: CallerNetwork) -> Received {
        let deadline = self.deadline(CALLBACK_TIMEOUT);
        let attempt = match callback.state.one().filter(|state| state.is_ours()) {
            Some(state) => self.stores.tokens.attempt_by_state(StateHash::of(Some(state))).await,
            None => Ok(None),
        };
        let deep_link = match &attempt {
            Ok(Some(attempt)) => {
                self.deep_links.note(attempt, self.runtime.instant());
                attempt.deep_link.clone()
            }
            Ok(None) => None,
            Err(_) => callback.state.one().and_then(|state| self.deep_link(state)),
        };
        let Answer { outcome, retry_after } = self.answer(callback, network, attempt, deadline).await;
        Received { outcome, deep_link, retry_after }
    }

    /// The host that `callback` names, if it may be sent a code.
    pub fn host_of(&self, callback: &Callback) -> Option<AccountHost> {
        callback.host.one().and_then(|host| self.settings.allowed_hosts.admit(host))
    }

    /// Where the pages of the attempt with this state lead, as far as this process knows: for a page that is shown
    /// although nothing may be read.
    pub fn deep_link(&self, state: &State) -> Option<String> {
        self.deep_links.of(&StateHash::of(Some(state)))
    }

    async fn answer(
        &self,
        callback: Callback,
        network: CallerNetwork,
        attempt: Result<Option<Attempt>, StoreError>,
        deadline: Instant,
    ) -> Answer {
        let ours = callback.state.one().is_some_and(State::is_ours);
        if callback.is_installation && !ours {
            tracing::info!("installation from amoCRM's marketplace");
            return CallbackOutcome::WidgetInstall.into();
        }
        if let Some(denial) = callback.denial {
            let declined = denial == Denial::Declined;
            // An attempt that is past open, or that nobody began, costs a read and no write.
            let may_be_open = attempt
                .as_ref()
                .map_or(true, |found| found.as_ref().is_some_and(|attempt| attempt.state == AttemptState::Open));
            if may_be_open {
                let end = if declined { AttemptState::Denied } else { AttemptState::Failed(None) };
                self.close_attempt(callback.state.one(), end).await;
            }
            return if declined { CallbackOutcome::Declined } else { CallbackOutcome::Failed }.into();
        }
        let Given::One(code) = callback.code else {
            return CallbackOutcome::MissingCode.into();
        };
        let state = match callback.state {
            Given::One(state) => Some(state),
            Given::Absent => None,
            Given::Unusable => return CallbackOutcome::LinkExpired.into(),
        };
        let state_hash = StateHash::of(state.as_ref());
        let stranger = (!ours).then_some(network);
        match self.receive_code(code, state, &callback.host, attempt, stranger, deadline).await {
            Ok(answer) => {
                self.unrecorded.forget(&state_hash);
                answer
            }
            Err(error @ StoreError::Corrupt(_)) => {
                tracing::error!(%error, "exchange record unreadable");
                CallbackOutcome::StorageUnavailable.into()
            }
            Err(error) => {
                tracing::error!(error = %error.whole(), "redirect not recorded; a reload tries again");
                if ours {
                    self.unrecorded.note(state_hash, self.runtime.instant());
                }
                CallbackOutcome::StorageUnavailable.into()
            }
        }
    }

    async fn close_attempt(&self, state: Option<&State>, end: AttemptState) {
        let closed = self.stores.tokens.close_attempt(StateHash::of(state), end).await;
        if let Err(error) = closed {
            tracing::warn!(%error, "attempt not closed; it stays open until it expires");
        }
    }

    /// `stranger` is the network of a browser that came without a state of ours.
    async fn receive_code(
        &self,
        code: AuthorizationCode,
        state: Option<State>,
        named: &Given<String>,
        attempt: Result<Option<Attempt>, StoreError>,
        stranger: Option<CallerNetwork>,
        deadline: Instant,
    ) -> Result<Answer, StoreError> {
        let ours = stranger.is_none();
        let (code_hash, state_hash) = (CodeHash::of(&code), StateHash::of(state.as_ref()));
        let attempt = attempt?;
        let mut host = self.account_host(named);
        // Before the store is asked anything: in a flood it hears nothing of most strangers.
        let enter_queue = |host: &Option<AccountHost>| {
            stranger.map(|network| self.unsolicited_codes.enter_queue(network, host.clone()))
        };
        let mut queued = match enter_queue(&host) {
            Some(None) => return Ok(self.refuse(true, ASK_AGAIN)),
            queued => queued.flatten(),
        };
        let known = self.stores.tokens.exchange(code_hash).await?;

        if let Some(known) = &known {
            if !belongs_together(known, state_hash, ours, attempt.as_ref()) {
                return Ok(CallbackOutcome::LinkExpired.into());
            }
            // Whoever only waits for an outcome needs no place in the queue.
            drop(queued);
            match self.settled(code_hash, deadline).await? {
                Exchanged::Settled(record) if !record.may_be_sent(self.stores.health.clock().await?) => {
                    return Ok(outcome(&record).into());
                }
                Exchanged::Settled(_) => {}
                Exchanged::Later(wait) => return Ok(self.refuse(stranger.is_some(), wait)),
                _ => return Ok(CallbackOutcome::CrmUnavailable.into()),
            }
            // A code that is sent again goes to the host that it went to, whatever this redirect says.
            host = Some(known.host.clone());
            queued = match enter_queue(&host) {
                Some(None) => return Ok(self.refuse(true, ASK_AGAIN)),
                queued => queued.flatten(),
            };
        } else {
            match &attempt {
                Some(attempt) if attempt.state == WRONG_HOST => return Ok(CallbackOutcome::InvalidAccountHost.into()),
                Some(attempt) if !attempt.is_open(self.runtime.now()) => return Ok(CallbackOutcome::LinkExpired.into()),
                None if ours || !self.settings.accept_foreign_state => return Ok(CallbackOutcome::LinkExpired.into()),
                _ => {}
            }
        }

        let Some(host) = host else {
            if ours {
                self.stores.tokens.close_attempt(state_hash, WRONG_HOST).await?;
            }
            return Ok(CallbackOutcome::InvalidAccountHost.into());
        };
        let origin = match attempt {
            Some(attempt) => {
                let claim_needed = self.settings.require_claim;
                Origin::Attempt { id: attempt.id, user: attempt.user, claim_needed }
            }
            None => Origin::Unsolicited,
        };
        let request = Admission { code: code_hash, came_with: Some(state_hash), origin, host, caller: stranger };
        Ok(match self.exchange(request, code, queued, deadline).await? {
            Exchanged::Settled(record) => outcome(&record).into(),
            Exchanged::StillInFlight => CallbackOutcome::CrmUnavailable.into(),
            Exchanged::StateSpent => CallbackOutcome::LinkExpired.into(),
            Exchanged::Later(wait) => self.refuse(stranger.is_some(), wait),
        })
    }

    fn refuse(&self, is_strangers: bool, wait: Duration) -> Answer {
        self.observer.observe(&Event::CodeRefused { is_strangers });
        Answer { outcome: CallbackOutcome::TryAgain, retry_after: Some(wait) }
    }
}

/// How an attempt ends whose browser came back from a host that is not amoCRM's.
const WRONG_HOST: AttemptState = AttemptState::Failed(Some(AttemptReason::InvalidAccountHost));

/// Whether a code on record came with this state. An app that brought the code without saying
/// its state is believed, unless the state turns out to be another user's.
fn belongs_together(known: &Exchange, state: StateHash, ours: bool, attempt: Option<&Attempt>) -> bool {
    match known.came_with {
        Some(came_with) => came_with == state,
        None => !ours || attempt.is_some_and(|attempt| known.user.as_ref() == Some(&attempt.user)),
    }
}

/// What the page says of a code's record, now and at every reload.
fn outcome(record: &Exchange) -> CallbackOutcome {
    match &record.status {
        ExchangeStatus::Connected(_) if record.attempt.is_some() && !record.claim_needed => CallbackOutcome::Connected,
        ExchangeStatus::Waiting { .. } | ExchangeStatus::Connected(_) if record.attempt.is_some() => {
            CallbackOutcome::AwaitingClaim
        }
        ExchangeStatus::Waiting { .. } | ExchangeStatus::Connected(_) | ExchangeStatus::OtherAccount => {
            CallbackOutcome::AwaitingOwner
        }
        ExchangeStatus::CodeRefused => CallbackOutcome::InvalidCode,
        ExchangeStatus::InFlight(_) | ExchangeStatus::Interrupted => CallbackOutcome::CrmUnavailable,
        ExchangeStatus::Unclaimed | ExchangeStatus::Void => CallbackOutcome::LinkExpired,
    }
}
