//! amoCRM over HTTP: its token endpoint through the `oauth2` crate, and the part of API v4 we use.

mod activity;
mod api;
mod callback;
mod claims;
mod connections;
mod custom_fields;
mod hook;
mod loose;
mod members;
mod objects;
mod pair;
mod people;
mod query;
mod reading;
mod refusal;
mod repair;
mod retry_after;
mod settings;
mod token;
mod writing;

use std::fmt;
use std::sync::Arc;

use amo_connect_domain::authorization::callback::{Callback, Parameters};
use amo_connect_domain::client::ClientFingerprint;
use amo_connect_domain::crm::account::{AmoAccount, User};
use amo_connect_domain::crm::contact::Contact;
use amo_connect_domain::crm::event::Event;
use amo_connect_domain::crm::lead::{AmoLeadDetails, LeadFilter, LeadPage};
use amo_connect_domain::crm::note::Note;
use amo_connect_domain::crm::page::{Page, PageRequest};
use amo_connect_domain::crm::pipeline::Pipeline;
use amo_connect_domain::crm::task::{Task, TaskFilter};
use amo_connect_domain::crm::write::Write;
use amo_connect_domain::host::AccountHost;
use amo_connect_domain::host_look_up::FoundHost;
use amo_connect_domain::idempotency::WrittenObject;
use amo_connect_domain::ids::AccountId;
use amo_connect_domain::ports::{AmoError, CrmApi, Located, TokenEndpoint};
use amo_connect_domain::rate_limit::{Permit, call};
use amo_connect_domain::token::{AccessToken, AuthorizationCode, Issued, RefreshToken, State};
use async_trait::async_trait;
use serde::de::DeserializeOwned;
use url::Url;

use crate::http::{CallBudget, HttpClient};

pub use settings::{AmoLimits, AmoSettings};

use activity::{RawEvents, RawNote, RawNotes, RawTask, RawTasks};
use api::Api;
use custom_fields::{Fields, MaybeFields, Skipped};
use people::{RawAccount, RawUsers};
use reading::{RawContacts, RawLead, RawLeads, RawPage, RawPipelines};
use token::OauthEndpoint;

/// An HTTP client could not be built, as where the machine has no root certificates.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client for amoCRM cannot be built")]
pub struct HttpClientUnavailable(#[from] reqwest::Error);

/// [`AmoClient`](amo_connect_domain::ports::AmoClient) over HTTP.
pub struct OauthAmoClient {
    settings: AmoSettings,
    tokens: OauthEndpoint,
    api: Api,
    budgets: AmoBudgets,
}

/// What the calls of a client take.
#[derive(Clone, Debug)]
pub struct AmoBudgets {
    /// Token requests.
    pub tokens: Arc<CallBudget>,
    /// Reads and writes.
    pub api: Arc<CallBudget>,
}

impl OauthAmoClient {
    /// A client with the limits that the port's callers count on.
    pub fn new(settings: AmoSettings) -> Result<Self, HttpClientUnavailable> {
        Self::with_limits(settings, AmoLimits::default())
    }

    /// A client with limits of your own.
    pub fn with_limits(settings: AmoSettings, limits: AmoLimits) -> Result<Self, HttpClientUnavailable> {
        let token_calls = limits.token_calls();
        let budgets = AmoBudgets {
            tokens: CallBudget::of(token_calls),
            api: CallBudget::of(limits.calls.saturating_sub(token_calls).max(1)),
        };
        let wire = HttpClient::for_tokens(limits.of_tokens(&settings))?.within(&budgets.tokens);
        let api = Api::new(&limits, &settings, &budgets.api)?;
        Ok(Self { tokens: OauthEndpoint::new(&settings, wire), settings, api, budgets })
    }

    /// What its calls take, and may take.
    pub fn budgets(&self) -> AmoBudgets {
        self.budgets.clone()
    }

    /// The host that knows where the account of this token is, if the token names one that is allowed.
    fn shard(&self, access: &AccessToken) -> Option<AccountHost> {
        claims::api_domain(access.expose()).and_then(|shard| self.settings.allowed_hosts.admit(&shard))
    }

    /// A page of a list, as `read` finds it in the answer, and no more than was asked for.
    async fn list<E, T>(
        &self,
        url: Url,
        token: &AccessToken,
        limit: u32,
        read: impl FnOnce(RawPage<E>) -> Option<Page<T>>,
    ) -> Result<Page<T>, AmoError>
    where
        E: Default + DeserializeOwned,
    {
        match self.api.get(url, token).await? {
            Some(page) => {
                let mut page = read(page).ok_or(AmoError::Protocol)?;
                page.items.truncate(most(limit));
                Ok(page)
            }
            None => Ok(Page::empty()),
        }
    }

    /// A page of leads with what `C` reads of their custom fields, and no more than was asked for.
    async fn page<C>(&self, url: Url, token: &AccessToken, limit: u32) -> Result<LeadPage, AmoError>
    where
        C: MaybeFields + Default + DeserializeOwned,
    {
        match self.api.get::<RawPage<RawLeads<C>>>(url, token).await? {
            Some(page) => {
                let mut page = page.leads().ok_or(AmoError::Protocol)?;
                page.leads.truncate(most(limit));
                Ok(page)
            }
            None => Ok(LeadPage { leads: Vec::new(), has_more: false }),
        }
    }

    /// The address of `path` on `host`. Every request passes here, and so the list of hosts.
    fn address(&self, host: &AccountHost, path: &str) -> Result<Url, AmoError> {
        if !self.settings.allowed_hosts.permits(host) {
            return Err(AmoError::HostNotAllowed);
        }
        Url::parse(&format!("{}://{host}{path}", host.scheme())).ok().ok_or(AmoError::HostNotAllowed)
    }
}

/// How many entries a page has at most.
fn most(limit: u32) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}

