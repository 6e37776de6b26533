//! Seeing webhooks, waiting for them, and switching them on again.

use crate::{AccountId, Sandbox, SandboxError, WebhookReport};

impl Sandbox {
    /// The webhooks of an account: subscriptions, what is on its way, and what became of the rest.
    pub fn webhooks(&self, account: impl Into<AccountId>) -> Result<WebhookReport, SandboxError> {
        self.world.webhook_report(account.into())
    }

    /// Waits until no webhook of any account is due by the clock. Retries that are due later wait
    /// for [`Self::advance_clock`].
    pub async fn drain_webhooks(&self) {
        self.world.drain_webhooks().await;
    }

    /// Switches the webhook of a destination on again as an administrator does in the UI.
    pub fn enable_webhook(&self, account: impl Into<AccountId>, destination: &str) -> Result<(), SandboxError> {
        self.world.set_webhook_disabled(account.into(), destination, false)
    }
}
