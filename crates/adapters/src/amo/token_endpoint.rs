//! Tokens, and where accounts are: the first half of the port.

use amo_connect_domain::authorization::callback::{Callback, Parameters};
use amo_connect_domain::client::ClientFingerprint;
use amo_connect_domain::host::AccountHost;
use amo_connect_domain::host_look_up::FoundHost;
use amo_connect_domain::ids::AccountId;
use amo_connect_domain::ports::{AmoError, Located, TokenEndpoint};
use amo_connect_domain::rate_limit::{Permit, call};
use amo_connect_domain::token::{AccessToken, AuthorizationCode, Issued, RefreshToken, State};
use async_trait::async_trait;
use url::Url;

use super::{OauthAmoClient, callback, claims, hook};

impl OauthAmoClient {
    /// The host that knows where the account of this token is, if the token names one that is allowed.
    fn shard(&self, access: &AccessToken) -> Option<AccountHost> {
        claims::api_domain(access.expose()).and_then(|shard| self.settings.allowed_hosts.admit(&shard))
    }
}

#[async_trait]
impl TokenEndpoint for OauthAmoClient {
    fn authorization_url(&self, state: &State, _: Option<&AccountHost>) -> Url {
        let mut url = self.settings.auth_url.clone();
        url.query_pairs_mut()
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("state", state.expose())
            .append_pair("mode", "popup");
        url
    }

    fn read_callback(&self, parameters: &Parameters) -> Callback {
        callback::read(parameters)
    }

    fn read_hook(&self, parameters: &Parameters) -> Option<AccountId> {
        hook::account(&self.settings, parameters)
    }

    fn token_host(&self, account: &AccountHost) -> AccountHost {
        account.clone()
    }

    async fn exchange(&self, permit: Permit<call::Exchange>, code: &AuthorizationCode) -> Result<Issued, AmoError> {
        let host = permit.host();
        self.tokens.exchange(self.address(host, "/oauth2/access_token")?, code).await
    }

    async fn refresh(&self, permit: Permit<call::Refresh>, token: &RefreshToken) -> Result<Issued, AmoError> {
        let host = permit.host();
        self.tokens.refresh(self.address(host, "/oauth2/access_token")?, token).await
    }

    fn fingerprint(&self) -> ClientFingerprint {
        self.settings.fingerprint()
    }

    fn locator(&self, host: &AccountHost, access: &AccessToken) -> Option<AccountHost> {
        Some(self.shard(access).unwrap_or_else(|| host.clone()))
    }

    async fn locate(
        &self,
        permit: Permit<call::LookUp>,
        access: &AccessToken,
        refresh: &RefreshToken,
    ) -> Result<Located, AmoError> {
        let by_authority = self.shard(access).is_some_and(|shard| shard == *permit.host());
        let url = self.address(permit.host(), "/oauth2/account/current/subdomain")?;
        let Some(answer) = self.api.look_up(url, refresh).await? else {
            return Ok(Located { at: None, by_authority });
        };
        let domain = answer.domain.as_str().ok_or(AmoError::Protocol)?;
        let Some(host) = self.settings.allowed_hosts.admit(domain) else {
            let moved_to = host_name(domain);
            tracing::error!(amo.host = %permit.host(), amo.moved_to = moved_to, "account has moved to a host that is not allowed: check AMO_ALLOWED_HOSTS");
            return Err(AmoError::HostNotAllowed);
        };
        let account = answer.id.0.map(AccountId);
        Ok(Located { at: Some(FoundHost { host, account }), by_authority })
    }
}

/// The longest label of a host's name.
const LONGEST_LABEL: usize = 63;

/// `text` if it can be a host's name, as far as a log shows amoCRM's words. A token that was put in its place has no
/// dots, or longer parts.
fn host_name(text: &str) -> Option<&str> {
    let is_sign = |sign: char| sign.is_ascii_alphanumeric() || ".-:".contains(sign);
    let is_name = |text: &str| {
        let has_labels = text.contains('.') && text.split('.').all(|label| label.len() <= LONGEST_LABEL);
        text.len() <= 253 && has_labels && text.chars().all(is_sign)
    };
    Some(text).filter(|text| is_name(text))
}
