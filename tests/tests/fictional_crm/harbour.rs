//! Harbour, a CRM that does not exist: one token server for all, deals on boards, people.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use amo_connect_adapters::http::HttpClient;
use amo_connect_domain::authorization::callback::{Callback, Denial, Given, Parameters};
use amo_connect_domain::client::ClientFingerprint;
use amo_connect_domain::host::{AccountHost, AllowedHosts};
use amo_connect_domain::host_look_up::FoundHost;
use amo_connect_domain::ids::AccountId;
use amo_connect_domain::ports::{AmoError, Located, TokenEndpoint};
use amo_connect_domain::rate_limit::{Permit, call};
use amo_connect_domain::token::{AccessToken, AuthorizationCode, Issued, RefreshToken, State};
use async_trait::async_trait;
use reqwest::{Method, Request};
use serde_json::json;
use url::Url;

use crate::wire;

/// An [`AmoClient`] that speaks to Harbour.
#[derive(Clone)]
pub(crate) struct HarbourClient {
    app: String,
    key: String,
    tokens: AccountHost,
    allowed: AllowedHosts,
    pub(crate) http: Arc<HttpClient>,
    /// The names of the columns that were listed, by the numbers that the service knows them by.
    pub(crate) columns: Arc<Mutex<HashMap<u64, String>>>,
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

    /// A request to an agency.
    pub(crate) fn request(
        &self,
        method: Method,
        host: &AccountHost,
        path: &str,
        token: &AccessToken,
    ) -> Result<Request, AmoError> {
        let mut request = Request::new(method, self.url(host, path)?);
        let authorization = format!("Token {}", token.expose()).parse().or(Err(AmoError::AccessRefused))?;
        request.headers_mut().insert("authorization", authorization);
        Ok(request)
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
