//! Seeing to a queue: one turn is booked at a time, and goes to whoever is first when it comes.

use std::fmt;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::select;
use tokio::sync::watch;

use super::queue::Queues;
use super::slot::Slot;
use crate::clock::Instant;
use crate::host::AccountHost;
use crate::ports::{AmoError, RateLimitStore, Runtime};
use crate::rate_limit::{CallOutcome, Pace, Probe, Reservation};

/// By how much more than an eighth the store may have become slower from one answer to the next.
const SLOWER: Duration = Duration::from_micros(10);

/// How long news of a ban or a limit may keep the next turn waiting.
const NEWS_TAKE: Duration = Duration::from_secs(1);

/// How often the store is swept.
const SWEEP_EVERY: Duration = Duration::from_hours(1);

/// What the calls of this process share.
pub(super) struct SharedState {
    pub(super) store: Arc<dyn RateLimitStore>,
    pub(super) runtime: Arc<dyn Runtime>,
    pub(super) pace: Pace,
    pub(super) queues: Arc<Queues>,
    /// The least time that the store took to answer lately.
    quickest: Mutex<Duration>,
    /// How much the store is still to be told.
    untold: watch::Sender<usize>,
    sweep_at: Mutex<Instant>,
}

impl SharedState {
    pub(super) fn new(store: Arc<dyn RateLimitStore>, runtime: Arc<dyn Runtime>, pace: Pace) -> Self {
        let sweep_at = Mutex::new(runtime.instant());
        let quickest = Mutex::new(Duration::MAX);
        Self { store, runtime, pace, queues: Arc::default(), quickest, untold: watch::Sender::new(0), sweep_at }
    }

    /// Until this is dropped, nobody asks the store for a turn: it does not know all.
    pub(super) fn hold(self: &Arc<Self>) -> Hold {
        self.untold.send_modify(|untold| *untold += 1);
        Hold(Arc::clone(self))
    }

    /// Tells the store what came of a call.
    pub(super) async fn tell(&self, account: &AccountHost, call_outcome: CallOutcome, probe: Option<Probe>) {
        match (call_outcome, probe) {
            (CallOutcome::Banned, _) => tracing::warn!(%account, "amoCRM bans calls to an account"),
            (CallOutcome::Limited(put_off), _) => {
                tracing::warn!(%account, ?put_off, "amoCRM's limit of calls is reached");
            }
            (CallOutcome::Answered, Some(_)) => tracing::info!(%account, "amoCRM does not ban calls any more"),
            (CallOutcome::Answered | CallOutcome::NoAnswer, _) => {}
        }
        if let Err(error) = self.store.record_outcome(account, call_outcome, probe).await {
            tracing::warn!(error = %error.whole(), "the other instances do not know of it yet");
        }
        if probe.is_some() || matches!(call_outcome, CallOutcome::Banned | CallOutcome::Limited(_)) {
            self.queues.overtake(account);
        }
    }

    /// Books turns for those who wait for `account`, until nobody does.
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

    /// How long the store takes at least. Of what it took longer than that, nobody knows whether
    /// it was before it looked at its clock or after. A store that has become slower is known
    /// again after a few answers.
    fn quickest(&self, asked: Instant) -> Duration {
        let took = self.runtime.instant().since(asked);
        let mut quickest = self.quickest.lock().unwrap_or_else(PoisonError::into_inner);
        let slower = *quickest / 8 + SLOWER;
        *quickest = took.min(quickest.saturating_add(slower));
        *quickest
    }

    /// Has the store forget what is long over, once in a while.
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
            tracing::warn!(error = %error.whole(), "the store of rate limits is not swept yet");
        }
    }
}

impl fmt::Debug for SharedState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedState").field("pace", &self.pace).field("queues", &self.queues).finish_non_exhaustive()
    }
}

/// Something that the store is still to be told.
pub(super) struct Hold(Arc<SharedState>);

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.untold.send_modify(|untold| *untold -= 1);
    }
}

/// Somebody sees to a queue. If that ends before its time, nobody waits there for nothing.
struct Dispatcher {
    shared: Arc<SharedState>,
    account: AccountHost,
    done: bool,
}

impl Dispatcher {
    /// Books a turn, and gives it to whoever is first when it comes.
    async fn serve(&self, longest_wait: Duration) {
        let SharedState { store, runtime, pace, queues, untold, .. } = &*self.shared;
        queues.ask(&self.account, runtime.instant());
        let mut news = untold.subscribe();
        let told = pin!(news.wait_for(|untold| *untold == 0));
        // A store that is slow to record an outcome of one account holds the others up no longer than this.
        select(told, runtime.sleep(NEWS_TAKE)).await;
        let asked = runtime.instant();
        queues.ask(&self.account, asked);
        match store.reserve(&self.account, *pace, longest_wait).await {
            Ok(Reservation::Granted { wait, probe }) => {
                let due = asked + self.shared.quickest(asked) + wait;
                let slot = Slot::new(&self.shared, &self.account, due, probe);
                self.wait(wait).await;
                if probe.is_some() || !queues.is_overtaken(&self.account) {
                    queues.give(&self.account, slot);
                }
            }
            Ok(Reservation::Later(wait)) if wait <= longest_wait => self.wait(wait).await,
            Ok(Reservation::Later(wait)) => {
                queues.turn_away(&self.account, pace.apart, |ahead| AmoError::QueueFull { retry_after: wait + ahead });
            }
            // amoCRM has answered a probe since.
            Ok(Reservation::CircuitOpen(_)) if queues.is_overtaken(&self.account) => {}
            Ok(Reservation::CircuitOpen(_)) => queues.turn_away(&self.account, pace.apart, |_| AmoError::Blocked),
            Err(error) => {
                tracing::warn!(error = %error.whole(), account = %self.account, "nothing is sent to amoCRM: the database gives no turn");
                queues.turn_away(&self.account, pace.apart, |_| AmoError::PermitUnavailable);
            }
        }
    }

    /// The queue is gone: whoever comes next sees to it.
    fn end(mut self) -> Arc<SharedState> {
        self.done = true;
        Arc::clone(&self.shared)
    }

    async fn wait(&self, wait: Duration) {
        self.shared.queues.expect(&self.account, self.shared.runtime.instant() + wait);
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
