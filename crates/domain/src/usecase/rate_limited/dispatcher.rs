//! The dispatcher of a queue: it makes one reservation at a time, and gives it to the first caller in
//! the queue when it is due.

use std::fmt;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::select;
use tokio::sync::watch;

use super::bundle::{Bundle, Bundles, Due};
use super::queue::Queues;
use super::slot::Slot;
use crate::clock::Instant;
use crate::host::AccountHost;
use crate::ports::{AmoError, CircuitChange, Event, Observer, RateLimitStore, Runtime};
use crate::rate_limit::{CallOutcome, Pace, Probe, Reservation};

/// By how much more than an eighth the latency of the store may grow from one answer to the next.
const LATENCY_GROWTH: Duration = Duration::from_micros(10);

/// How long an outcome that is not recorded yet may delay the next reservation.
const RECORD_TIMEOUT: Duration = Duration::from_secs(1);

/// How often the store is swept.
const SWEEP_EVERY: Duration = Duration::from_hours(1);

/// What the calls of this process share.
pub(super) struct SharedState {
    pub(super) store: Arc<dyn RateLimitStore>,
    pub(super) runtime: Arc<dyn Runtime>,
    pub(super) observer: Arc<dyn Observer>,
    pub(super) pace: Pace,
    pub(super) queues: Arc<Queues>,
    pub(super) bundles: Bundles,
    /// What no other process has.
    nonce: [u8; 8],
    /// The lowest latency of the store's recent answers.
    lowest_latency: Mutex<Duration>,
    /// How many outcomes are not recorded yet.
    unrecorded: watch::Sender<usize>,
    sweep_at: Mutex<Instant>,
}

impl SharedState {
    pub(super) fn new(
        store: Arc<dyn RateLimitStore>,
        runtime: Arc<dyn Runtime>,
        observer: Arc<dyn Observer>,
        pace: Pace,
    ) -> Self {
        let sweep_at = Mutex::new(runtime.instant());
        let lowest_latency = Mutex::new(Duration::MAX);
        let unrecorded = watch::Sender::new(0);
        let (queues, bundles) = Default::default();
        let mut nonce = [0; 8];
        runtime.fill_random(&mut nonce);
        Self { store, runtime, observer, pace, queues, bundles, nonce, lowest_latency, unrecorded, sweep_at }
    }

    /// The number under which this process asks for turns of `account`.
    fn asker(&self, account: &AccountHost) -> u32 {
        let mut hasher = DefaultHasher::new();
        (self.nonce, account.as_str()).hash(&mut hasher);
        let [a, b, c, d, ..] = hasher.finish().to_ne_bytes();
        u32::from_ne_bytes([a, b, c, d])
    }

    /// Until this is dropped, no reservation is made: the store does not know every outcome yet.
    pub(super) fn hold(self: &Arc<Self>) -> Hold {
        self.unrecorded.send_modify(|count| *count += 1);
        Hold(Arc::clone(self))
    }

    /// Records the outcome of a call in the store.
    pub(super) async fn record_outcome(&self, account: &AccountHost, call_outcome: CallOutcome, probe: Option<Probe>) {
        match (call_outcome, probe) {
            (CallOutcome::Banned, _) => tracing::warn!(%account, "circuit open: amoCRM bans calls"),
            (CallOutcome::Limited(delay), _) => {
                tracing::warn!(%account, delay = ?delay, "amoCRM's limit of calls is reached");
            }
            (CallOutcome::Answered, Some(_)) => tracing::info!(%account, "circuit closed: amoCRM answers again"),
            (CallOutcome::Answered | CallOutcome::NoAnswer | CallOutcome::NotSent, _) => {}
        }
        match (call_outcome, probe) {
            (CallOutcome::Banned, _) => self.observer.observe(&Event::CircuitChanged(CircuitChange::Opened)),
            (CallOutcome::Answered | CallOutcome::Limited(_), Some(_)) => {
                self.observer.observe(&Event::CircuitChanged(CircuitChange::Closed));
            }
            _ => {}
        }
        if let Err(error) = self.store.record_outcome(account, call_outcome, probe).await {
            tracing::warn!(error = %error.whole(), %account, "call outcome not recorded");
        }
        if probe.is_some() || matches!(call_outcome, CallOutcome::Banned | CallOutcome::Limited(_)) {
            self.queues.mark_outdated(account);
        }
        self.void_bundles(account, call_outcome);
    }

    /// Gives up the turns that must not be used after this outcome.
    pub(super) fn void_bundles(&self, account: &AccountHost, call_outcome: CallOutcome) {
        match call_outcome {
            CallOutcome::Banned => self.bundles.void_all(),
            CallOutcome::Limited(_) => self.bundles.void(account),
            CallOutcome::Answered | CallOutcome::NoAnswer | CallOutcome::NotSent => {}
        }
    }

    /// Makes reservations for the callers that wait for `account`, until none waits.
    pub(super) fn dispatch(self: &Arc<Self>, account: &AccountHost) {
        let dispatcher = Dispatcher { shared: Arc::clone(self), account: account.clone(), done: false };
        self.runtime.spawn(Box::pin(async move {
            while let Some(longest_wait) =
                dispatcher.shared.queues.longest_wait(&dispatcher.account, dispatcher.shared.runtime.instant())
            {
                dispatcher.serve(longest_wait).await;
            }
            let shared = dispatcher.end();
            shared.sweep().await;
        }));
    }

