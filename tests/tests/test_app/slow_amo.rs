//! A CRM that takes its time.

use std::sync::Arc;

use amo_connect_contract::FakeAmo;
use amo_connect_domain::authorization::callback::{Callback, Parameters};
use amo_connect_domain::client::ClientFingerprint;
use amo_connect_domain::crm::contact::Contact;
use amo_connect_domain::crm::lead::{AmoLead, LeadFilter, LeadPage};
use amo_connect_domain::crm::pipeline::Pipeline;
use amo_connect_domain::host::AccountHost;
use amo_connect_domain::ids::AccountId;
use amo_connect_domain::ports::{AmoError, CrmApi, Located, TokenEndpoint};
use amo_connect_domain::rate_limit::{Permit, call};
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
impl TokenEndpoint for SlowAmo {
    fn authorization_url(&self, state: &State, account: Option<&AccountHost>) -> Url {
        self.crm.authorization_url(state, account)
    }

    fn read_callback(&self, parameters: &Parameters) -> Callback {
        self.crm.read_callback(parameters)
    }

    fn read_hook(&self, parameters: &Parameters) -> Option<AccountId> {
        self.crm.read_hook(parameters)
    }

    fn token_host(&self, account: &AccountHost) -> AccountHost {
        self.crm.token_host(account)
    }

    async fn exchange(&self, permit: Permit<call::Exchange>, code: &AuthorizationCode) -> Result<Issued, AmoError> {
        self.wait().await;
        self.crm.exchange(permit, code).await
    }

    async fn refresh(&self, permit: Permit<call::Refresh>, token: &RefreshToken) -> Result<Issued, AmoError> {
        self.wait().await;
        self.crm.refresh(permit, token).await
    }

    fn fingerprint(&self) -> ClientFingerprint {
        self.crm.fingerprint()
    }

    fn locator(&self, host: &AccountHost, access: &AccessToken) -> Option<AccountHost> {
        self.crm.locator(host, access)
    }

    async fn locate(
        &self,
        permit: Permit<call::LookUp>,
        access: &AccessToken,
        refresh: &RefreshToken,
    ) -> Result<Located, AmoError> {
        self.crm.locate(permit, access, refresh).await
    }
}

#[async_trait]
impl CrmApi for SlowAmo {
    async fn account(&self, permit: Permit<call::Read>, token: &AccessToken) -> Result<AccountId, AmoError> {
        self.wait().await;
        self.crm.account(permit, token).await
    }

    async fn leads(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        filter: &LeadFilter,
    ) -> Result<LeadPage, AmoError> {
        self.crm.leads(permit, token, filter).await
    }

    async fn lead(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        id: u64,
    ) -> Result<Option<AmoLead>, AmoError> {
        self.crm.lead(permit, token, id).await
    }

    async fn contacts(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        ids: &[u64],
    ) -> Result<Vec<Contact>, AmoError> {
        self.crm.contacts(permit, token, ids).await
    }

    async fn pipelines(&self, permit: Permit<call::Read>, token: &AccessToken) -> Result<Vec<Pipeline>, AmoError> {
        self.crm.pipelines(permit, token).await
    }
}
