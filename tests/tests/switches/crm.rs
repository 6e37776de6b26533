//! A local amoCRM and our client of it.

use amo_connect_domain::usecase::rate_limited::{RateLimitedClient, Urgency};
use std::sync::Arc;
use std::time::Duration;

use amo_connect_adapters::amo::{AmoSettings, OauthAmoClient};
use amo_connect_domain::crm::lead::LeadFilter;
use amo_connect_domain::host::{AccountHost, AllowedHosts};
use amo_connect_domain::ids::AccountId;
use amo_connect_domain::ports::AmoError;
use amo_connect_domain::token::{AuthorizationCode, Issued, RefreshToken};
use amo_connect_sandbox::{Options, Sandbox, Switches};
use amo_connect_tests::ACCOUNT;

/// Turns switches.
pub(crate) type Turn = fn(&mut Switches);

/// A local amoCRM, and our client of it.
pub(crate) struct Crm {
    pub(crate) sandbox: Sandbox,
    pub(crate) client: RateLimitedClient,
}

impl Crm {
    /// One whose limits are off and whose clock stands still.
    pub(crate) async fn start() -> Self {
        Self::known_as("http://127.0.0.1:8080/api/amo-crm/callback").await
    }

    /// The same, and a client that is set to `redirect_uri`.
    pub(crate) async fn known_as(redirect_uri: &str) -> Self {
        let switches = Switches { rate_limit: 0, account_rate_limit: 0, ..Switches::default() };
        let sandbox = Sandbox::start(Options { switches, ..Options::default() }).await.unwrap();
        sandbox.freeze_clock(true);
        let client = OauthAmoClient::new(AmoSettings {
            client_id: "sandbox".to_owned(),
            client_secret: "sandbox-secret".to_owned().into(),
            redirect_uri: redirect_uri.to_owned(),
            auth_url: sandbox.auth_url().parse().unwrap(),
            allowed_hosts: AllowedHosts::parse(&sandbox.hosts().join(",")).unwrap(),
            allow_private_addresses: false,
        });
        Self { sandbox, client: RateLimitedClient::unlimited(Arc::new(client.unwrap())) }
    }

    pub(crate) fn turn(&self, turn: impl FnOnce(&mut Switches)) {
        let mut switches = self.sandbox.switches();
        turn(&mut switches);
        self.sandbox.set_switches(switches).unwrap();
    }

    pub(crate) fn second(&self) {
        self.sandbox.advance_clock(Duration::from_secs(1)).unwrap();
    }

    pub(crate) fn host(&self, account: u64) -> AccountHost {
        AccountHost::stored(self.sandbox.host(account).unwrap())
    }

    pub(crate) async fn exchange(&self, account: u64) -> Result<Issued, AmoError> {
        let code = AuthorizationCode::new(self.sandbox.issue_code(account).unwrap().code);
        self.client.exchange(&self.host(account), None, &code).await
    }

    pub(crate) async fn connect(&self) -> Issued {
        self.exchange(ACCOUNT).await.unwrap()
    }

    /// Connects the account with the rights of `user`.
    pub(crate) async fn connect_as(&self, user: u64) -> Issued {
        let code = AuthorizationCode::new(self.sandbox.issue_code_for(ACCOUNT, user, "sandbox").unwrap().code);
        self.client.exchange(&self.host(ACCOUNT), None, &code).await.unwrap()
    }

    /// The ids of the first page of leads.
    pub(crate) async fn leads(&self, issued: &Issued) -> Vec<u64> {
        let page = self.client.leads(&self.host(ACCOUNT), &issued.access, &LeadFilter::default()).await.unwrap();
        page.leads.iter().map(|lead| lead.id).collect()
    }

    /// The id of one lead, as far as it is shown.
    pub(crate) async fn lead(&self, issued: &Issued, id: u64) -> Result<Option<u64>, AmoError> {
        let lead = self.client.lead(&self.host(ACCOUNT), &issued.access, id).await;
        lead.map(|lead| lead.map(|details| details.lead.id))
    }

    /// Refreshes where the account lives.
    pub(crate) async fn refresh(&self, token: &RefreshToken) -> Result<Issued, AmoError> {
        self.client.refresh(&self.host(ACCOUNT), token, Urgency::Urgent).await
    }

    /// Asks for the account where it lives.
    pub(crate) async fn account(&self, issued: &Issued) -> Result<AccountId, AmoError> {
        self.client.account(&self.host(ACCOUNT), &issued.access).await.map(|account| account.number)
    }
}
