//! The right to send one call, now.

use std::fmt;
use std::sync::Arc;

use super::duty::Shared;
use crate::host::AccountHost;
use crate::turns::{Heard, Probe};

/// The right to send one call, now. If it is a probe's and nothing was heard of the call when it
/// is dropped, the book is told so.
pub(super) struct Pass {
    shared: Arc<Shared>,
    account: AccountHost,
    probe: Option<Probe>,
}

impl Pass {
    pub(super) fn new(shared: &Arc<Shared>, account: &AccountHost, probe: Option<Probe>) -> Self {
        Self { shared: Arc::clone(shared), account: account.clone(), probe }
    }

    /// The probe, whose news somebody sees to from now on.
    pub(super) fn take_probe(&mut self) -> Option<Probe> {
        self.probe.take()
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        if self.probe.is_some() {
            let (shared, account, probe) = (Arc::clone(&self.shared), self.account.clone(), self.probe);
            let told = async move { shared.tell(&account, Heard::Silence, probe).await };
            self.shared.runtime.spawn(Box::pin(told));
        }
    }
}

impl fmt::Debug for Pass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pass").field("account", &self.account).field("probe", &self.probe).finish_non_exhaustive()
    }
}
