//! A client with a planted bug.

use std::sync::Arc;

use amo_connect_domain::client::ClientFingerprint;
use amo_connect_domain::crm::contact::Contact;
use amo_connect_domain::crm::lead::{AmoLead, LeadFilter, LeadPage};
use amo_connect_domain::crm::pipeline::Pipeline;
use amo_connect_domain::host::AccountHost;
use amo_connect_domain::ids::AccountId;
use amo_connect_domain::ports::{AmoClient, AmoError, Located};
use amo_connect_domain::token::{AccessToken, AuthorizationCode, Issued, RefreshToken, State};
use async_trait::async_trait;
use url::Url;

use super::Bug;
use crate::crm::is_dressed;

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
impl AmoClient for BuggyAmo {
    fn authorization_url(&self, state: &State) -> Url {
        self.amo.authorization_url(state)
    }

    async fn exchange(&self, host: &AccountHost, code: &AuthorizationCode) -> Result<Issued, AmoError> {
        self.amo.exchange(host, code).await
    }

    async fn refresh(&self, host: &AccountHost, token: &RefreshToken) -> Result<Issued, AmoError> {
        match (self.bug, self.amo.refresh(host, token).await) {
            (Bug::ClientResends, Err(AmoError::OutcomeUnknown)) => self.amo.refresh(host, token).await,
            (Bug::UnknownTakenForUnavailable, Err(AmoError::OutcomeUnknown)) => Err(AmoError::Unavailable),
            (Bug::BanTakenForDeadGrant, Err(AmoError::Blocked)) => Err(AmoError::GrantRevoked),
            (Bug::DressedPairDropped, Ok(issued)) if is_dressed(&issued) => Err(AmoError::OutcomeUnknown),
            (_, answer) => answer,
        }
    }

    fn fingerprint(&self) -> ClientFingerprint {
        self.amo.fingerprint()
    }

    fn locator(&self, host: &AccountHost, access: &AccessToken) -> AccountHost {
        self.amo.locator(host, access)
    }

    async fn locate(
        &self,
        host: &AccountHost,
        access: &AccessToken,
        refresh: &RefreshToken,
    ) -> Result<Located, AmoError> {
        let located = self.amo.locate(host, access, refresh).await?;
        let at = located.at.filter(|_| self.bug != Bug::MoveTakenForDeadGrant);
        let by_authority = located.by_authority || self.bug == Bug::SuspectBelieved;
        Ok(Located { at, by_authority })
    }

    async fn account(&self, host: &AccountHost, token: &AccessToken) -> Result<AccountId, AmoError> {
        self.amo.account(host, token).await
    }

    async fn leads(&self, host: &AccountHost, token: &AccessToken, filter: &LeadFilter) -> Result<LeadPage, AmoError> {
        self.amo.leads(host, token, filter).await
    }

    async fn lead(&self, host: &AccountHost, token: &AccessToken, id: u64) -> Result<Option<AmoLead>, AmoError> {
        self.amo.lead(host, token, id).await
    }

    async fn contacts(&self, host: &AccountHost, token: &AccessToken, ids: &[u64]) -> Result<Vec<Contact>, AmoError> {
        self.amo.contacts(host, token, ids).await
    }

    async fn pipelines(&self, host: &AccountHost, token: &AccessToken) -> Result<Vec<Pipeline>, AmoError> {
        self.amo.pipelines(host, token).await
    }
}
