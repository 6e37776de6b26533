//! The rate limiter of this process: a call waits for its slot, is sent, and its outcome is recorded.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_channel::oneshot;
use futures_util::future::{Either, select};
use tracing::Instrument as _;

use super::call_kind::{Purpose, call_outcome, calls};
use super::dispatcher::SharedState;
use super::slot::Slot;
use super::spacing::Spacing;
use super::waiters::{Call, Order};
use crate::clock::Instant;
use crate::host::AccountHost;
use crate::ports::{AmoError, Endpoint, Event, Observer, RateLimitStore, Runtime, StoreError};
use crate::rate_limit::{CallOutcome, CircuitCount, Pace, Permit, Share, call};

/// How long a call waits for its permit.
const LONGEST_QUEUE_WAIT: Duration = Duration::from_secs(5);

/// Issues permits, at one pace for all instances together.
#[derive(Clone, Debug)]
pub(super) struct RateLimiter {
    shared: Arc<SharedState>,
    writes: Arc<Spacing>,
}

impl RateLimiter {
    pub(super) fn new(
        store: Arc<dyn RateLimitStore>,
        runtime: Arc<dyn Runtime>,
        observer: Arc<dyn Observer>,
        pace: Pace,
    ) -> Self {
        Self { shared: Arc::new(SharedState::new(store, runtime, observer, pace)), writes: Arc::default() }
    }

    /// Waits until a write, whose turn has come some time ago, may leave.
    ///
    /// # Errors
    /// [`AmoError::QueueFull`] if that is later than `by`.
    pub(super) async fn space_write(&self, account: &AccountHost, by: Instant) -> Result<(), AmoError> {
        let SharedState { runtime, pace, .. } = &*self.shared;
        let wait = self.writes.wait(account, *pace, runtime.instant(), by);
        let wait = wait.map_err(|retry_after| AmoError::QueueFull { retry_after })?;
        if !wait.is_zero() {
            runtime.sleep(wait).await;
        }
        Ok(())
    }

    /// How many calls wait for a permit.
    pub(super) fn waiting(&self) -> usize {
        self.shared.queues.waiting()
    }

    /// How many circuits are not closed.
    pub(super) async fn circuits(&self) -> Result<CircuitCount, StoreError> {
        self.shared.store.circuits().await
    }

    /// Waits for a permit as one of `share`, and sends `call` with it.
    pub(super) async fn with_permit<T, K, F>(
        &self,
        account: &AccountHost,
        endpoint: Endpoint,
        share: Share,
        call: impl FnOnce(Permit<K>) -> F,
    ) -> Result<T, AmoError>
    where
        F: Future<Output = Result<T, AmoError>>,
    {
        let slot = self.granted(account, endpoint, share).await?;
        self.send(account, endpoint, slot, call(Permit::new(account))).await
    }

    /// The same for a read, which ends when its caller goes away; except a probe, whose answer everybody waits for.
    pub(super) async fn with_permit_to_read<T, F>(
        &self,
        account: &AccountHost,
        endpoint: Endpoint,
        call: impl FnOnce(Permit<call::Read>) -> F,
    ) -> Result<T, AmoError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, AmoError>> + Send + 'static,
    {
        let slot = self.granted(account, endpoint, Share::Read).await?;
        let call = call(Permit::new(account));
        if !slot.is_probe() {
            return self.send(account, endpoint, slot, call).await;
        }
        let (this, account, (done, answered)) = (self.clone(), account.clone(), oneshot::channel());
        let probe = async move {
            // The caller may be gone.
            let _ = done.send(this.send(&account, endpoint, slot, call).await);
        };
        self.shared.runtime.spawn(Box::pin(probe.in_current_span()));
        answered.await.unwrap_or(Err(AmoError::Unavailable))
    }

    /// A slot for a call of `share`.
    async fn granted(&self, account: &AccountHost, endpoint: Endpoint, share: Share) -> Result<Slot, AmoError> {
        let SharedState { runtime, observer, .. } = &*self.shared;
        let arrived = runtime.instant();
        let order = Purpose::of(endpoint).order();
        let slot = self.slot(account, Call { share, order, calls: calls(endpoint) }).await;
        let waited = runtime.instant().since(arrived);
        observer.observe(&Event::PermitEnded { refused: slot.as_ref().err().copied(), waited });
        slot
    }

