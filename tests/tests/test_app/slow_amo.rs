//! A CRM that takes its time.

use std::sync::Arc;

use amo_connect_contract::FakeAmo;
use amo_connect_domain::client::ClientFingerprint;
use amo_connect_domain::crm::contact::Contact;
use amo_connect_domain::crm::lead::{AmoLead, LeadFilter, LeadPage};
use amo_connect_domain::crm::pipeline::Pipeline;
use amo_connect_domain::host::AccountHost;
use amo_connect_domain::ids::AccountId;
use amo_connect_domain::ports::{AmoClient, AmoError, Located};
use amo_connect_domain::token::{AccessToken, AuthorizationCode, Issued, RefreshToken, State};
use async_trait::async_trait;
use tokio::sync::Semaphore;
use url::Url;

/// A [`FakeAmo`] where token requests, and those for the account, wait until they are let go.
#[derive(Clone, Debug)]
pub(crate) struct SlowAmo {
    crm: FakeAmo,
    arrived: Arc<Semaphore>,
    let_go: Arc<Semaphore>,
}

impl SlowAmo {
    pub(crate) fn before(crm: FakeAmo) -> Self {
        Self { crm, arrived: Arc::new(Semaphore::new(0)), let_go: Arc::new(Semaphore::new(0)) }
    }

    /// Ends when one more request has come.
    pub(crate) async fn arrival(&self) {
        self.arrived.acquire().await.unwrap().forget();
    }

    /// Lets so many requests go.
    pub(crate) fn let_go(&self, requests: usize) {
        self.let_go.add_permits(requests);
    }

    async fn wait(&self) {
        self.arrived.add_permits(1);
        self.let_go.acquire().await.unwrap().forget();
    }
}

#[async_trait]
impl AmoClient for SlowAmo {
    fn authorization_url(&self, state: &State) -> Url {
        self.crm.authorization_url(state)
    }

    async fn exchange(&self, host: &AccountHost, code: &AuthorizationCode) -> Result<Issued, AmoError> {
        self.wait().await;
        self.crm.exchange(host, code).await
    }

    async fn refresh(&self, host: &AccountHost, token: &RefreshToken) -> Result<Issued, AmoError> {
        self.wait().await;
        self.crm.refresh(host, token).await
    }

    fn fingerprint(&self) -> ClientFingerprint {
        self.crm.fingerprint()
    }

    fn locator(&self, host: &AccountHost, access: &AccessToken) -> AccountHost {
        self.crm.locator(host, access)
    }

    async fn locate(
        &self,
        host: &AccountHost,
        access: &AccessToken,
        refresh: &RefreshToken,
    ) -> Result<Located, AmoError> {
        self.crm.locate(host, access, refresh).await
    }

    async fn account(&self, host: &AccountHost, token: &AccessToken) -> Result<AccountId, AmoError> {
        self.wait().await;
        self.crm.account(host, token).await
    }

    async fn leads(&self, host: &AccountHost, token: &AccessToken, filter: &LeadFilter) -> Result<LeadPage, AmoError> {
        self.crm.leads(host, token, filter).await
    }

    async fn lead(&self, host: &AccountHost, token: &AccessToken, id: u64) -> Result<Option<AmoLead>, AmoError> {
        self.crm.lead(host, token, id).await
    }

    async fn contacts(&self, host: &AccountHost, token: &AccessToken, ids: &[u64]) -> Result<Vec<Contact>, AmoError> {
        self.crm.contacts(host, token, ids).await
    }

    async fn pipelines(&self, host: &AccountHost, token: &AccessToken) -> Result<Vec<Pipeline>, AmoError> {
        self.crm.pipelines(host, token).await
    }
}
