//! Harbour, a CRM that does not exist: one endpoint for tokens in JSON, deals on boards, people.

use std::fmt;
use std::time::Duration;

use amo_connect_domain::client::ClientFingerprint;
use amo_connect_domain::crm::contact::Contact;
use amo_connect_domain::crm::lead::{AmoLead, LeadFilter, LeadPage};
use amo_connect_domain::crm::pipeline::Pipeline;
use amo_connect_domain::host::{AccountHost, AllowedHosts};
use amo_connect_domain::host_look_up::FoundHost;
use amo_connect_domain::ids::AccountId;
use amo_connect_domain::ports::{AmoError, CrmApi, Located, TokenEndpoint};
use amo_connect_domain::rate_limit::{Permit, call};
use amo_connect_domain::token::{AccessToken, AuthorizationCode, Issued, RefreshToken, State};
use async_trait::async_trait;
use reqwest::Client;
use serde::de::DeserializeOwned;
use serde_json::json;
use url::Url;

use crate::answers::{Agency, Boards, Deal, Deals, People, Refused, Tokens, Whereabouts};
use crate::wire;

/// An [`AmoClient`] that speaks to Harbour.
#[derive(Clone)]
pub(crate) struct HarbourClient {
    app: String,
    key: String,
    allowed: AllowedHosts,
    http: Client,
}

impl fmt::Debug for HarbourClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HarbourClient").field("app", &self.app).finish_non_exhaustive()
    }
}

impl HarbourClient {
    pub(crate) fn new(app: &str, key: &str, allowed: AllowedHosts, longest_wait: Duration) -> Self {
        Self { app: app.to_owned(), key: key.to_owned(), allowed, http: wire::client(longest_wait) }
    }

    /// The only way to an address: what is not on the list has none.
    fn url(&self, host: &AccountHost, path: &str) -> Result<Url, AmoError> {
        let allowed = self.allowed.permits(host).then(|| format!("{}://{host}{path}", host.scheme()));
        allowed.and_then(|url| url.parse().ok()).ok_or(AmoError::HostNotAllowed)
    }

    /// Spends `secret`, which is a `code` or a `renewal`.
    async fn spend(&self, host: &AccountHost, kind: &str, secret: &str, refusal: AmoError) -> Result<Issued, AmoError> {
        let body = json!({ "app": self.app, "key": self.key, kind: secret });
        let request = self.http.post(self.url(host, "/tokens")?).json(&body);
        let answer = wire::send(request).await.map_err(wire::Loss::of_tokens)?;
        // It was bought: what came is kept, whatever else the answer is.
        if let Some(tokens) = Tokens::in_body(&answer.plain(), secret) {
            return Ok(tokens.into_issued());
        }
        let body = answer.whole().map_err(wire::Loss::of_tokens)?;
        match answer.status.as_u16() {
            422 => match serde_json::from_slice(body) {
                Ok(Refused { refused }) if refused == kind => Err(refusal),
                Ok(Refused { refused }) if refused == "app" => Err(AmoError::Misconfigured),
                _ => Err(AmoError::Protocol),
            },
            300..=499 => Err(answer.refusal()),
            _ => Err(AmoError::OutcomeUnknown),
        }
    }

    /// Reads what is at `path`; `Default` is what nothing (204) looks like.
    async fn read<T: DeserializeOwned + Default>(
        &self,
        host: &AccountHost,
        token: &AccessToken,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<T, AmoError> {
        let request = self.http.get(self.url(host, path)?).query(query);
        let request = request.header("authorization", format!("Token {}", token.expose()));
        let answer = wire::send(request).await.map_err(wire::Loss::of_a_read)?;
        match answer.status.as_u16() {
            200 => serde_json::from_slice(answer.whole().map_err(wire::Loss::of_a_read)?).or(Err(AmoError::Protocol)),
            204 => Ok(T::default()),
            401 => Err(AmoError::AccessRefused),
            504 => Err(AmoError::TimedOut),
            500..=599 => Err(AmoError::Unavailable),
            _ => Err(answer.refusal()),
        }
    }
}

#[async_trait]
impl TokenEndpoint for HarbourClient {
    fn authorization_url(&self, state: &State) -> Url {
        let query = [("app", self.app.as_str()), ("state", state.expose())];
        Url::parse_with_params("https://harbour.example/connect", query).unwrap()
    }

