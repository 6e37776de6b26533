//! Politeness: calls to one account are spaced evenly, as amoCRM counts them.

use std::num::NonZeroU32;
use std::time::Duration;

use amo_connect_domain::host::AccountHost;
use amo_connect_domain::ids::AccountId;
use amo_connect_domain::lead::{AmoLead, Contact, LeadFilter, LeadPage, Pipeline};
use amo_connect_domain::ports::{AmoClient, AmoError};
use amo_connect_domain::token::{AccessToken, AuthorizationCode, Issued, RefreshToken, State};
use async_trait::async_trait;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use url::Url;

/// How long a call waits for its turn.
const PATIENCE: Duration = Duration::from_secs(5);

/// What one second of calls is stretched over: a call that was slow on its way must not meet
/// the one a second later in amoCRM's window.
const STRETCHED_SECOND: Duration = Duration::from_millis(1050);

/// An [`AmoClient`] whose calls to one account host wait for their turn, within this process.
#[derive(Debug)]
pub struct PacedAmoClient<C> {
    client: C,
    turns: DefaultKeyedRateLimiter<String>,
}

impl<C: AmoClient> PacedAmoClient<C> {
    /// Lets at most `per_second` calls a second through to one account.
    pub fn new(client: C, per_second: NonZeroU32) -> Self {
        // A division of a positive time by a positive number is positive.
        let quota = Quota::with_period(STRETCHED_SECOND / per_second.get()).unwrap_or(Quota::per_second(per_second));
        Self { client, turns: RateLimiter::keyed(quota) }
    }

    async fn turn(&self, host: &AccountHost) -> Result<(), AmoError> {
        let account = host.as_str().to_owned();
        let turn = self.turns.until_key_ready(&account);
        let refused = AmoError::RateLimited { retry_after: Some(Duration::from_secs(1)) };
        tokio::time::timeout(PATIENCE, turn).await.or(Err(refused))
    }
}

#[async_trait]
impl<C: AmoClient> AmoClient for PacedAmoClient<C> {
    fn authorization_url(&self, state: &State) -> Url {
        self.client.authorization_url(state)
    }

    async fn exchange(&self, host: &AccountHost, code: &AuthorizationCode) -> Result<Issued, AmoError> {
        self.turn(host).await?;
        self.client.exchange(host, code).await
    }

    async fn refresh(&self, host: &AccountHost, token: &RefreshToken) -> Result<Issued, AmoError> {
        self.turn(host).await?;
        self.client.refresh(host, token).await
    }

    async fn locate(
        &self,
        host: &AccountHost,
        access: &AccessToken,
        refresh: &RefreshToken,
    ) -> Result<Option<AccountHost>, AmoError> {
        self.turn(host).await?;
        self.client.locate(host, access, refresh).await
    }

    async fn account(&self, host: &AccountHost, token: &AccessToken) -> Result<AccountId, AmoError> {
        self.turn(host).await?;
        self.client.account(host, token).await
    }

    async fn leads(&self, host: &AccountHost, token: &AccessToken, filter: &LeadFilter) -> Result<LeadPage, AmoError> {
        self.turn(host).await?;
        self.client.leads(host, token, filter).await
    }

    async fn lead(&self, host: &AccountHost, token: &AccessToken, id: u64) -> Result<Option<AmoLead>, AmoError> {
        self.turn(host).await?;
        self.client.lead(host, token, id).await
    }

    async fn contacts(&self, host: &AccountHost, token: &AccessToken, ids: &[u64]) -> Result<Vec<Contact>, AmoError> {
        self.turn(host).await?;
        self.client.contacts(host, token, ids).await
    }

    async fn pipelines(&self, host: &AccountHost, token: &AccessToken) -> Result<Vec<Pipeline>, AmoError> {
        self.turn(host).await?;
        self.client.pipelines(host, token).await
    }
}
