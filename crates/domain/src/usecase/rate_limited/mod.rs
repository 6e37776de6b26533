//! Politeness: calls wait for their turn, and a ban stops them, over all instances together.

mod dispatcher;
mod permit;
mod queue;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_channel::oneshot;
use futures_util::future::{Either, select};
use url::Url;

use crate::client::ClientFingerprint;
use crate::crm::contact::Contact;
use crate::crm::lead::{AmoLead, LeadFilter, LeadPage};
use crate::crm::pipeline::Pipeline;
use crate::host::AccountHost;
use crate::ids::AccountId;
use crate::ports::{AmoClient, AmoError, Located, RateLimitStore, Runtime};
use crate::rate_limit::{CallOutcome, Pace};
use crate::token::{AccessToken, AuthorizationCode, Issued, RefreshToken, State};

use dispatcher::SharedState;
use permit::Permit;
use queue::Priority;

/// How long a call waits for its turn.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long amoCRM is left alone where it names no time itself.
const PUT_OFF: Duration = Duration::from_secs(1);

/// An [`AmoClient`] whose calls wait for their turn in a [`RateLimitStore`], up to five seconds each.
///
/// Who waits longer is told [`AmoError::QueueFull`], with the time until a turn is likely. While
/// amoCRM bans us, all but the probes are told [`AmoError::Blocked`]. Without the store nothing is
/// sent: that is [`AmoError::PermitUnavailable`].
#[derive(Debug)]
pub struct RateLimitedClient {
    client: Arc<dyn AmoClient>,
    shared: Arc<SharedState>,
}

/// What a call is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    /// Anybody can bring a code, so what amoCRM says to one begins no ban.
    Exchange,
    Refresh,
    /// A call that completes what earlier ones have brought: without it their turns are wasted.
    Completing,
    Reading,
}

impl Purpose {
    fn priority(self) -> Priority {
        match self {
            Self::Exchange | Self::Refresh => Priority::Tokens,
            Self::Completing => Priority::Completing,
            Self::Reading => Priority::Reading,
        }
    }
}

impl RateLimitedClient {
    /// Sends what `client` sends, at `pace`.
    pub fn new(
        client: Arc<dyn AmoClient>,
        store: Arc<dyn RateLimitStore>,
        runtime: Arc<dyn Runtime>,
        pace: Pace,
    ) -> Self {
        Self { client, shared: Arc::new(SharedState::new(store, runtime, pace)) }
    }

    /// Sends `call` when its turn has come.
    async fn with_permit<T>(
        &self,
        account: &AccountHost,
        purpose: Purpose,
        call: impl Future<Output = Result<T, AmoError>>,
    ) -> Result<T, AmoError> {
        let permit = self.turn(account, purpose.priority()).await?;
        let outcome = call.await;
        self.take_in(account, purpose, permit, outcome).await
    }

    /// Waits for a turn, and once more if it was missed.
    async fn turn(&self, account: &AccountHost, priority: Priority) -> Result<Permit, AmoError> {
        let arrived = self.shared.runtime.instant();
        let permit = self.wait(account, priority, PATIENCE).await?;
        let now = self.shared.runtime.instant();
        if !permit.is_over(now) {
            return Ok(permit);
        }
        self.wait(account, Priority::Missed, PATIENCE.saturating_sub(now.since(arrived))).await
    }

    async fn wait(&self, account: &AccountHost, priority: Priority, patience: Duration) -> Result<Permit, AmoError> {
        let shared = &self.shared;
        let now = shared.runtime.instant();
        let entered = shared.queues.enter(account, priority, patience, shared.pace.apart, now);
        let entered = entered.map_err(|retry_after| AmoError::QueueFull { retry_after })?;
        if entered.is_first {
            shared.dispatch(account);
        }
        match select(entered.told, shared.runtime.sleep(patience)).await {
            Either::Left((told, _)) => told.unwrap_or(Err(AmoError::PermitUnavailable)),
            Either::Right(_) => Err(entered.place.missed(shared.pace.apart, shared.runtime.instant())),
        }
    }

