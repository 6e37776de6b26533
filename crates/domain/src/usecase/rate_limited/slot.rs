//! A slot: a reservation that is due.

use std::fmt;
use std::sync::Arc;

use super::bundle::Due;
use super::dispatcher::SharedState;
use crate::clock::Instant;
use crate::host::AccountHost;
use crate::rate_limit::{CallOutcome, Probe};

/// The right to send one call, now. If it is a probe's and it is dropped without an outcome, the store is told
/// so: that the call was not sent, or that it was and nobody knows more.
pub(super) struct Slot {
    shared: Arc<SharedState>,
    account: AccountHost,
    due: Due,
    probe: Option<Probe>,
    is_sent: bool,
}

impl Slot {
    /// A slot that is `due` at this time.
    pub(super) fn new(shared: &Arc<SharedState>, account: &AccountHost, due: Due, probe: Option<Probe>) -> Self {
        Self { shared: Arc::clone(shared), account: account.clone(), due, probe, is_sent: false }
    }

    /// Whether the slot was missed. A probe's never is: no other calls are sent.
    pub(super) fn is_over(&self, now: Instant) -> bool {
        self.probe.is_none() && self.due.is_over(now)
    }

    /// Whether it is a probe's.
    pub(super) fn is_probe(&self) -> bool {
        self.probe.is_some()
    }

    /// Its call is sent now.
    pub(super) fn send(&mut self) {
        self.is_sent = true;
    }

    /// The probe, whose outcome the caller records from now on.
    pub(super) fn take_probe(&mut self) -> Option<Probe> {
        self.probe.take()
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if self.probe.is_some() {
            let (shared, account, probe) = (Arc::clone(&self.shared), self.account.clone(), self.probe);
            let call_outcome = if self.is_sent { CallOutcome::NoAnswer } else { CallOutcome::NotSent };
            let record = async move { shared.record_outcome(&account, call_outcome, probe).await };
            self.shared.runtime.spawn(Box::pin(record));
        }
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot").field("account", &self.account).field("probe", &self.probe).finish_non_exhaustive()
    }
}
