//! Webhooks: who subscribed, what is on its way to them, and how it is sent.
//!
//! [`Webhooks`] listens to the stores: a commit queues its webhooks before the next one can begin,
//! with bodies that say how everything was at that moment. The [`sender`] takes what is due by the
//! sandbox's clock, one webhook at a time for each destination.

mod account;
mod body;
mod delivery;
mod destination;
mod positions;
mod report;
mod retry;
pub(crate) mod sender;
mod settings;
mod subscription;

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{Notify, futures::Notified};

use crate::{
    AccountId, SandboxError, Switches, UserId,
    store::{CommitListener, Context, Tables},
};
use account::AccountWebhooks;
use body::Scene;
pub use delivery::{DeliveryState, WebhookAnswer, WebhookAttempt, WebhookDelivery};
pub(crate) use destination::{BadDestination, check as check_destination};
pub use positions::{
    WebhookEntities, WebhookOrder, WebhookPlan, WebhookRepost, WebhookRequestId, WebhookZone, WebhooksOfDisabled,
};
pub use report::{WebhookReport, WebhookSubscription};
use sender::Job;
pub(crate) use settings::is_known as is_setting;
pub(crate) use subscription::Subscription;

/// The most webhooks that an account may have.
pub(crate) const MOST_SUBSCRIPTIONS: usize = 100;

/// All webhooks of the sandbox. Its lock is the innermost: who holds it takes no other.
#[derive(Default)]
pub(crate) struct Webhooks {
    accounts: Mutex<BTreeMap<AccountId, AccountWebhooks>>,
    /// Something may be due that was not before.
    changed: Notify,
    /// An attempt has ended.
    answered: Notify,
}

/// What somebody subscribes to.
pub(crate) struct Wanted {
    pub(crate) destination: String,
    pub(crate) settings: Vec<String>,
    pub(crate) user: UserId,
    pub(crate) client_id: Option<String>,
}

impl Webhooks {
    fn accounts(&self) -> MutexGuard<'_, BTreeMap<AccountId, AccountWebhooks>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The subscriptions of an account, the oldest first.
    pub(crate) fn subscriptions(&self, account: AccountId) -> Vec<Subscription> {
        self.accounts().get(&account).map(AccountWebhooks::subscriptions).unwrap_or_default()
    }

    /// Subscribes a destination, or changes what it is subscribed to; `None` if there are too many.
    pub(crate) fn subscribe(
        &self,
        account: AccountId,
        wanted: Wanted,
        now: u64,
        switches: &Switches,
    ) -> Option<Subscription> {
        self.accounts().entry(account).or_default().subscribe(account, wanted, now, switches)
    }

    /// Ends the subscription of a destination; says whether there was one.
    pub(crate) fn unsubscribe(&self, account: AccountId, destination: &str) -> bool {
        self.accounts().get_mut(&account).is_some_and(|webhooks| webhooks.unsubscribe(destination))
    }

    /// Deletes what an integration subscribed.
    pub(crate) fn unsubscribe_integration(&self, account: AccountId, client_id: &str) {
        if let Some(webhooks) = self.accounts().get_mut(&account) {
            webhooks.unsubscribe_integration(client_id);
        }
    }

    /// Switches the webhook of a destination on or off, as somebody does in the UI.
    pub(crate) fn set_disabled(
        &self,
        account: AccountId,
        destination: &str,
        disabled: bool,
    ) -> Result<(), SandboxError> {
        let mut accounts = self.accounts();
        let known = accounts.get_mut(&account).is_some_and(|webhooks| webhooks.set_disabled(destination, disabled));
        if known { Ok(()) } else { Err(SandboxError::invalid("destination", "no webhook has this destination")) }
    }

    /// Forgets everything.
    pub(crate) fn reset(&self) {
        self.accounts().clear();
        self.answered.notify_waiters();
    }

    /// Lets the sender look again what is due.
    pub(crate) fn wake(&self) {
        self.changed.notify_one();
    }

    async fn woken(&self) {
        self.changed.notified().await;
    }

    /// Everything that is to be sent now; each is on its way until [`Self::answered`].
    fn take_due(&self, now: u64, switches: &Switches) -> Vec<Job> {
        let mut accounts = self.accounts();
        accounts.values_mut().flat_map(|webhooks| webhooks.take_due(now, switches)).collect()
    }

    /// When the sender must look again: the next second at which something is due.
    fn next_due(&self) -> Option<u64> {
        self.accounts().values().filter_map(AccountWebhooks::next_due).min()
    }

    /// Notes what a destination answered.
    fn answered(&self, job: &Job, answer: WebhookAnswer, switches: &Switches) {
        if let Some(webhooks) = self.accounts().get_mut(&job.account) {
            webhooks.answered(job, answer, answer.code(switches.webhook_timeout_status));
        }
        self.answered.notify_waiters();
        self.changed.notify_one();
    }

    /// Whether something is on its way or due.
    pub(crate) fn is_busy(&self, now: u64) -> bool {
        self.accounts().values().any(|webhooks| webhooks.is_busy(now))
    }

    /// Ends when the next attempt has ended.
    pub(crate) fn next_answer(&self) -> Notified<'_> {
        self.answered.notified()
    }

    /// What is known of the webhooks of an account; `account_form` is the beginning of all bodies.
    pub(crate) fn report(&self, account: AccountId, account_form: &str) -> WebhookReport {
        let accounts = self.accounts();
        accounts.get(&account).map(|webhooks| webhooks.report(account_form)).unwrap_or_default()
    }
}

impl CommitListener for Webhooks {
    fn committed(&self, account: AccountId, tables: &Tables, context: &Context<'_>, after: u64) {
        let subscriptions = self.accounts().get(&account).map(AccountWebhooks::enabled).unwrap_or_default();
        if subscriptions.is_empty() {
            return;
        }
        let hooks = body::hooks(tables.feed.after(after), context.switches);
        let scene = Scene { account, tables, switches: context.switches };
        for (subscription, settings) in subscriptions {
            let bodies = body::bodies(&hooks, &settings, &scene);
            if let Some(webhooks) = self.accounts().get_mut(&account) {
                webhooks.push(subscription, bodies, context);
            }
        }
        self.changed.notify_one();
    }
}
