//! Harbour, a CRM that does not exist: one token server for all, deals on boards, people.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use amo_connect_adapters::http::{Answer, HttpClient};
use amo_connect_domain::authorization::callback::{Callback, Denial, Given, Parameters};
use amo_connect_domain::client::ClientFingerprint;
use amo_connect_domain::crm::account::{AmoAccount, User};
use amo_connect_domain::crm::contact::Contact;
use amo_connect_domain::crm::event::Event;
use amo_connect_domain::crm::lead::{AmoLeadDetails, LeadFilter, LeadPage, LeadSort};
use amo_connect_domain::crm::note::Note;
use amo_connect_domain::crm::page::{Page, PageRequest};
use amo_connect_domain::crm::pipeline::Pipeline;
use amo_connect_domain::crm::task::{Task, TaskFilter};
use amo_connect_domain::host::{AccountHost, AllowedHosts};
use amo_connect_domain::host_look_up::FoundHost;
use amo_connect_domain::ids::{AccountId, derived_number};
use amo_connect_domain::ports::{AmoError, CrmApi, Located, TokenEndpoint};
use amo_connect_domain::rate_limit::{Permit, call};
use amo_connect_domain::token::{AccessToken, AuthorizationCode, Issued, RefreshToken, State};
use async_trait::async_trait;
use reqwest::{Method, Request};
use serde::de::DeserializeOwned;
use serde_json::json;
use url::Url;

use crate::answers::{Agency, Agents, Boards, Deal, Deals, People};
use crate::logbook::{self, Errands, Log, Remarks};
use crate::pages::Window;
use crate::wire;

/// An [`AmoClient`] that speaks to Harbour.
#[derive(Clone)]
pub(crate) struct HarbourClient {
    app: String,
    key: String,
    tokens: AccountHost,
    allowed: AllowedHosts,
    http: Arc<HttpClient>,
    /// The names of the columns that were listed, by the numbers that the service knows them by.
    columns: Arc<Mutex<HashMap<u64, String>>>,
}

impl fmt::Debug for HarbourClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HarbourClient").field("app", &self.app).finish_non_exhaustive()
    }
}

impl HarbourClient {
    pub(crate) fn new(
        app: &str,
        key: &str,
        tokens: AccountHost,
        allowed: AllowedHosts,
        longest_wait: Duration,
    ) -> Self {
        let (app, key, http) = (app.to_owned(), key.to_owned(), Arc::new(wire::client(longest_wait)));
        Self { app, key, tokens, allowed, http, columns: Arc::default() }
    }

    /// The only way to an address: what is not on the list has none.
    fn url(&self, host: &AccountHost, path: &str) -> Result<Url, AmoError> {
        let allowed = self.allowed.permits(host).then(|| format!("{}://{host}{path}", host.scheme()));
        allowed.and_then(|url| url.parse().ok()).ok_or(AmoError::HostNotAllowed)
    }

    /// Spends `secret`, which is a `code` or a `renewal`.
    async fn spend(&self, host: &AccountHost, kind: &str, secret: &str, refusal: AmoError) -> Result<Issued, AmoError> {
        let mut request = Request::new(Method::POST, self.url(host, "/tokens")?);
        let body = json!({ "app": self.app, "key": self.key, kind: secret });
        *request.body_mut() = Some(body.to_string().into());
        let answer = self.http.send(request).await.map_err(wire::lost_tokens)?;
        // It was bought: what came is kept, whatever else the answer is.
        if let Some(tokens) = wire::pair(&answer, secret) {
            return Ok(tokens.into_issued());
        }
        answer.whole().map_err(wire::lost_tokens)?;
        match (answer.status.as_u16(), wire::refused(&answer).as_deref()) {
            (422, Some(refused)) if refused == kind => Err(refusal),
            (422, Some("app")) => Err(AmoError::Misconfigured),
            (503, Some("pace")) | (300..=499, _) => Err(wire::refusal(&answer)),
            _ => Err(AmoError::OutcomeUnknown),
        }
    }

