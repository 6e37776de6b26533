//! What the controls do, whether they were reached in the process or over HTTP.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::{
    AccountId, ClockReading, Faults, HookOutcome, SandboxError, Switches, WebhooksOfDisabled, grants::Ending,
    patch::Settings, switches::TEN_YEARS, world::World,
};

/// What disabling the integration in an account did.
#[derive(Debug, Serialize)]
pub(crate) struct Disabled {
    /// Grants that ended.
    pub(crate) ended: usize,
    /// What became of the hook.
    pub(crate) hook: HookOutcome,
}

impl World {
    pub(crate) fn revoke(&self, account: AccountId) -> Result<usize, SandboxError> {
        self.account(account)?;
        Ok(self.state().book.end(account, None, Ending::Revoked))
    }

    pub(crate) fn expire_access(&self, account: AccountId) -> Result<usize, SandboxError> {
        self.account(account)?;
        let mut state = self.state();
        let now = state.now();
        Ok(state.book.expire_access(account, now))
    }

    pub(crate) async fn disable(&self, account: AccountId, client_id: &str) -> Result<Disabled, SandboxError> {
        self.account(account)?;
        let integration = self.integration(client_id)?;
        let (ended, retries, webhooks) = {
            let mut state = self.state();
            let ended = state.book.end(account, Some(client_id), Ending::Disabled);
            (ended, state.switches.hook_retries, state.switches.webhooks_of_disabled)
        };
        if webhooks == WebhooksOfDisabled::Deleted {
            self.webhooks.unsubscribe_integration(account, client_id);
        }
        let hook = self.hook_sender.send(integration, account, retries).await;
        let mut state = self.state();
        state.stats.hooks_sent += u64::from(hook.attempts);
        state.stats.hooks_failed += u64::from(hook.attempts) - u64::from(hook.is_taken());
        Ok(Disabled { ended, hook })
    }

    pub(crate) fn advance_clock(&self, by: Duration, frozen: Option<bool>) -> Result<ClockReading, SandboxError> {
        if by > Duration::from_secs(TEN_YEARS) {
            return Err(SandboxError::invalid("advance_s", "at most ten years at a time"));
        }
        let mut state = self.state();
        if let Some(frozen) = frozen {
            state.clock.freeze(frozen);
        }
        state.clock.advance(by);
        let reading = state.clock.reading();
        drop(state);
        self.webhooks.wake();
        Ok(reading)
    }

    pub(crate) fn freeze_clock(&self, frozen: bool) -> ClockReading {
        let mut state = self.state();
        state.clock.freeze(frozen);
        let reading = state.clock.reading();
        drop(state);
        self.webhooks.wake();
        reading
    }

    /// Changes the named faults and switches; either all of them or, if one is wrong, none.
    ///
    /// With an account the faults are that account's own, and switches are not among them.
    pub(crate) fn patch_faults(
        &self,
        account: Option<AccountId>,
        patch: &Map<String, Value>,
    ) -> Result<(), SandboxError> {
        if let Some(account) = account {
            self.account(account)?;
        }
        let mut state = self.state();
        let now = match account {
            Some(account) => state.account_faults.get(&account).cloned().unwrap_or_default(),
            None => state.faults.clone(),
        };
        let mut faults = Settings::of(&now);
        let mut switches = Settings::of(&state.switches);
        for (field, value) in patch {
            if faults.has(field) {
                faults.set::<Faults>(field, value)?;
            } else if !switches.has(field) {
                return Err(SandboxError::invalid(field, "no such fault or switch"));
            } else if account.is_some() {
                return Err(SandboxError::invalid(field, "a switch is for all accounts"));
            } else {
                switches.set::<Switches>(field, value)?;
            }
        }
        let (faults, switches): (Faults, Switches) = (faults.finish()?, switches.finish()?);
        faults.check()?;
        switches.check()?;
        match account {
            Some(account) => drop(state.account_faults.insert(account, faults)),
            None => state.faults = faults,
        }
        state.switches = switches;
        Ok(())
    }
}
