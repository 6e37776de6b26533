//! Calling a use case, as a handler of the service does: in a task of the process.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use amo_connect_domain::usecase::UseCases;
use futures_channel::oneshot;
use futures_util::FutureExt as _;
use futures_util::future::{Either, select};

use crate::bugs::Bug;
use crate::executor::{TaskId, micros};
use crate::invariants::CallId;
use crate::world::World;

/// A call of a use case that somebody is about to make.
pub(crate) struct Call {
    pub(crate) id: CallId,
    what: &'static str,
    limit: Duration,
    gives_up_after: Option<Duration>,
}

impl World {
    /// Plans a call that ends within `limit`, and whose caller may go away.
    pub(crate) fn call(&self, what: &'static str, limit: Duration, gives_up_after: Option<Duration>) -> Call {
        Call { id: self.checker().call_planned(what), what, limit, gives_up_after }
    }

    /// Runs `work` on some instance, as a task of its process. `None` if it died, or the caller went
    /// away before.
    pub(crate) async fn ask<T, F>(self: &Arc<Self>, call: Call, work: impl FnOnce(UseCases) -> F) -> Option<T>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        self.ask_at(None, call, work).await
    }

    /// The same, on this instance if one is named.
    pub(crate) async fn ask_at<T, F>(
        self: &Arc<Self>,
        instance: Option<usize>,
        call: Call,
        work: impl FnOnce(UseCases) -> F,
    ) -> Option<T>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let (home, use_cases) = self.somebody(instance)?;
        let (reply, answered) = oneshot::channel();
        let (world, work) = (Arc::clone(self), work(use_cases));
        let Call { id, what, limit, gives_up_after } = call;
        let doing = async move {
            let outcome = work.await;
            world.checker().call_ended(id, micros(limit), world.now());
            world.judge();
            // The caller may be gone.
            let _ = reply.send(outcome);
        };
        let task = self.sim.spawn(home, doing.boxed());
        self.checker().call_begun(id, home, task, self.now());
        let Some(longest_wait) = gives_up_after else { return answered.await.ok() };
        match select(answered, self.sim.sleep(longest_wait)).await {
            Either::Left((outcome, _)) => outcome.ok(),
            Either::Right(_) => {
                self.note(home, || format!("the caller of {what} goes away"));
                self.caller_left(task, id);
                None
            }
        }
    }

    /// The service ignores it, unless the planted bug is that it does not.
    fn caller_left(&self, task: TaskId, call: CallId) {
        self.tally().callers_left += 1;
        if self.bug == Some(Bug::CancelsWithItsCaller) {
            self.checker().call_ended(call, u64::MAX, self.now());
            self.sim.end_task(task);
        }
    }
}
