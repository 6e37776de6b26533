//! A client with a planted bug.

use std::sync::Arc;

use amo_connect_domain::host::AccountHost;
use amo_connect_domain::ids::AccountId;
use amo_connect_domain::lead::{AmoLead, Contact, LeadFilter, LeadPage, Pipeline};
use amo_connect_domain::ports::{AmoClient, AmoError};
use amo_connect_domain::token::{AccessToken, AuthorizationCode, Issued, RefreshToken, State};
use async_trait::async_trait;
use url::Url;

use super::Bug;

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
            (_, answer) => answer,
        }
    }

    async fn locate(
        &self,
        host: &AccountHost,
        access: &AccessToken,
        refresh: &RefreshToken,
    ) -> Result<Option<AccountHost>, AmoError> {
        let located = self.amo.locate(host, access, refresh).await;
        if self.bug == Bug::MoveTakenForDeadGrant { located.map(|_| None) } else { located }
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
