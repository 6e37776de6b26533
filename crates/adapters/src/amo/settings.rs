//! What the client has to know of the integration, and how patient it is.

use std::time::Duration;

use amo_connect_domain::client::ClientFingerprint;
use amo_connect_domain::host::AllowedHosts;
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use crate::http::HttpLimits;

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
}

impl AmoLimits {
    /// Those of token requests; `local` if the CRM is a local one.
    pub(super) fn of_tokens(self, local: bool) -> HttpLimits {
        let (timeout, longest_body) = (self.token_timeout, self.token_body);
        HttpLimits { connect_timeout: self.connect_timeout, timeout, longest_body, is_local: local }
    }

    /// Those of writes.
    pub(super) fn of_writes(self, local: bool) -> HttpLimits {
        let connect_timeout = self.connect_timeout.min(WRITE_CONNECT_TIMEOUT);
        HttpLimits { timeout: self.write_timeout, connect_timeout, ..self.of_reads(local) }
    }

    /// Those of reads.
    pub(super) fn of_reads(self, local: bool) -> HttpLimits {
        let (timeout, longest_body) = (self.api_timeout, self.api_body);
        HttpLimits { connect_timeout: self.connect_timeout, timeout, longest_body, is_local: local }
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
        }
    }
}