/// The longest label of a host's name.
const LONGEST_LABEL: usize = 63;

/// `text` if it can be a host's name, as far as a log shows amoCRM's words. A token that was put in its place has no
/// dots, or longer parts.
fn host_name(text: &str) -> Option<&str> {
    let is_sign = |sign: char| sign.is_ascii_alphanumeric() || ".-:".contains(sign);
    let is_name = |text: &str| {
        let has_labels = text.contains('.') && text.split('.').all(|label| label.len() <= LONGEST_LABEL);
        text.len() <= 253 && has_labels && text.chars().all(is_sign)
    };
    Some(text).filter(|text| is_name(text))
}

impl fmt::Debug for OauthAmoClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OauthAmoClient").field("settings", &self.settings).finish_non_exhaustive()
    }
}

#[async_trait]
impl TokenEndpoint for OauthAmoClient {
    fn authorization_url(&self, state: &State, _: Option<&AccountHost>) -> Url {
        let mut url = self.settings.auth_url.clone();
        url.query_pairs_mut()
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("state", state.expose())
            .append_pair("mode", "popup");
        url
    }

    fn read_callback(&self, parameters: &Parameters) -> Callback {
        callback::read(parameters)
    }

    fn read_hook(&self, parameters: &Parameters) -> Option<AccountId> {
        hook::account(&self.settings, parameters)
    }

    fn token_host(&self, account: &AccountHost) -> AccountHost {
        account.clone()
    }

    async fn exchange(&self, permit: Permit<call::Exchange>, code: &AuthorizationCode) -> Result<Issued, AmoError> {
        let host = permit.host();
        self.tokens.exchange(self.address(host, "/oauth2/access_token")?, code).await
    }

    async fn refresh(&self, permit: Permit<call::Refresh>, token: &RefreshToken) -> Result<Issued, AmoError> {
        let host = permit.host();
        self.tokens.refresh(self.address(host, "/oauth2/access_token")?, token).await
    }

    fn fingerprint(&self) -> ClientFingerprint {
        self.settings.fingerprint()
    }

    fn locator(&self, host: &AccountHost, access: &AccessToken) -> Option<AccountHost> {
        Some(self.shard(access).unwrap_or_else(|| host.clone()))
    }

    async fn locate(
        &self,
        permit: Permit<call::LookUp>,
        access: &AccessToken,
        refresh: &RefreshToken,
    ) -> Result<Located, AmoError> {
        let by_authority = self.shard(access).is_some_and(|shard| shard == *permit.host());
        let url = self.address(permit.host(), "/oauth2/account/current/subdomain")?;
        let Some(answer) = self.api.look_up(url, refresh).await? else {
            return Ok(Located { at: None, by_authority });
        };
        let domain = answer.domain.as_str().ok_or(AmoError::Protocol)?;
        let Some(host) = self.settings.allowed_hosts.admit(domain) else {
            let moved_to = host_name(domain);
            tracing::error!(amo.host = %permit.host(), amo.moved_to = moved_to, "account has moved to a host that is not allowed: check AMO_ALLOWED_HOSTS");
            return Err(AmoError::HostNotAllowed);
        };
        let account = answer.id.0.map(AccountId);
        Ok(Located { at: Some(FoundHost { host, account }), by_authority })
    }
}

#[async_trait]
impl CrmApi for OauthAmoClient {
    async fn account(&self, permit: Permit<call::Read>, token: &AccessToken) -> Result<AmoAccount, AmoError> {
        let host = permit.host();
        let answer = self.api.get(self.address(host, "/api/v4/account")?, token).await?;
        answer.and_then(RawAccount::read).ok_or(AmoError::Protocol)
    }

