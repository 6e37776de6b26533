//! Every client keeps the promises of the `AmoClient` port: one line each, one test per case.

#![expect(clippy::unwrap_used, reason = "a harness that cannot be made fails its case")]

use std::sync::Arc;
use std::time::Duration;

use amo_connect_adapters::amo::{AmoLimits, AmoSettings, OauthAmoClient};
use amo_connect_contract::amo_client::{AmoClientHarness, Feature};
use amo_connect_contract::wire::{CrmServer, Integration};
use amo_connect_contract::{Asked, Reply, amo_denial, amo_redirect};
use amo_connect_domain::host::{AccountHost, AllowedHosts};
use amo_connect_domain::ids::AccountId;
use amo_connect_domain::ports::AmoClient;
use amo_connect_domain::token::{AuthorizationCode, State};
use async_trait::async_trait;
use url::Url;

mod fake {
    amo_connect_contract::amo_client_contract!(amo_connect_contract::FakeAmoHarness);
}

mod oauth {
    amo_connect_contract::amo_client_contract!(super::OauthHarness);
}

const SECRET: &str = "the client's secret / with +&=% and ї";

/// A CRM on loopback, and another one that the client must not speak to.
struct OauthHarness {
    crm: CrmServer,
    foreign: CrmServer,
    settings: AmoSettings,
    client: Arc<OauthAmoClient>,
}

#[async_trait]
impl AmoClientHarness for OauthHarness {
    async fn fresh() -> Self {
        let integration = Integration {
            client_id: "0a1b2c3d-client".to_owned(),
            client_secret: SECRET.to_owned(),
            redirect_uri: "https://backend.example.com/api/amo-crm/callback?x=1&y=/".to_owned(),
        };
        let crm = CrmServer::start(integration.clone()).await.unwrap();
        let foreign = CrmServer::start(integration.clone()).await.unwrap();
        let settings = AmoSettings {
            client_id: integration.client_id,
            client_secret: integration.client_secret.into(),
            redirect_uri: integration.redirect_uri,
            auth_url: Url::parse("https://www.amocrm.ru/oauth").unwrap(),
            allowed_hosts: AllowedHosts::parse(crm.host().as_str()).unwrap(),
            allow_private_addresses: false,
        };
        let longest_wait = Duration::from_secs(1);
        let (token_timeout, api_timeout, write_timeout) = (longest_wait, longest_wait, longest_wait);
        let limits = AmoLimits { token_timeout, api_timeout, write_timeout, ..AmoLimits::default() };
        let client = Arc::new(OauthAmoClient::with_limits(settings.clone(), limits).unwrap());
        Self { crm, foreign, settings, client }
    }

    fn client(&self) -> Arc<dyn AmoClient> {
        Arc::clone(&self.client) as Arc<dyn AmoClient>
    }

    fn host(&self) -> AccountHost {
        self.crm.host()
    }

    fn foreign_host(&self) -> AccountHost {
        self.foreign.host()
    }

    fn redirect(&self, code: &AuthorizationCode, state: &State) -> String {
        amo_redirect(code, state, &self.host())
    }

    fn denial(&self, state: &State) -> String {
        amo_denial(state)
    }

    fn hook(&self, account: AccountId) -> Option<String> {
        let (client, signature) = (&self.settings.client_id, self.settings.hook_signature(account.0)?);
        Some(format!("account_id={account}&client_uuid={client}&signature={signature}"))
    }

    async fn will(&self, reply: Reply) {
        self.crm.will(reply).await.unwrap();
    }

    async fn asked(&self) -> Vec<Asked> {
        [self.crm.asked(), self.foreign.asked()].concat()
    }

    fn lacks(&self) -> &'static [Feature] {
        &[Feature::HostWithPair]
    }

    fn secrets(&self) -> Vec<String> {
        vec![SECRET.to_owned()]
    }
}