    async fn exchange(&self, permit: Permit<call::Exchange>, code: &AuthorizationCode) -> Result<Issued, AmoError> {
        let host = permit.host();
        self.spend(host, "code", code.expose(), AmoError::CodeRejected).await
    }

    async fn refresh(&self, permit: Permit<call::Refresh>, token: &RefreshToken) -> Result<Issued, AmoError> {
        let host = permit.host();
        self.spend(host, "renewal", token.expose(), AmoError::GrantRevoked).await
    }

    fn fingerprint(&self) -> ClientFingerprint {
        ClientFingerprint::keyed(&self.key, &[&self.app])
    }

    fn locator(&self, host: &AccountHost, _access: &AccessToken) -> AccountHost {
        host.clone()
    }

    async fn locate(
        &self,
        permit: Permit<call::LookUp>,
        _access: &AccessToken,
        refresh: &RefreshToken,
    ) -> Result<Located, AmoError> {
        let request = self.http.get(self.url(permit.host(), "/whereabouts")?).header("x-renewal", refresh.expose());
        let answer = wire::send(request).await.map_err(wire::Loss::of_a_read)?;
        match answer.status.as_u16() {
            200 => {
                let Whereabouts { pier } = serde_json::from_slice(answer.whole().map_err(wire::Loss::of_a_read)?)
                    .or(Err(AmoError::Protocol))?;
                let host = self.allowed.admit(&pier).ok_or(AmoError::HostNotAllowed)?;
                // Harbour keeps one list of all agencies, and every pier has it.
                Ok(Located { at: Some(FoundHost { host, account: None }), by_authority: true })
            }
            401 | 404 | 422 => Ok(Located { at: None, by_authority: true }),
            504 => Err(AmoError::TimedOut),
            500..=599 => Err(AmoError::Unavailable),
            _ => Err(answer.refusal()),
        }
    }
}

#[async_trait]
impl CrmApi for HarbourClient {
    async fn account(&self, permit: Permit<call::Read>, token: &AccessToken) -> Result<AccountId, AmoError> {
        let host = permit.host();
        let Agency { agency } = self.read(host, token, "/agency", &[]).await?;
        agency.map(AccountId).ok_or(AmoError::Protocol)
    }

    async fn leads(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        filter: &LeadFilter,
    ) -> Result<LeadPage, AmoError> {
        let host = permit.host();
        let mut query = vec![("page", filter.page.to_string()), ("size", filter.limit.to_string())];
        query.extend(filter.query.iter().map(|text| ("text", text.clone())));
        query.extend(filter.pipeline.iter().map(|board| ("board", board.to_string())));
        query.extend(filter.stages.iter().map(|(board, column)| ("in", format!("{board}.{column}"))));
        // Harbour notes whole seconds: the one that the moment falls into belongs to it.
        query.extend(filter.updated_since.iter().map(|since| ("since", format!("{since:.0}"))));
        let deals: Deals = self.read(host, token, "/deals", &query).await?;
        Ok(deals.into())
    }

    async fn lead(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        id: u64,
    ) -> Result<Option<AmoLead>, AmoError> {
        let host = permit.host();
        let deal: Option<Deal> = self.read(host, token, &format!("/deals/{id}"), &[]).await?;
        Ok(deal.and_then(Deal::into_lead))
    }

    async fn contacts(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        ids: &[u64],
    ) -> Result<Vec<Contact>, AmoError> {
        let host = permit.host();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let query: Vec<_> = ids.iter().map(|id| ("id", id.to_string())).collect();
        let People { people } = self.read(host, token, "/people", &query).await?;
        Ok(people.into_iter().map(Contact::from).collect())
    }

    async fn pipelines(&self, permit: Permit<call::Read>, token: &AccessToken) -> Result<Vec<Pipeline>, AmoError> {
        let host = permit.host();
        let Boards { boards } = self.read(host, token, "/boards", &[]).await?;
        Ok(boards.into_iter().map(Pipeline::from).collect())
    }
}
