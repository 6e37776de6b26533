//! The disconnect hook, amoCRM's word that an administrator disabled the integration; and the client
//! that sends it and the webhooks.

use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Serialize;
use sha2::Sha256;
use url::{Host, Url};

use crate::{
    AccountId, Integration, SandboxError,
    grants::hex,
    webhooks::{WebhookAnswer, sender::Job},
};

/// What became of a disconnect hook.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct HookOutcome {
    /// How often it was sent; 0 if the integration has no hook.
    pub attempts: u32,
    /// The status of the last answer; none if there was no answer.
    pub status: Option<u16>,
}

impl HookOutcome {
    /// Whether the hook was sent and taken.
    pub fn is_taken(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }
}

/// Sends hooks; follows no redirect and keeps no connection.
pub(crate) struct HookSender {
    client: reqwest::Client,
}

impl HookSender {
    /// # Errors
    /// [`SandboxError::HookSender`] if there is no TLS on this machine.
    pub(crate) fn new() -> Result<Self, SandboxError> {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(10))
            .pool_max_idle_per_host(0)
            .no_proxy()
            .build()
            .map_err(SandboxError::HookSender)?;
        Ok(Self { client })
    }

    /// Sends the hook of `integration` for `account`, and again up to `retries` times if it is not
    /// taken.
    pub(crate) async fn send(&self, integration: &Integration, account: AccountId, retries: u32) -> HookOutcome {
        let mut outcome = HookOutcome::default();
        let Some(url) = address(integration, account) else { return outcome };
        while outcome.attempts <= retries && !outcome.is_taken() {
            outcome.attempts += 1;
            let answer = self.client.get(url.clone()).send().await;
            outcome.status = answer.ok().map(|answer| answer.status().as_u16());
        }
        outcome
    }

    /// Makes one attempt to send a webhook, which may take as long as `limit`.
    pub(crate) async fn post(&self, job: &Job, body: String, limit: Duration) -> WebhookAnswer {
        let request = self
            .client
            .post(&job.destination)
            .header("user-agent", "amoCRM-Webhooks/3.0")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("x-amocrm-requestid", &job.request_id)
            .timeout(limit)
            .body(body);
        match request.send().await {
            Ok(answer) => WebhookAnswer::Status(answer.status().as_u16()),
            Err(error) if error.is_timeout() => WebhookAnswer::Timeout,
            Err(_) => WebhookAnswer::Nothing,
        }
    }
}

/// Whether `url` leads to this machine, whatever resolves names here.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        // An address of version 4 may be written as one of version 6.
        Some(Host::Ipv6(ip)) => ip.to_canonical().is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

/// The address of the hook with `account_id`, `client_uuid` and `signature` in its query.
fn address(integration: &Integration, account: AccountId) -> Option<Url> {
    let mut url = Url::parse(integration.hook_url.as_deref()?).ok()?;
    url.query_pairs_mut()
        .append_pair("account_id", &account.to_string())
        .append_pair("client_uuid", &integration.client_id)
        .append_pair("signature", &signature(integration, account)?);
    Some(url)
}

/// Hexadecimal HMAC-SHA256 of `client_uuid|account_id` under the client's secret.
fn signature(integration: &Integration, account: AccountId) -> Option<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(integration.client_secret.as_bytes()).ok()?;
    mac.update(format!("{}|{account}", integration.client_id).as_bytes());
    Some(hex(&mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Options;

    #[test]
    fn only_loopback_addresses_and_localhost_lead_to_this_machine() {
        for (url, expected) in [
            ("http://127.0.0.1:9/hook", true),
            ("http://127.8.8.8/", true),
            ("https://[::1]/hook", true),
            ("http://[::ffff:127.0.0.1]/", true),
            ("http://[::ffff:10.0.0.1]/", false),
            ("http://localhost:3000/", true),
            ("http://app.localhost/", true),
            ("http://0.0.0.0:9/", false),
            ("http://10.0.0.1/", false),
            ("http://localhost.example/", false),
            ("http://notlocalhost/", false),
            ("mailto:localhost", false),
        ] {
            assert_eq!(is_loopback(&Url::parse(url).unwrap()), expected, "{url}");
        }
    }

    #[test]
    fn the_signature_is_what_another_implementation_computes() {
        let options = Options { hook_url: Some("http://h/?a=1".to_owned()), ..Options::default() };
        let url = address(&options.integrations()[0], AccountId::FOR_YOU).unwrap();
        // printf 'sandbox|31920194' | openssl dgst -sha256 -hmac sandbox-secret
        let signature = "556e3dbb5f9cc01b14e7613b4ccbe362303e0b5d613f49d2b2844d7480d2d926";
        assert_eq!(
            url.as_str(),
            format!("http://h/?a=1&account_id=31920194&client_uuid=sandbox&signature={signature}")
        );
    }
}
