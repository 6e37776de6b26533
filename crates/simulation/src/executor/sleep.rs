//! Pauses.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::{Sim, lock};

/// A pause in virtual time.
pub(crate) struct Sleep {
    sim: Sim,
    until: u64,
    timer: Option<(u64, u64)>,
}

impl Sleep {
    pub(super) fn until(sim: Sim, until: u64) -> Self {
        Self { sim, until, timer: None }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let mut core = lock(&this.sim.0.core);
        if core.now >= this.until {
            return Poll::Ready(());
        }
        let timer = *this.timer.get_or_insert_with(|| {
            core.timers_set += 1;
            (this.until, core.timers_set)
        });
        core.timers.insert(timer, context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(timer) = self.timer {
            let removed = self.sim.core().timers.remove(&timer);
            drop(removed);
        }
    }
}