    /// Asks for what is at `path`.
    async fn ask(
        &self,
        host: &AccountHost,
        token: &AccessToken,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<Answer, AmoError> {
        let mut url = self.url(host, path)?;
        url.query_pairs_mut().extend_pairs(query);
        let mut request = Request::new(Method::GET, url);
        let authorization = format!("Token {}", token.expose()).parse().or(Err(AmoError::AccessRefused))?;
        request.headers_mut().insert("authorization", authorization);
        self.http.send(request).await.map_err(wire::lost_read)
    }

    /// Reads what is at `path`.
    async fn read<T: DeserializeOwned>(
        &self,
        host: &AccountHost,
        token: &AccessToken,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<T, AmoError> {
        wire::read(&self.ask(host, token, path, query).await?)
    }

    fn columns(&self) -> MutexGuard<'_, HashMap<u64, String>> {
        self.columns.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A filter's stage in Harbour's words. The service knows no stage that was not listed to it.
    fn column(&self, (board, stage): (u64, u64)) -> Result<String, AmoError> {
        let columns = self.columns();
        columns.get(&stage).map(|column| format!("{board}.{column}")).ok_or(AmoError::Protocol)
    }
}

#[async_trait]
impl TokenEndpoint for HarbourClient {
    fn authorization_url(&self, state: &State, _: Option<&AccountHost>) -> Url {
        let query = [("app", self.app.as_str()), ("state", state.expose())];
        Url::parse_with_params("https://harbour.example/connect", query).unwrap()
    }

    fn read_callback(&self, parameters: &Parameters) -> Callback {
        Callback {
            code: parameters.secret("ticket", AuthorizationCode::new),
            state: parameters.secret("state", State::new),
            // Harbour does not say whose code it is: the pair does. All codes are exchanged here.
            host: Given::One(self.tokens.as_str().to_owned()),
            denial: parameters.all("declined").next().map(|_| Denial::Declined),
            is_installation: false,
        }
    }

    fn read_hook(&self, _: &Parameters) -> Option<AccountId> {
        None
    }

    fn token_host(&self, _: &AccountHost) -> AccountHost {
        self.tokens.clone()
    }

    async fn exchange(&self, permit: Permit<call::Exchange>, code: &AuthorizationCode) -> Result<Issued, AmoError> {
        self.spend(permit.host(), "code", code.expose(), AmoError::CodeRejected).await
    }

    async fn refresh(&self, permit: Permit<call::Refresh>, token: &RefreshToken) -> Result<Issued, AmoError> {
        self.spend(permit.host(), "renewal", token.expose(), AmoError::GrantRevoked).await
    }

    fn fingerprint(&self) -> ClientFingerprint {
        ClientFingerprint::keyed(&self.key, &[&self.app])
    }

    fn locator(&self, _: &AccountHost, _: &AccessToken) -> Option<AccountHost> {
        // Agencies never move.
        None
    }

    async fn locate(
        &self,
        permit: Permit<call::LookUp>,
        _: &AccessToken,
        _: &RefreshToken,
    ) -> Result<Located, AmoError> {
        let here = FoundHost { host: permit.host().clone(), account: None };
        Ok(Located { at: Some(here), by_authority: true })
    }
}

#[async_trait]
impl CrmApi for HarbourClient {
    async fn account(&self, permit: Permit<call::Read>, token: &AccessToken) -> Result<AmoAccount, AmoError> {
        let agency: Agency = self.read(permit.host(), token, "/agency", &[]).await?;
        Ok(agency.into())
    }

    async fn users(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        page: PageRequest,
    ) -> Result<Page<User>, AmoError> {
        let agents: Agents = self.read(permit.host(), token, "/agents", &logbook::paged(page)).await?;
        Ok(agents.into())
    }

    async fn leads(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        filter: &LeadFilter,
    ) -> Result<LeadPage, AmoError> {
        let window = Window::of(filter.page, filter.limit);
        let by = match filter.order.by {
            LeadSort::UpdatedAt => "touched",
            LeadSort::CreatedAt => "opened",
            LeadSort::Id => "no",
        };
        let way = if filter.order.is_descending { "-" } else { "" };
        let mut query = vec![("page", window.page.to_string()), ("sort", format!("{way}{by}"))];
        query.extend(filter.query.iter().map(|text| ("text", text.clone())));
        query.extend(filter.pipeline.iter().map(|board| ("board", board.to_string())));
        query.extend(filter.ids.iter().map(|id| ("no", id.to_string())));
        for stage in &filter.stages {
            query.push(("in", self.column(*stage)?));
        }
        query.extend(filter.responsible_user.iter().map(|agent| ("agent", agent.to_string())));
        // Harbour notes whole seconds: the one that the moment falls into belongs to it.
        query.extend(filter.updated_since.iter().map(|since| ("since", format!("{since:.0}"))));
        query.extend(filter.created_since.iter().map(|since| ("opened", format!("{since:.0}"))));
        let deals: Deals = self.read(permit.host(), token, "/deals", &query).await?;
        let mut page = window.cut(deals);
        if !filter.with_custom_fields {
            page.leads.iter_mut().for_each(|lead| lead.custom_fields = None);
        }
        Ok(page)
    }

    async fn lead(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        id: u64,
    ) -> Result<Option<AmoLeadDetails>, AmoError> {
        let answer = self.ask(permit.host(), token, &format!("/deals/{id}"), &[]).await?;
        if answer.status == 404 && wire::refused(&answer).as_deref() == Some("deal") {
            return Ok(None);
        }
        wire::read(&answer).map(Deal::into_details)
    }

    async fn notes(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        lead: u64,
        page: PageRequest,
    ) -> Result<Page<Note>, AmoError> {
        let path = format!("/deals/{lead}/remarks");
        let remarks: Remarks = self.read(permit.host(), token, &path, &logbook::paged(page)).await?;
        Ok(remarks.into())
    }

    async fn tasks(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        filter: &TaskFilter,
    ) -> Result<Page<Task>, AmoError> {
        let errands: Errands = self.read(permit.host(), token, "/errands", &logbook::errands(filter)).await?;
        Ok(errands.into())
    }

    async fn events(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        lead: u64,
        page: PageRequest,
    ) -> Result<Page<Event>, AmoError> {
        let log: Log = self.read(permit.host(), token, &format!("/deals/{lead}/log"), &logbook::paged(page)).await?;
        Ok(log.into())
    }

    async fn contacts(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        ids: &[u64],
    ) -> Result<Vec<Contact>, AmoError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let query: Vec<_> = ids.iter().map(|id| ("id", id.to_string())).collect();
        let People { people } = self.read(permit.host(), token, "/people", &query).await?;
        Ok(people.into_iter().map(Contact::from).collect())
    }

    async fn pipelines(&self, permit: Permit<call::Read>, token: &AccessToken) -> Result<Vec<Pipeline>, AmoError> {
        let Boards { boards } = self.read(permit.host(), token, "/boards", &[]).await?;
        let names = boards
            .iter()
            .flat_map(|board| &board.columns)
            .map(|column| (derived_number(&column.id), column.id.clone()));
        self.columns().extend(names);
        Ok(boards.into_iter().map(Pipeline::from).collect())
    }
}
