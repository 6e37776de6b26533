//! What the client has to know of the integration, and how patient it is.

use std::time::Duration;

use amo_connect_domain::client::ClientFingerprint;
use amo_connect_domain::host::AllowedHosts;
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use crate::http::{HttpLimits, SMALL_ANSWER};

/// For reaching a host with a write: no byte may be sent later than 5 s after the write was recorded, and the use case
/// takes up to 2 s of that.
pub(super) const WRITE_CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// The amoCRM integration.
#[derive(Clone, Debug)]
pub struct AmoSettings {
    /// `AMO_CLIENT_ID`.
    pub client_id: String,
    /// `AMO_CLIENT_SECRET`.
    pub client_secret: SecretString,
    /// `AMO_REDIRECT_URI`. A text, for it must equal the registered one byte for byte.
    pub redirect_uri: String,
    /// `AMO_AUTH_URL`, amoCRM's consent page.
    pub auth_url: Url,
    /// `AMO_ALLOWED_HOSTS`. No other host is sent anything.
    pub allowed_hosts: AllowedHosts,
    /// `AMO_ALLOW_PRIVATE_ADDRESSES`: whether the name of an account host may lead to one.
    pub allow_private_addresses: bool,
}

impl AmoSettings {
    /// What amoCRM knows the integration by.
    pub(super) fn fingerprint(&self) -> ClientFingerprint {
        ClientFingerprint::keyed(self.client_secret.expose_secret(), &[&self.client_id, &self.redirect_uri])
    }
}

/// Limits on the time and size of amoCRM's answers.
#[derive(Clone, Copy, Debug)]
pub struct AmoLimits {
    /// For reaching a host: DNS, TCP and TLS. Shorter than the two below, or a host that
    /// cannot be reached is taken for one that did not answer.
    pub connect_timeout: Duration,
    /// For a whole token request.
    pub token_timeout: Duration,
    /// For a whole API call.
    pub api_timeout: Duration,
    /// For a whole write. Shorter than its caller waits, who then can still look whether it was done.
    pub write_timeout: Duration,
    /// Bytes of a token answer.
    pub token_body: usize,
    /// Bytes of an API answer.
    pub api_body: usize,
    /// Calls at one time, each with a socket; and connections that are kept for the next ones. A quarter of the calls
    /// are kept for token requests: reads that wait for a silent amoCRM cannot take them.
    pub calls: usize,
}

impl AmoLimits {
    /// Those of token requests.
    pub(super) fn of_tokens(self, settings: &AmoSettings) -> HttpLimits {
        HttpLimits { timeout: self.token_timeout, longest_body: self.token_body, ..self.of_reads(settings) }
    }

    /// Those of writes.
    pub(super) fn of_writes(self, settings: &AmoSettings) -> HttpLimits {
        let connect_timeout = self.connect_timeout.min(WRITE_CONNECT_TIMEOUT);
        let longest_body = self.api_body.min(SMALL_ANSWER);
        HttpLimits { timeout: self.write_timeout, connect_timeout, longest_body, ..self.of_reads(settings) }
    }

    /// How many of the calls are token requests.
    pub(super) fn token_calls(self) -> usize {
        (self.calls / 4).max(1)
    }

    /// Those of reads.
    pub(super) fn of_reads(self, settings: &AmoSettings) -> HttpLimits {
        HttpLimits {
            connect_timeout: self.connect_timeout,
            timeout: self.api_timeout,
            longest_body: self.api_body,
            is_local: settings.allowed_hosts.is_local(),
            private_addresses: settings.allow_private_addresses,
        }
    }
}

impl Default for AmoLimits {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            token_timeout: Duration::from_mins(1),
            api_timeout: Duration::from_secs(15),
            write_timeout: Duration::from_secs(8),
            token_body: 64 * 1024,
            api_body: 10 * 1024 * 1024,
            calls: 512,
        }
    }
}
