//! Token requests, through the `oauth2` crate over our own HTTP client.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use amo_connect_domain::ports::AmoError;
use amo_connect_domain::token::{AccessToken, AuthorizationCode, Issued, RefreshToken};
use http::StatusCode;
use oauth2::basic::{BasicClient, BasicErrorResponse, BasicTokenResponse};
use oauth2::{
    AsyncHttpClient, AuthType, ClientId, ClientSecret, EndpointNotSet, EndpointSet, HttpRequest, HttpResponse,
    RequestTokenError, TokenResponse as _, TokenUrl,
};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use url::Url;
use zeroize::Zeroize as _;

use super::claims;
use super::pair::{Found, Pair};
use super::refusal::{self, Asked};
use super::settings::AmoSettings;
use crate::http::{HttpClient, Loss, readings};

/// The life of an access token whose answer does not say it. The pair is bought and must not
/// be lost for that; if it ends sooner, the API's 401 leads to a refresh.
const UNSTATED_LIFE: Duration = Duration::from_hours(1);

/// Bytes of a pair in JSON beside its tokens, and those that a token may have twice: quotes and backslashes.
const AROUND_TOKENS: usize = 512;

type Client = BasicClient<EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>;

/// The accounts' token endpoints.
pub(super) struct OauthEndpoint {
    client_id: String,
    client_secret: SecretString,
    redirect_uri: String,
    wire: HttpClient,
}

impl OauthEndpoint {
    pub(super) fn new(settings: &AmoSettings, wire: HttpClient) -> Self {
        Self {
            client_id: settings.client_id.clone(),
            client_secret: settings.client_secret.clone(),
            redirect_uri: settings.redirect_uri.clone(),
            wire,
        }
    }

    pub(super) async fn exchange(&self, url: Url, code: &AuthorizationCode) -> Result<Issued, AmoError> {
        let client = self.client(url);
        let sender = Sender { wire: &self.wire, asked: Asked::Exchange, sent: None };
        let request = client.exchange_code(oauth2::AuthorizationCode::new(code.expose().to_owned()));
        self.issued(request.add_extra_param("redirect_uri", &self.redirect_uri).request_async(&sender).await)
    }

    pub(super) async fn refresh(&self, url: Url, token: &RefreshToken) -> Result<Issued, AmoError> {
        let client = self.client(url);
        let sender = Sender { wire: &self.wire, asked: Asked::Refresh, sent: Some(token.expose()) };
        let token = oauth2::RefreshToken::new(token.expose().to_owned());
        let request = client.exchange_refresh_token(&token);
        self.issued(request.add_extra_param("redirect_uri", &self.redirect_uri).request_async(&sender).await)
    }

    fn client(&self, url: Url) -> Client {
        BasicClient::new(ClientId::new(self.client_id.clone()))
            .set_client_secret(ClientSecret::new(self.client_secret.expose_secret().to_owned()))
            .set_auth_type(AuthType::RequestBody)
            .set_token_uri(TokenUrl::from_url(url))
    }

    /// The outcome of a token request. The errors of `oauth2` end here: they quote the answer.
    fn issued(
        &self,
        outcome: Result<BasicTokenResponse, RequestTokenError<AmoError, BasicErrorResponse>>,
    ) -> Result<Issued, AmoError> {
        let pair = match outcome {
            Ok(pair) => pair,
            Err(RequestTokenError::Request(error)) => return Err(error),
            Err(_) => return Err(AmoError::OutcomeUnknown),
        };
        let access = pair.access_token().secret().as_str();
        let refresh = pair.refresh_token().ok_or(AmoError::OutcomeUnknown)?.secret().as_str();
        if claims::is_anothers(access, &self.client_id) {
            tracing::error!("amoCRM answered with a token pair of another integration; it is not used");
            return Err(AmoError::OutcomeUnknown);
        }
        Ok(Issued {
            account: claims::account_id(access),
            access: AccessToken::new(access),
            refresh: RefreshToken::new(refresh),
            expires_in: pair.expires_in().unwrap_or(UNSTATED_LIFE),
            host: None,
        })
    }
}

/// Carries one token request, and turns what is no pair into what it means.
struct Sender<'a> {
    wire: &'a HttpClient,
    asked: Asked,
    /// The refresh token, if it is one that is spent.
    sent: Option<&'a str>,
}

impl<'c> AsyncHttpClient<'c> for Sender<'_> {
    type Error = AmoError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, AmoError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let request = request.try_into().ok().ok_or(AmoError::Unavailable)?;
            let has_pair = |body: &[u8]| matches!(self.look(body), Found::Pair(_));
            let mut answer = self.wire.send_for(request, has_pair).await.map_err(refusal::of_lost_token_request)?;
            let outcome = match self.look(&answer.body) {
                Found::Pair(pair) => {
                    if answer.status != StatusCode::OK || answer.loss.is_some() {
                        let (status, loss) = (answer.status.as_u16(), answer.loss.map(Loss::name));
                        tracing::warn!(
                            amo.status = status,
                            amo.loss = loss,
                            "a damaged answer of amoCRM's held a token pair"
                        );
                    }
                    Ok(response(&pair))
                }
                Found::Half => Err(AmoError::OutcomeUnknown),
                Found::Nothing => Err(refusal::of_token_request(self.asked, &answer)),
            };
            answer.body.zeroize();
            outcome
        })
    }
}

impl Sender<'_> {
    /// What `body` holds, however it is coded.
    fn look(&self, body: &[u8]) -> Found {
        let mut found = Found::Nothing;
        for reading in readings(body, self.wire.longest_body()) {
            found = found.then(Found::in_body(&reading, self.sent));
            if matches!(found, Found::Pair(_)) {
                break;
            }
        }
        found
    }
}

/// A pair as RFC 6749 has it, section 5.1.
#[derive(Serialize)]
struct Response<'a> {
    access_token: &'a str,
    token_type: &'static str,
    refresh_token: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_in: Option<u64>,
}

/// Written once, into its place: what is copied meanwhile would stay in memory.
fn response(pair: &Pair) -> HttpResponse {
    let Pair { access, refresh, life } = pair;
    let whole = Response {
        access_token: access,
        token_type: "bearer",
        refresh_token: refresh,
        expires_in: life.map(|life| life.as_secs()),
    };
    let mut body = Vec::with_capacity(access.len() + refresh.len() + AROUND_TOKENS);
    // Nothing in it can fail to be JSON. What is not whole is no pair to whoever reads it.
    let _ = serde_json::to_writer(&mut body, &whole);
    HttpResponse::new(body)
}
