//! Sends what is due by the sandbox's clock.

use std::{sync::Arc, time::Duration};

use tokio::{
    task::{AbortHandle, JoinSet},
    time::sleep,
};
use url::form_urlencoded;

use super::retry;
use crate::{AccountId, store::Account, world::World};

/// One attempt to send a webhook.
pub(crate) struct Job {
    pub(super) account: AccountId,
    pub(super) subscription: u64,
    pub(crate) destination: String,
    pub(crate) request_id: String,
    /// Without its beginning, which says of which account it is.
    pub(super) body: String,
}

/// Starts to send webhooks; it ends when it is aborted.
pub(crate) fn spawn(world: &Arc<World>) -> AbortHandle {
    tokio::spawn(run(Arc::clone(world))).abort_handle()
}

async fn run(world: Arc<World>) {
    // Dropped with this future, and then all attempts end.
    let mut attempts = JoinSet::new();
    loop {
        let (now, is_frozen, switches) = {
            let state = world.state();
            (state.now().unix(), state.clock.reading().frozen, state.switches.clone())
        };
        for job in world.webhooks.take_due(now, &switches) {
            attempts.spawn(attempt(Arc::clone(&world), job));
        }
        let next = world.webhooks.next_due().filter(|_| !is_frozen);
        tokio::select! {
            () = world.webhooks.woken() => {}
            Some(_) = attempts.join_next() => {}
            () = wait(next.map(|due| due.saturating_sub(now).max(1))) => {}
        }
    }
}

/// Waits so many seconds, or for ever.
async fn wait(seconds: Option<u64>) {
    match seconds {
        Some(seconds) => sleep(Duration::from_secs(seconds)).await,
        None => std::future::pending().await,
    }
}

async fn attempt(world: Arc<World>, job: Job) {
    let limit = Duration::from_millis(world.state().switches.webhook_timeout_ms);
    let body = world.account_form(job.account) + &job.body;
    let answer = world.hook_sender.post(&job, body, limit).await;
    let switches = {
        let mut state = world.state();
        state.stats.webhooks_sent += 1;
        state.stats.webhooks_failed += u64::from(!retry::is_taken(answer.code(0)));
        state.switches.clone()
    };
    world.webhooks.answered(&job, answer, &switches);
}

impl World {
    /// How the bodies of an account begin: its name, its number, and where it is.
    pub(crate) fn account_form(&self, id: AccountId) -> String {
        let subdomain = self.account(id).map_or("", |account: &Account| account.subdomain.as_str());
        let host = self.state().hosts.of(id);
        let subdomain = host.subdomain().unwrap_or(subdomain);
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("account[subdomain]", subdomain);
        form.append_pair("account[id]", &id.to_string());
        form.append_pair("account[_links][self]", &host.url(""));
        form.finish() + "&"
    }

    /// Waits until no webhook is due by the clock.
    pub(crate) async fn drain_webhooks(&self) {
        loop {
            let next = self.webhooks.next_answer();
            tokio::pin!(next);
            // From here on no answer is missed.
            next.as_mut().enable();
            if !self.webhooks.is_busy(self.now()) {
                return;
            }
            next.await;
        }
    }
}