    /// The lowest latency of the store, now that an answer `took` so long; `None` if it is the first answer. If one
    /// took longer, it is unknown whether the extra time came before or after the store read its clock. A store
    /// that has become slower is measured anew after a few answers.
    fn lowest_latency(&self, took: Duration) -> Option<Duration> {
        let mut lowest = self.lowest_latency.lock().unwrap_or_else(PoisonError::into_inner);
        let is_first = *lowest == Duration::MAX;
        let growth = *lowest / 8 + LATENCY_GROWTH;
        *lowest = took.min(lowest.saturating_add(growth));
        (!is_first).then_some(*lowest)
    }

    /// Sweeps the store, at most every [`SWEEP_EVERY`].
    async fn sweep(&self) {
        let now = self.runtime.instant();
        {
            let mut sweep_at = self.sweep_at.lock().unwrap_or_else(PoisonError::into_inner);
            if now < *sweep_at {
                return;
            }
            *sweep_at = now + SWEEP_EVERY;
        }
        if let Err(error) = self.store.sweep().await {
            tracing::warn!(error = %error.whole(), "rate limits not swept");
        }
    }
}

impl fmt::Debug for SharedState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedState").field("pace", &self.pace).field("queues", &self.queues).finish_non_exhaustive()
    }
}

/// An outcome that is not recorded yet.
pub(super) struct Hold(Arc<SharedState>);

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.unrecorded.send_modify(|count| *count -= 1);
    }
}

/// Serves one queue. If it is dropped before its end, the callers in the queue get an error.
struct Dispatcher {
    shared: Arc<SharedState>,
    account: AccountHost,
    done: bool,
}

impl Dispatcher {
    /// Gives the next turn to the first caller when it is due: one of a bundle, or one that is reserved now.
    async fn serve(&self, longest_wait: Duration) {
        let SharedState { store, runtime, observer, pace, queues, bundles, unrecorded, .. } = &*self.shared;
        if let Some(due) = bundles.next(&self.account, runtime.instant()) {
            return self.serve_bundled(due).await;
        }
        queues.ask(&self.account, runtime.instant());
        let mut changes = unrecorded.subscribe();
        let recorded = pin!(changes.wait_for(|count| *count == 0));
        // A store that is slow to record an outcome of one account delays the others by no more than this.
        select(recorded, runtime.sleep(RECORD_TIMEOUT)).await;
        let mut demand = queues.demand(&self.account, self.shared.asker(&self.account));
        if demand.waiting.is_empty() {
            return;
        }
        // The store decides about one call without the outcomes that it does not know yet, and about no more.
        if *unrecorded.borrow() > 0 {
            demand.waiting.iter_mut().for_each(|waiting| waiting.calls = 1);
        }
        let asked = runtime.instant();
        queues.ask(&self.account, asked);
        let asked_for_bundle = bundles.ask();
        match store.reserve(&self.account, *pace, &demand, longest_wait).await {
            Ok(Reservation::Granted { wait, turns, share, probe }) => {
                if probe.is_some() {
                    observer.observe(&Event::CircuitChanged(CircuitChange::HalfOpened));
                }
                let now = runtime.instant();
                let lowest_latency = self.shared.lowest_latency(now.since(asked));
                let from = now + wait;
                let due = Due { from, at: lowest_latency.map_or(from, |latency| asked + latency + wait) };
                let slot = Slot::new(&self.shared, &self.account, due, probe);
                queues.expect(&self.account, now + wait);
                self.wait(wait).await;
                if probe.is_some() || !queues.is_outdated(&self.account) {
                    // By how much a first answer was late is unknown, and the turns after a late one are as late.
                    let at_the_latest = Due { at: asked + lowest_latency.unwrap_or_default() + wait, ..due };
                    if turns > 1 && !at_the_latest.is_over(from) {
                        let bundle = Bundle::after(due, turns - 1, pace.apart);
                        bundles.keep(&self.account, bundle, asked_for_bundle, runtime.instant());
                    }
                    queues.give(&self.account, Some(share), slot);
                }
            }
            Ok(Reservation::Later(wait)) if wait <= longest_wait => {
                queues.ask_again(&self.account, runtime.instant() + wait);
                self.wait(wait).await;
            }
            Ok(Reservation::Later(wait)) => {
                queues.reject_all(&self.account, pace.apart, |ahead| AmoError::QueueFull { retry_after: wait + ahead });
            }
            // A probe was answered since: the circuit is closed.
            Ok(Reservation::CircuitOpen(_)) if queues.is_outdated(&self.account) => {}
            Ok(Reservation::CircuitOpen(_)) => queues.reject_all(&self.account, pace.apart, |_| AmoError::Blocked),
            Err(error) => {
                tracing::warn!(error = %error.whole(), account = %self.account, "no permit: the rate limit store failed");
                queues.reject_all(&self.account, pace.apart, |_| AmoError::PermitUnavailable);
            }
        }
    }

    /// Gives a turn of a bundle, unless that was given up meanwhile.
    async fn serve_bundled(&self, due: Due) {
        let SharedState { runtime, queues, bundles, .. } = &*self.shared;
        queues.expect_bundled(&self.account, due.from);
        let wait = due.from.since(runtime.instant());
        self.wait(wait).await;
        // Callers may have gone away, and others come who still can use it.
        if !queues.is_empty(&self.account)
            && let Some(due) = bundles.take(&self.account, runtime.instant())
        {
            queues.give(&self.account, None, Slot::new(&self.shared, &self.account, due, None));
        }
    }

    /// The queue is gone: the next caller starts a new dispatcher.
    fn end(mut self) -> Arc<SharedState> {
        self.done = true;
        Arc::clone(&self.shared)
    }

    async fn wait(&self, wait: Duration) {
        if !wait.is_zero() {
            self.shared.runtime.sleep(wait).await;
        }
    }
}

impl Drop for Dispatcher {
    fn drop(&mut self) {
        if !self.done {
            self.shared.queues.abandon(&self.account);
        }
    }
}
