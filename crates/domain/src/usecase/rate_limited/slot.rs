//! The right to send one call, now.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::dispatcher::SharedState;
use crate::clock::Instant;
use crate::host::AccountHost;
use crate::rate_limit::{CallOutcome, Probe};

/// By how much a turn may be missed. A call sent later than that could meet, in amoCRM's window,
/// those of the second after.
const LATE: Duration = Duration::from_millis(20);

/// The right to send one call, now. If it is a probe's and nothing is known of the call when it
/// is dropped, the store is told so.
pub(super) struct Slot {
    shared: Arc<SharedState>,
    account: AccountHost,
    due: Instant,
    probe: Option<Probe>,
}

impl Slot {
    /// The right to the turn that is `due`.
    pub(super) fn new(shared: &Arc<SharedState>, account: &AccountHost, due: Instant, probe: Option<Probe>) -> Self {
        Self { shared: Arc::clone(shared), account: account.clone(), due, probe }
    }

    /// Whether the turn is over. A probe's is not: there are no calls to meet.
    pub(super) fn is_over(&self, now: Instant) -> bool {
        self.probe.is_none() && now.since(self.due) > LATE
    }

    /// The probe, whose news somebody sees to from now on.
    pub(super) fn take_probe(&mut self) -> Option<Probe> {
        self.probe.take()
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if self.probe.is_some() {
            let (shared, account, probe) = (Arc::clone(&self.shared), self.account.clone(), self.probe);
            let told = async move { shared.tell(&account, CallOutcome::NoAnswer, probe).await };
            self.shared.runtime.spawn(Box::pin(told));
        }
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot").field("account", &self.account).field("probe", &self.probe).finish_non_exhaustive()
    }
}
