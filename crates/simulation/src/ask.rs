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
    hang_up_after: Option<Duration>,
}

impl World {
    /// Plans a call that ends within `limit`, and whose caller may hang up.
    pub(crate) fn call(&self, what: &'static str, limit: Duration, hang_up_after: Option<Duration>) -> Call {
        Call { id: self.checker().call_planned(what), what, limit, hang_up_after }
    }

    /// Has some instance do `work`, as a task of its process. `None` if it died, or the caller
    /// hung up before.
    pub(crate) async fn ask<T, F>(self: &Arc<Self>, call: Call, work: impl FnOnce(UseCases) -> F) -> Option<T>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let (home, use_cases) = self.anybody()?;
        let (tell, told) = oneshot::channel();
        let (world, work) = (Arc::clone(self), work(use_cases));
        let Call { id, what, limit, hang_up_after } = call;
        let doing = async move {
            let outcome = work.await;
            world.checker().call_ended(id, micros(limit), world.now());
            world.judge();
            // The caller may have hung up.
            let _ = tell.send(outcome);
        };
        let task = self.sim.spawn(home, doing.boxed());
        self.checker().call_begun(id, home, task, self.now());
        let Some(longest_wait) = hang_up_after else { return told.await.ok() };
        match select(told, self.sim.sleep(longest_wait)).await {
            Either::Left((outcome, _)) => outcome.ok(),
            Either::Right(_) => {
                self.note(home, || format!("the caller of {what} hangs up"));
                self.hung_up(task, id);
                None
            }
        }
    }

    /// The service does not care, unless it is planted with the bug that it does.
    fn hung_up(&self, task: TaskId, call: CallId) {
        self.tally().hang_ups += 1;
        if self.bug == Some(Bug::CancelsOnHangUp) {
            self.checker().call_ended(call, u64::MAX, self.now());
            self.sim.end_task(task);
        }
    }
}
