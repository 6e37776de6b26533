//! A client with a planted bug.

use std::sync::Arc;

use amo_connect_domain::authorization::callback::{Callback, Parameters};
use amo_connect_domain::client::ClientFingerprint;
use amo_connect_domain::crm::contact::Contact;
use amo_connect_domain::crm::lead::{AmoLead, LeadFilter, LeadPage};
use amo_connect_domain::crm::pipeline::Pipeline;
use amo_connect_domain::host::AccountHost;
use amo_connect_domain::ids::AccountId;
use amo_connect_domain::ports::{AmoClient, AmoError, CrmApi, Located, TokenEndpoint};
use amo_connect_domain::rate_limit::{Permit, call};
use amo_connect_domain::token::{AccessToken, AuthorizationCode, Issued, RefreshToken, State};
use async_trait::async_trait;
use url::Url;

use super::Bug;
use crate::crm::is_odd_answer;

#[derive(Debug)]
pub(super) struct BuggyAmo {
    amo: Arc<dyn AmoClient>,
    bug: Bug,
}

impl BuggyAmo {
    pub(super) fn new(amo: Arc<dyn AmoClient>, bug: Bug) -> Self {
        Self { amo, bug }
    }
}

#[async_trait]
impl TokenEndpoint for BuggyAmo {
    fn authorization_url(&self, state: &State, account: Option<&AccountHost>) -> Url {
        self.amo.authorization_url(state, account)
    }

    fn read_callback(&self, parameters: &Parameters) -> Callback {
        self.amo.read_callback(parameters)
    }

    fn read_hook(&self, parameters: &Parameters) -> Option<AccountId> {
        self.amo.read_hook(parameters)
    }

    fn token_host(&self, account: &AccountHost) -> AccountHost {
        self.amo.token_host(account)
    }

    async fn exchange(&self, permit: Permit<call::Exchange>, code: &AuthorizationCode) -> Result<Issued, AmoError> {
        self.amo.exchange(permit, code).await
    }

    async fn refresh(&self, permit: Permit<call::Refresh>, token: &RefreshToken) -> Result<Issued, AmoError> {
        let host = permit.host().clone();
        match (self.bug, self.amo.refresh(permit, token).await) {
            (Bug::ClientResends, Err(AmoError::OutcomeUnknown)) => {
                self.amo.refresh(Permit::for_testing(&host), token).await
            }
            (Bug::UnknownTakenForUnavailable, Err(AmoError::OutcomeUnknown)) => Err(AmoError::Unavailable),
            (Bug::BanTakenForDeadGrant, Err(AmoError::Blocked)) => Err(AmoError::GrantRevoked),
            (Bug::OddAnswerDropped, Ok(issued)) if is_odd_answer(&issued) => Err(AmoError::OutcomeUnknown),
            (_, answer) => answer,
        }
    }

    fn fingerprint(&self) -> ClientFingerprint {
        self.amo.fingerprint()
    }

    fn locator(&self, host: &AccountHost, access: &AccessToken) -> Option<AccountHost> {
        self.amo.locator(host, access)
    }

    async fn locate(
        &self,
        permit: Permit<call::LookUp>,
        access: &AccessToken,
        refresh: &RefreshToken,
    ) -> Result<Located, AmoError> {
        let located = self.amo.locate(permit, access, refresh).await?;
        let at = located.at.filter(|_| self.bug != Bug::MoveTakenForDeadGrant);
        let by_authority = located.by_authority || self.bug == Bug::AuthorityIgnored;
        Ok(Located { at, by_authority })
    }
}

#[async_trait]
impl CrmApi for BuggyAmo {
    async fn account(&self, permit: Permit<call::Read>, token: &AccessToken) -> Result<AccountId, AmoError> {
        self.amo.account(permit, token).await
    }

    async fn leads(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        filter: &LeadFilter,
    ) -> Result<LeadPage, AmoError> {
        self.amo.leads(permit, token, filter).await
    }

    async fn lead(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        id: u64,
    ) -> Result<Option<AmoLead>, AmoError> {
        self.amo.lead(permit, token, id).await
    }

    async fn contacts(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        ids: &[u64],
    ) -> Result<Vec<Contact>, AmoError> {
        self.amo.contacts(permit, token, ids).await
    }

    async fn pipelines(&self, permit: Permit<call::Read>, token: &AccessToken) -> Result<Vec<Pipeline>, AmoError> {
        self.amo.pipelines(permit, token).await
    }
}
