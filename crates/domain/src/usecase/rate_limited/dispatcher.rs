//! Seeing to a queue: one turn is booked at a time, and goes to whoever is first when it comes.

use std::fmt;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::select;
use tokio::sync::watch;

use super::permit::Pass;
use super::queue::Queues;
use crate::clock::Instant;
use crate::host::AccountHost;
use crate::ports::{AmoError, Runtime, TurnBook};
use crate::rate_limit::{Heard, Pace, Probe, Turn};

/// By how much more than an eighth the book may have become slower from one answer to the next.
const SLOWER: Duration = Duration::from_micros(10);

/// How long news of a ban or a limit may keep the next turn waiting.
const NEWS_TAKE: Duration = Duration::from_secs(1);

/// How often the book is swept.
const SWEEP_EVERY: Duration = Duration::from_hours(1);

/// What the calls of this process share.
pub(super) struct Shared {
    pub(super) book: Arc<dyn TurnBook>,
    pub(super) runtime: Arc<dyn Runtime>,
    pub(super) pace: Pace,
    pub(super) queues: Arc<Queues>,
    /// The least time that the book took to answer lately.
    quickest: Mutex<Duration>,
    /// How much the book is still to be told.
    untold: watch::Sender<usize>,
    sweep_at: Mutex<Instant>,
}

impl Shared {
    pub(super) fn new(book: Arc<dyn TurnBook>, runtime: Arc<dyn Runtime>, pace: Pace) -> Self {
        let sweep_at = Mutex::new(runtime.instant());
        let quickest = Mutex::new(Duration::MAX);
        Self { book, runtime, pace, queues: Arc::default(), quickest, untold: watch::Sender::new(0), sweep_at }
    }

    /// Until this is dropped, nobody asks the book for a turn: it does not know all.
    pub(super) fn hold(self: &Arc<Self>) -> Hold {
        self.untold.send_modify(|untold| *untold += 1);
        Hold(Arc::clone(self))
    }

    /// Tells the book what came of a call.
    pub(super) async fn tell(&self, account: &AccountHost, heard: Heard, probe: Option<Probe>) {
        match (heard, probe) {
            (Heard::Ban, _) => tracing::warn!(%account, "amoCRM bans calls to an account"),
            (Heard::Limit(put_off), _) => tracing::warn!(%account, ?put_off, "amoCRM's limit of calls is reached"),
            (Heard::Answer, Some(_)) => tracing::info!(%account, "amoCRM does not ban calls any more"),
            (Heard::Answer | Heard::Silence, _) => {}
        }
        if let Err(error) = self.book.hear(account, heard, probe).await {
            tracing::warn!(error = %error.whole(), "the other instances do not know of it yet");
        }
        if probe.is_some() || matches!(heard, Heard::Ban | Heard::Limit(_)) {
            self.queues.overtake(account);
        }
    }

    /// Books turns for those who wait for `account`, until nobody does.
    pub(super) fn see_to(self: &Arc<Self>, account: &AccountHost) {
        let duty = Duty { shared: Arc::clone(self), account: account.clone(), done: false };
        self.runtime.spawn(Box::pin(async move {
            while let Some(patience) = duty.shared.queues.patience(&duty.account, duty.shared.runtime.instant()) {
                duty.serve(patience).await;
            }
            let shared = duty.end();
            shared.sweep().await;
        }));
    }

    /// How long the book takes at least. Of what it took longer than that, nobody knows whether
    /// it was before it looked at its clock or after. A book that has become slower is known
    /// again after a few answers.
    fn quickest(&self, asked: Instant) -> Duration {
        let took = self.runtime.instant().since(asked);
        let mut quickest = self.quickest.lock().unwrap_or_else(PoisonError::into_inner);
        let slower = *quickest / 8 + SLOWER;
        *quickest = took.min(quickest.saturating_add(slower));
        *quickest
    }

    /// Has the book forget what is long over, once in a while.
    async fn sweep(&self) {
        let now = self.runtime.instant();
        {
            let mut sweep_at = self.sweep_at.lock().unwrap_or_else(PoisonError::into_inner);
            if now < *sweep_at {
                return;
            }
            *sweep_at = now + SWEEP_EVERY;
        }
        if let Err(error) = self.book.sweep().await {
            tracing::warn!(error = %error.whole(), "the book of turns is not swept yet");
        }
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("pace", &self.pace).field("queues", &self.queues).finish_non_exhaustive()
    }
}

/// Something that the book is still to be told.
pub(super) struct Hold(Arc<Shared>);

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.untold.send_modify(|untold| *untold -= 1);
    }
}

/// Somebody sees to a queue. If that ends before its time, nobody waits there for nothing.
struct Duty {
    shared: Arc<Shared>,
    account: AccountHost,
    done: bool,
}

impl Duty {
    /// Books a turn, and gives it to whoever is first when it comes.
    async fn serve(&self, patience: Duration) {
        let Shared { book, runtime, pace, queues, untold, .. } = &*self.shared;
        queues.ask(&self.account, runtime.instant());
        let mut news = untold.subscribe();
        let told = pin!(news.wait_for(|untold| *untold == 0));
        // A book that is slow to hear of one account holds the others up no longer than this.
        select(told, runtime.sleep(NEWS_TAKE)).await;
        let asked = runtime.instant();
        queues.ask(&self.account, asked);
        match book.take_turn(&self.account, *pace, patience).await {
            Ok(Turn::In { wait, probe }) => {
                let due = asked + self.shared.quickest(asked) + wait;
                let pass = Pass::new(&self.shared, &self.account, due, probe);
                self.wait(wait).await;
                if probe.is_some() || !queues.is_overtaken(&self.account) {
                    queues.give(&self.account, pass);
                }
            }
            Ok(Turn::Later(wait)) if wait <= patience => self.wait(wait).await,
            Ok(Turn::Later(wait)) => {
                queues.turn_away(&self.account, pace.apart, |ahead| AmoError::NoTurn { retry_after: wait + ahead });
            }
            // amoCRM has answered a probe since.
            Ok(Turn::Banned(_)) if queues.is_overtaken(&self.account) => {}
            Ok(Turn::Banned(_)) => queues.turn_away(&self.account, pace.apart, |_| AmoError::Blocked),
            Err(error) => {
                tracing::warn!(error = %error.whole(), account = %self.account, "nothing is sent to amoCRM: the database gives no turn");
                queues.turn_away(&self.account, pace.apart, |_| AmoError::PermitUnavailable);
            }
        }
    }

    /// The queue is gone: whoever comes next sees to it.
    fn end(mut self) -> Arc<Shared> {
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

impl Drop for Duty {
    fn drop(&mut self) {
        if !self.done {
            self.shared.queues.abandon(&self.account);
        }
    }
}