    async fn users(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        page: PageRequest,
    ) -> Result<Page<User>, AmoError> {
        let host = permit.host();
        let mut url = self.address(host, "/api/v4/users")?;
        url.set_query(Some(&query::users(page)));
        self.list(url, token, page.limit, RawPage::<RawUsers>::users).await
    }

    async fn leads(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        filter: &LeadFilter,
    ) -> Result<LeadPage, AmoError> {
        let host = permit.host();
        let mut url = self.address(host, "/api/v4/leads")?;
        url.set_query(Some(&query::leads(filter)));
        if filter.with_custom_fields {
            self.page::<Fields>(url, token, filter.limit).await
        } else {
            self.page::<Skipped>(url, token, filter.limit).await
        }
    }

    async fn lead(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        id: u64,
    ) -> Result<Option<AmoLeadDetails>, AmoError> {
        let host = permit.host();
        let url = self.address(host, &format!("/api/v4/leads/{id}?with=contacts,loss_reason"))?;
        match self.api.get::<RawLead<Fields>>(url, token).await? {
            Some(lead) => lead.read_details().ok_or(AmoError::Protocol),
            None => Ok(None),
        }
    }

    async fn notes(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        lead: u64,
        page: PageRequest,
    ) -> Result<Page<Note>, AmoError> {
        let host = permit.host();
        let mut url = self.address(host, &format!("/api/v4/leads/{lead}/notes"))?;
        url.set_query(Some(&query::notes(page)));
        self.list(url, token, page.limit, RawPage::<RawNotes>::notes).await
    }

    async fn tasks(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        filter: &TaskFilter,
    ) -> Result<Page<Task>, AmoError> {
        let host = permit.host();
        let mut url = self.address(host, "/api/v4/tasks")?;
        url.set_query(Some(&query::tasks(filter)));
        self.list(url, token, filter.page.limit, RawPage::<RawTasks>::tasks).await
    }

    async fn events(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        lead: u64,
        page: PageRequest,
    ) -> Result<Page<Event>, AmoError> {
        let host = permit.host();
        let mut url = self.address(host, "/api/v4/events")?;
        url.set_query(Some(&query::events(lead, page)));
        self.list(url, token, page.limit, RawPage::<RawEvents>::events).await
    }

    async fn note(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        lead: u64,
        id: u64,
    ) -> Result<Option<Note>, AmoError> {
        let url = self.address(permit.host(), &format!("/api/v4/leads/{lead}/notes/{id}"))?;
        match self.api.get::<RawNote>(url, token).await? {
            Some(note) => note.read().map(Some).ok_or(AmoError::Protocol),
            None => Ok(None),
        }
    }

    async fn task(&self, permit: Permit<call::Read>, token: &AccessToken, id: u64) -> Result<Option<Task>, AmoError> {
        let url = self.address(permit.host(), &format!("/api/v4/tasks/{id}"))?;
        match self.api.get::<RawTask>(url, token).await? {
            Some(task) => task.read().map(Some).ok_or(AmoError::Protocol),
            None => Ok(None),
        }
    }

    async fn contacts(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        ids: &[u64],
    ) -> Result<Vec<Contact>, AmoError> {
        let host = permit.host();
        let mut url = self.address(host, "/api/v4/contacts")?;
        if ids.is_empty() {
            // Without a filter amoCRM would list everybody.
            return Ok(Vec::new());
        }
        url.set_query(Some(&query::contacts(ids)));
        match self.api.get(url, token).await? {
            Some(page) => {
                let mut contacts = RawPage::<RawContacts>::contacts(page).ok_or(AmoError::Protocol)?;
                contacts.truncate(ids.len());
                Ok(contacts)
            }
            None => Ok(Vec::new()),
        }
    }

    async fn pipelines(&self, permit: Permit<call::Read>, token: &AccessToken) -> Result<Vec<Pipeline>, AmoError> {
        let host = permit.host();
        match self.api.get(self.address(host, "/api/v4/leads/pipelines")?, token).await? {
            Some(page) => RawPage::<RawPipelines>::pipelines(page).ok_or(AmoError::Protocol),
            None => Ok(Vec::new()),
        }
    }

    async fn write(
        &self,
        permit: Permit<call::Write>,
        token: &AccessToken,
        write: &Write,
    ) -> Result<Option<WrittenObject>, AmoError> {
        let (method, path) = writing::target(write);
        let url = self.address(permit.host(), &path)?;
        // Nothing in it can fail to be JSON. If it did, nothing would be sent.
        let body = writing::body(write).or(Err(AmoError::Refused { field: None }))?;
        writing::outcome(write, self.api.write(method, url, token, body).await?)
    }
}
