//! The fake's token endpoint.

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

use super::{Asked, FakeAmo, Reply, redirect};

#[async_trait]
impl TokenEndpoint for FakeAmo {
    fn authorization_url(&self, state: &State, _: Option<&AccountHost>) -> Url {
        let mut url = self.page.clone();
        url.query_pairs_mut().append_pair("state", state.expose());
        url
    }

    fn read_callback(&self, parameters: &Parameters) -> Callback {
        redirect::read(parameters)
    }

    fn read_hook(&self, parameters: &Parameters) -> Option<AccountId> {
        redirect::switched_off(parameters)
    }

    fn token_host(&self, account: &AccountHost) -> AccountHost {
        account.clone()
    }

    async fn exchange(&self, permit: Permit<call::Exchange>, code: &AuthorizationCode) -> Result<Issued, AmoError> {
        self.pass_the_gate().await;
        let host = permit.host();
        let asked = Asked::Exchange { host: host.clone(), code: code.clone() };
        self.call(&asked, Reply::into_issued, |crm| crm.exchange(host, code))
    }

    async fn refresh(&self, permit: Permit<call::Refresh>, token: &RefreshToken) -> Result<Issued, AmoError> {
        self.pass_the_gate().await;
        let host = permit.host();
        let asked = Asked::Refresh { host: host.clone(), token: token.clone() };
        // What was sent is not what comes back for it.
        let scripted = |reply: Reply| reply.into_issued().filter(|issued| issued.refresh != *token);
        self.call(&asked, scripted, |crm| crm.refresh(host, token))
    }

    fn fingerprint(&self) -> ClientFingerprint {
        ClientFingerprint::default()
    }

    fn locator(&self, host: &AccountHost, _access: &AccessToken) -> Option<AccountHost> {
        let crm = self.crm();
        crm.has_look_ups.then(|| crm.shard.clone().unwrap_or_else(|| host.clone()))
    }

    async fn locate(
        &self,
        permit: Permit<call::LookUp>,
        _access: &AccessToken,
        refresh: &RefreshToken,
    ) -> Result<Located, AmoError> {
        let asked = Asked::Locate { host: permit.host().clone(), token: refresh.clone() };
        let scripted = |reply| match reply {
            Reply::Located(host) => Some(Some(FoundHost { host, account: None })),
            _ => None,
        };
        let at = match self.call(&asked, scripted, |crm| Ok(crm.locate(refresh))) {
            Err(AmoError::AccessRefused | AmoError::NotFound) => None,
            located => located?,
        };
        if at.as_ref().is_some_and(|found| !self.allowed.permits(&found.host)) {
            return Err(AmoError::HostNotAllowed);
        }
        Ok(Located { at, by_authority: self.crm().has_authority })
    }
}
