//! What the contract suite needs: the client, and a Harbour on loopback.

use std::sync::Arc;
use std::time::Duration;

use amo_connect_contract::amo_client::{AmoClientHarness, Entity, Feature};
use amo_connect_contract::wire::CrmServer;
use amo_connect_contract::{Asked, Reply};
use amo_connect_domain::host::{AccountHost, AllowedHosts};
use amo_connect_domain::ids::{AccountId, derived_number};
use amo_connect_domain::ports::AmoClient;
use amo_connect_domain::token::{AuthorizationCode, State};
use async_trait::async_trait;
use url::form_urlencoded::Serializer;

use crate::crm::{Harbour, PAGE, agency, column};
use crate::harbour::HarbourClient;

const AGENCIES: Harbour = Harbour { app: "for-you", key: "the app's key", has_tokens: false };
const TOKENS: Harbour = Harbour { has_tokens: true, ..AGENCIES };

/// A Harbour of two servers, and another agency that the client must not speak to.
pub(crate) struct HarbourHarness {
    pub(crate) crm: CrmServer,
    pub(crate) tokens: CrmServer,
    foreign: CrmServer,
    pub(crate) client: HarbourClient,
}

fn query(pairs: &[(&str, &str)]) -> String {
    Serializer::new(String::new()).extend_pairs(pairs).finish()
}

#[async_trait]
impl AmoClientHarness for HarbourHarness {
    async fn fresh() -> Self {
        let crm = CrmServer::start(AGENCIES).await.unwrap();
        let tokens = crm.beside(TOKENS).await.unwrap();
        let foreign = CrmServer::start(AGENCIES).await.unwrap();
        let allowed = AllowedHosts::parse(&format!("{},{}", crm.host(), tokens.host())).unwrap();
        let client = HarbourClient::new(AGENCIES.app, AGENCIES.key, tokens.host(), allowed, Duration::from_secs(1));
        Self { crm, tokens, foreign, client }
    }

    fn client(&self) -> Arc<dyn AmoClient> {
        Arc::new(self.client.clone())
    }

    fn host(&self) -> AccountHost {
        self.crm.host()
    }

    fn foreign_host(&self) -> AccountHost {
        self.foreign.host()
    }

    fn redirect(&self, code: &AuthorizationCode, state: &State) -> String {
        query(&[("ticket", code.expose()), ("state", state.expose())])
    }

    fn denial(&self, state: &State) -> String {
        query(&[("declined", "yes"), ("state", state.expose())])
    }

    fn hook(&self, _: AccountId) -> Option<String> {
        None
    }

    async fn will(&self, reply: Reply) {
        if reply == Reply::Unreachable {
            self.tokens.close().await.unwrap();
        } else {
            self.tokens.open().unwrap();
        }
        self.crm.will(reply).await.unwrap();
    }

    async fn asked(&self) -> Vec<Asked> {
        // Both of its servers keep one list.
        [self.crm.asked(), self.foreign.asked()].concat()
    }

    fn lacks(&self) -> &'static [Feature] {
        &[Feature::UnsortedStage, Feature::Archive, Feature::LookUp, Feature::Hook, Feature::MergedLeads]
    }

    fn number_of(&self, thing: Entity, number: u64) -> u64 {
        match thing {
            Entity::Account => derived_number(&agency(number)),
            Entity::Stage => derived_number(&column(number)),
            _ => number,
        }
    }

    fn page_size(&self, _: u32) -> u32 {
        PAGE
    }

    fn secrets(&self) -> Vec<String> {
        vec![AGENCIES.key.to_owned()]
    }
}