    /// Sends `call` in its slot.
    async fn send<T>(
        &self,
        account: &AccountHost,
        endpoint: Endpoint,
        mut slot: Slot,
        call: impl Future<Output = Result<T, AmoError>>,
    ) -> Result<T, AmoError> {
        let SharedState { runtime, observer, .. } = &*self.shared;
        let sent = runtime.instant();
        let span = tracing::debug_span!("crm_call", crm.endpoint = endpoint.code(), crm.host = %account);
        slot.send();
        let outcome = call.instrument(span).await;
        let took = runtime.instant().since(sent);
        observer.observe(&Event::CallEnded { endpoint, failure: outcome.as_ref().err().copied(), took });
        self.record(account, Purpose::of(endpoint), slot, outcome).await
    }

    /// Waits for a slot, and once more if it was missed.
    async fn slot(&self, account: &AccountHost, call: Call) -> Result<Slot, AmoError> {
        let arrived = self.shared.runtime.instant();
        let slot = self.wait(account, call, LONGEST_QUEUE_WAIT).await?;
        let now = self.shared.runtime.instant();
        if !slot.is_over(now) {
            return Ok(slot);
        }
        let missed = Call { order: Order::Missed, ..call };
        self.wait(account, missed, LONGEST_QUEUE_WAIT.saturating_sub(now.since(arrived))).await
    }

    async fn wait(&self, account: &AccountHost, call: Call, longest_wait: Duration) -> Result<Slot, AmoError> {
        let shared = &self.shared;
        let now = shared.runtime.instant();
        // Nobody is asked for a turn that is here, unless others wait for it.
        if shared.queues.is_empty(account)
            && let Some(due) = shared.bundles.take(account, now)
        {
            return Ok(Slot::new(shared, account, due, None));
        }
        let entered = shared.queues.enter(account, call, longest_wait, shared.pace.apart, now);
        let entered = entered.map_err(|retry_after| AmoError::QueueFull { retry_after })?;
        if entered.is_first {
            shared.dispatch(account);
        }
        match select(entered.granted, shared.runtime.sleep(longest_wait)).await {
            Either::Left((granted, _)) => granted.unwrap_or(Err(AmoError::PermitUnavailable)),
            Either::Right(_) => Err(entered.place.missed(shared.pace.apart, shared.runtime.instant())),
        }
    }

    /// Records in the store what other instances have to know of `outcome`.
    async fn record<T>(
        &self,
        account: &AccountHost,
        purpose: Purpose,
        mut slot: Slot,
        outcome: Result<T, AmoError>,
    ) -> Result<T, AmoError> {
        let call_outcome = match call_outcome(outcome.as_ref().err()) {
            // As a probe it has shown nothing, and the next caller is one.
            CallOutcome::Answered if purpose == Purpose::Exchange && outcome.is_err() => CallOutcome::NotSent,
            known => known,
        };
        let probe = slot.take_probe();
        let matters = match call_outcome {
            CallOutcome::Banned => probe.is_some() || purpose != Purpose::Exchange,
            CallOutcome::Limited(_) => true,
            CallOutcome::Answered | CallOutcome::NoAnswer | CallOutcome::NotSent => probe.is_some(),
        };
        if !matters {
            return outcome;
        }
        self.shared.void_bundles(account, call_outcome);
        let (shared, host, hold) = (Arc::clone(&self.shared), account.clone(), self.shared.hold());
        let (done, recorded) = oneshot::channel();
        // A task of the process: the outcome is recorded even if the caller goes away.
        self.shared.runtime.spawn(Box::pin(async move {
            shared.record_outcome(&host, call_outcome, probe).await;
            drop(hold);
            // The caller may be gone.
            let _ = done.send(());
        }));
        // Tokens that were issued are saved first: their caller does not wait.
        if outcome.is_err() || matches!(purpose, Purpose::Completing | Purpose::Reading | Purpose::Writing) {
            let _ = recorded.await;
        }
        match call_outcome {
            CallOutcome::Limited(delay) => Err(AmoError::RateLimited { retry_after: Some(delay) }),
            CallOutcome::Answered | CallOutcome::Banned | CallOutcome::NoAnswer | CallOutcome::NotSent => outcome,
        }
    }
}