    /// Has the store know what others have to know of `outcome`.
    async fn take_in<T>(
        &self,
        account: &AccountHost,
        purpose: Purpose,
        mut permit: Permit,
        outcome: Result<T, AmoError>,
    ) -> Result<T, AmoError> {
        let call_outcome = call_outcome(outcome.as_ref().err());
        let probe = permit.take_probe();
        let matters = match call_outcome {
            CallOutcome::Banned => probe.is_some() || purpose != Purpose::Exchange,
            CallOutcome::Limited(_) => true,
            CallOutcome::Answered | CallOutcome::NoAnswer => probe.is_some(),
        };
        if !matters {
            return outcome;
        }
        let (shared, host, hold) = (Arc::clone(&self.shared), account.clone(), self.shared.hold());
        let (done, told) = oneshot::channel();
        // A caller who goes away takes no news with them.
        self.shared.runtime.spawn(Box::pin(async move {
            shared.tell(&host, call_outcome, probe).await;
            drop(hold);
            // Nobody may be waiting.
            let _ = done.send(());
        }));
        // Tokens that have come are to be saved before anything else is done.
        if outcome.is_err() || matches!(purpose, Purpose::Completing | Purpose::Reading) {
            let _ = told.await;
        }
        match call_outcome {
            CallOutcome::Limited(put_off) => Err(AmoError::RateLimited { retry_after: Some(put_off) }),
            CallOutcome::Answered | CallOutcome::Banned | CallOutcome::NoAnswer => outcome,
        }
    }
}

/// What `failure` tells of amoCRM's mood; none at all is an answer.
fn call_outcome(failure: Option<&AmoError>) -> CallOutcome {
    match failure {
        Some(AmoError::Blocked) => CallOutcome::Banned,
        Some(AmoError::RateLimited { retry_after }) => CallOutcome::Limited(retry_after.unwrap_or(PUT_OFF)),
        Some(
            AmoError::Unavailable
            | AmoError::Unreachable
            | AmoError::ConnectionLost
            | AmoError::TimedOut
            | AmoError::OutcomeUnknown
            | AmoError::HostNotAllowed
            | AmoError::QueueFull { .. }
            | AmoError::PermitUnavailable,
        ) => CallOutcome::NoAnswer,
        None
        | Some(
            AmoError::GrantRevoked
            | AmoError::CodeRejected
            | AmoError::AccessRefused
            | AmoError::Misconfigured
            | AmoError::PaymentRequired
            | AmoError::NotFound
            | AmoError::Moved
            | AmoError::Protocol,
        ) => CallOutcome::Answered,
    }
}

#[async_trait]
impl AmoClient for RateLimitedClient {
    fn authorization_url(&self, state: &State) -> Url {
        self.client.authorization_url(state)
    }

    async fn exchange(&self, host: &AccountHost, code: &AuthorizationCode) -> Result<Issued, AmoError> {
        self.with_permit(host, Purpose::Exchange, self.client.exchange(host, code)).await
    }

    async fn refresh(&self, host: &AccountHost, token: &RefreshToken) -> Result<Issued, AmoError> {
        self.with_permit(host, Purpose::Refresh, self.client.refresh(host, token)).await
    }

    fn fingerprint(&self) -> ClientFingerprint {
        self.client.fingerprint()
    }

    fn locator(&self, host: &AccountHost, access: &AccessToken) -> AccountHost {
        self.client.locator(host, access)
    }

    /// Its turn is that of the host it is sent to, which is many accounts', and it is as urgent as
    /// the refresh that waits for it. What that host answers says nothing of the account's own.
    async fn locate(
        &self,
        host: &AccountHost,
        access: &AccessToken,
        refresh: &RefreshToken,
    ) -> Result<Located, AmoError> {
        let asked = self.client.locator(host, access);
        self.with_permit(&asked, Purpose::Refresh, self.client.locate(host, access, refresh)).await
    }

    async fn account(&self, host: &AccountHost, token: &AccessToken) -> Result<AccountId, AmoError> {
        self.with_permit(host, Purpose::Reading, self.client.account(host, token)).await
    }

    async fn leads(&self, host: &AccountHost, token: &AccessToken, filter: &LeadFilter) -> Result<LeadPage, AmoError> {
        self.with_permit(host, Purpose::Reading, self.client.leads(host, token, filter)).await
    }

    async fn lead(&self, host: &AccountHost, token: &AccessToken, id: u64) -> Result<Option<AmoLead>, AmoError> {
        self.with_permit(host, Purpose::Reading, self.client.lead(host, token, id)).await
    }

    async fn contacts(&self, host: &AccountHost, token: &AccessToken, ids: &[u64]) -> Result<Vec<Contact>, AmoError> {
        if ids.is_empty() {
            // Nothing will be sent.
            return self.client.contacts(host, token, ids).await;
        }
        self.with_permit(host, Purpose::Completing, self.client.contacts(host, token, ids)).await
    }

    async fn pipelines(&self, host: &AccountHost, token: &AccessToken) -> Result<Vec<Pipeline>, AmoError> {
        self.with_permit(host, Purpose::Reading, self.client.pipelines(host, token)).await
    }
}
