//! Draining and stopping.

use std::net::{Shutdown, TcpListener};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use socket2::SockRef;
use tokio::time::{Instant, timeout_at};

use super::Running;
use crate::telemetry;

/// How long requests are still begun after the listener was closed: a proxy has sent them right after it connected.
const LAST_REQUESTS: Duration = Duration::from_millis(50);

/// How often a stop asks whether all connections are accepted, with a pause between: a crowd that keeps coming does
/// not hold it up.
const LOOKS: u32 = 500;
const PAUSE: Duration = Duration::from_millis(1);

/// Work was still going on when the time to stop was up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{tasks} requests, exchanges, refreshes or saves were not done in time; {pairs} token pairs were not saved and are lost"
)]
pub struct Unfinished {
    /// How many tasks were going on.
    pub tasks: usize,
    /// How many pairs that amoCRM had given were not saved.
    pub pairs: usize,
}

impl Running {
    /// Tells whoever sends requests here to send them elsewhere: `/readyz` answers 503, and each
    /// answer closes its connection. All of them are still served. No background work begins.
    pub fn begin_draining(&self) {
        self.state.readiness.begin_draining();
        self.background.abort();
        self.state.use_cases.wind_down();
    }

    /// Stops taking requests, and waits up to `timeout` for what is in flight.
    pub async fn stop(self, timeout: Duration) -> Result<(), Unfinished> {
        let deadline = Instant::now() + timeout;
        self.begin_draining();
        self.sweeping.abort();
        self.checking.abort();
        self.keys.abort();
        self.state.tasks.close();
        let waiting_for = self.state.tasks.len();
        if waiting_for > 0 {
            let pairs_to_save = self.state.use_cases.unsaved_pairs();
            tracing::info!(
                waiting_for,
                pairs_to_save,
                "stopping; waiting for requests, exchanges, refreshes and saves"
            );
        }
        // New connections are refused, and a proxy goes elsewhere. actix would close the idle ones in the same
        // moment, those too that a request is just coming over.
        telemetry::expect_closed_listener();
        until_all_are_accepted(&self.listener).await;
        let _ = SockRef::from(&self.listener).shutdown(Shutdown::Both);
        tokio::time::sleep(LAST_REQUESTS).await;
        // Idle connections end. actix looks once a second whether the others have ended too, which is not waited for.
        drop(self.handle.stop(true));
        let requests = timeout_at(deadline, self.clients.all_closed()).await;
        self.watching.abort();
        self.serving.abort();
        let _ = self.serving.await;
        let tasks = timeout_at(deadline, self.state.tasks.wait()).await;
        // The last scrape may be of the stop itself.
        if let Some(admin) = self.admin {
            admin.stop().await;
        }
        self.counting.abort();
        match (requests, tasks) {
            (_, Err(_)) => {
                let (tasks, pairs) = (self.state.tasks.len(), self.state.use_cases.unsaved_pairs());
                tracing::error!(tasks, pairs_lost = pairs, "stopping before all work was done");
                Err(Unfinished { tasks, pairs })
            }
            (_, Ok(())) => Ok(()),
        }
    }
}

/// Waits until no connection is left that nobody has accepted: those are reset with the listener. Nothing
/// else runs in this task between the end of this and the call that closes the listener.
async fn until_all_are_accepted(listener: &TcpListener) {
    for _ in 0..LOOKS {
        let mut waiting = [PollFd::new(listener, PollFlags::IN)];
        match poll(&mut waiting, Some(&Timespec::default())) {
            Ok(0) | Err(_) => return,
            Ok(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}
