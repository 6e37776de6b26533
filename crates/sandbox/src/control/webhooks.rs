//! Seeing the webhooks of an account, waiting for them, and switching them on and off.

use std::time::Duration;

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Bytes, Data, Query},
};
use serde::Deserialize;
use serde_json::json;

use super::{Answer, body::Fields};
use crate::{AccountId, SandboxError, WebhookReport, world::World};

/// How long to wait for webhooks unless the request says so, and at most, in seconds.
const WAIT: f64 = 30.0;
const LONGEST_WAIT: f64 = 600.0;

impl World {
    pub(crate) fn webhook_report(&self, account: AccountId) -> Result<WebhookReport, SandboxError> {
        let account = self.account(account)?.id;
        Ok(self.webhooks.report(account, &self.account_form(account)))
    }

    pub(crate) fn set_webhook_disabled(
        &self,
        account: AccountId,
        destination: &str,
        disabled: bool,
    ) -> Result<(), SandboxError> {
        let account = self.account(account)?.id;
        self.webhooks.set_disabled(account, destination, disabled)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfAccount {
    account: AccountId,
}

/// The subscriptions and the webhooks of an account.
pub(super) async fn show(world: Data<World>, request: HttpRequest) -> Answer {
    let asked = Query::<OfAccount>::from_query(request.query_string())
        .map_err(|error| SandboxError::invalid("account", error.to_string()))?;
    Ok(HttpResponse::Ok().json(world.webhook_report(asked.account)?))
}

/// Switches the webhook of a destination on or off.
pub(super) async fn switch(world: Data<World>, body: Bytes) -> Answer {
    let mut fields = Fields::read(&body)?;
    let account = fields.account()?;
    let destination: Option<String> = fields.optional("destination", "the address of a webhook is wanted")?;
    let disabled: Option<bool> = fields.optional("disabled", "true or false is wanted")?;
    fields.finish()?;
    let destination = destination.ok_or_else(|| SandboxError::invalid("destination", "missing"))?;
    let disabled = disabled.ok_or_else(|| SandboxError::invalid("disabled", "missing"))?;
    world.set_webhook_disabled(account, &destination, disabled)?;
    Ok(HttpResponse::Ok().json(world.webhook_report(account)?))
}

/// Waits until no webhook is due.
pub(super) async fn drain(world: Data<World>, body: Bytes) -> Answer {
    let mut fields = Fields::read(&body)?;
    let wait: Option<f64> = fields.optional("timeout_s", "a number of seconds is wanted")?;
    fields.finish()?;
    let wait = wait.unwrap_or(WAIT);
    if !(0.0..=LONGEST_WAIT).contains(&wait) {
        return Err(SandboxError::invalid("timeout_s", "from 0 to 600 seconds"));
    }
    let drained = tokio::time::timeout(Duration::from_secs_f64(wait), world.drain_webhooks()).await;
    Ok(HttpResponse::Ok().json(json!({"drained": drained.is_ok()})))
}
