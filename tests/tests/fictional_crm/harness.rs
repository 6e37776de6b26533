//! What the contract suite needs: the client, and a Harbour on loopback.

use std::sync::Arc;
use std::time::Duration;

use amo_connect_contract::amo_client::AmoClientHarness;
use amo_connect_contract::wire::CrmServer;
use amo_connect_contract::{Asked, Reply};
use amo_connect_domain::host::{AccountHost, AllowedHosts};
use amo_connect_domain::ports::AmoClient;
use async_trait::async_trait;

use crate::crm::Harbour;
use crate::harbour::HarbourClient;

const APP: &str = "for-you";
const KEY: &str = "the app's key";

/// A Harbour, and another that the client must not speak to.
pub(crate) struct HarbourHarness {
    crm: CrmServer,
    foreign: CrmServer,
    pub(crate) client: HarbourClient,
}

#[async_trait]
impl AmoClientHarness for HarbourHarness {
    async fn fresh() -> Self {
        let crm = CrmServer::start(Harbour { app: APP, key: KEY }).await.unwrap();
        let foreign = CrmServer::start(Harbour { app: APP, key: KEY }).await.unwrap();
        let allowed = AllowedHosts::parse(crm.host().as_str()).unwrap();
        let client = HarbourClient::new(APP, KEY, allowed, Duration::from_secs(1));
        Self { crm, foreign, client }
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

    async fn will(&self, reply: Reply) {
        self.crm.will(reply).await.unwrap();
    }

    async fn asked(&self) -> Vec<Asked> {
        [self.crm.asked(), self.foreign.asked()].concat()
    }

    fn secrets(&self) -> Vec<String> {
        vec![KEY.to_owned()]
    }
}
