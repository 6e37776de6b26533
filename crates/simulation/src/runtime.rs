//! The port to an instance's own resources, in virtual time and with a clock that is wrong.

use std::fmt;
use std::time::Duration;

use amo_connect_domain::clock::Instant;
use amo_connect_domain::ports::Runtime;
use async_trait::async_trait;
use futures_util::future::{BoxFuture, pending};
use jiff::Timestamp;

use crate::bugs::Bug;
use crate::executor::{Home, Sim};
use crate::setup::{Skew, timestamp};

/// One life of an instance, as its use cases see it.
pub(crate) struct ModelRuntime {
    sim: Sim,
    home: Home,
    /// How far the instance's clock is ahead.
    skew: Skew,
    bug: Option<Bug>,
}

impl ModelRuntime {
    pub(crate) fn new(sim: Sim, home: Home, skew: Skew, bug: Option<Bug>) -> Self {
        Self { sim, home, skew, bug }
    }
}

#[async_trait]
impl Runtime for ModelRuntime {
    fn now(&self) -> Timestamp {
        timestamp(self.sim.now()).saturating_add(self.skew.get()).unwrap_or(Timestamp::MAX)
    }

    fn instant(&self) -> Instant {
        match self.bug {
            Some(Bug::WaitsByTheWallClock) => Bug::instant_by_the_wall_clock(self.now()),
            _ => Instant::at(Duration::from_micros(self.sim.now())),
        }
    }

    async fn sleep(&self, duration: Duration) {
        if self.bug.is_some_and(|bug| bug.never_ends(duration)) {
            pending::<()>().await;
        }
        self.sim.sleep(duration).await;
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) {
        self.sim.spawn(self.home, task);
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        self.sim.fill(bytes);
    }
}

impl fmt::Debug for ModelRuntime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ModelRuntime").field("home", &self.home).finish_non_exhaustive()
    }
}
