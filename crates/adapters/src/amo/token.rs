//! Token requests, through the `oauth2` crate over our own HTTP client.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use amo_connect_domain::ports::AmoError;
use amo_connect_domain::token::{AccessToken, AuthorizationCode, Issued, RefreshToken};
use http::StatusCode;
use oauth2::basic::{BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse};
use oauth2::{
    AsyncHttpClient, AuthType, ClientId, ClientSecret, EndpointNotSet, EndpointSet, HttpRequest, HttpResponse,
    RequestTokenError, Scope, StandardRevocableToken, TokenResponse, TokenType, TokenUrl,
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::Value;
use url::Url;

use super::claims;
use super::refusal::{self, Asked};
use super::settings::AmoSettings;
use super::wire::Wire;

/// No access token lives longer; a number beyond is nonsense.
const LONGEST_LIFE: Duration = Duration::from_hours(10 * 365 * 24);

/// The life of an access token whose answer does not say it. The pair is bought and must not
/// be lost for that; if it ends sooner, the API's 401 leads to a refresh.
const UNSTATED_LIFE: Duration = Duration::from_hours(1);

type Client<HasTokenUrl = EndpointNotSet> = oauth2::Client<
    BasicErrorResponse,
    Pair,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    HasTokenUrl,
>;

/// The accounts' token endpoints.
pub(super) struct TokenEndpoint {
    client_id: String,
    client_secret: SecretString,
    redirect_uri: String,
    wire: Wire,
}

impl TokenEndpoint {
    pub(super) fn new(settings: &AmoSettings, wire: Wire) -> Self {
        Self {
            client_id: settings.client_id.clone(),
            client_secret: settings.client_secret.clone(),
            redirect_uri: settings.redirect_uri.clone(),
            wire,
        }
    }

    pub(super) async fn exchange(&self, url: Url, code: &AuthorizationCode) -> Result<Issued, AmoError> {
        let client = self.client(url);
        let sender = Sender { wire: &self.wire, asked: Asked::Exchange };
        let request = client.exchange_code(oauth2::AuthorizationCode::new(code.expose().to_owned()));
        issued(request.add_extra_param("redirect_uri", &self.redirect_uri).request_async(&sender).await)
    }

    pub(super) async fn refresh(&self, url: Url, token: &RefreshToken) -> Result<Issued, AmoError> {
        let client = self.client(url);
        let sender = Sender { wire: &self.wire, asked: Asked::Refresh };
        let token = oauth2::RefreshToken::new(token.expose().to_owned());
        let request = client.exchange_refresh_token(&token);
        issued(request.add_extra_param("redirect_uri", &self.redirect_uri).request_async(&sender).await)
    }

    fn client(&self, url: Url) -> Client<EndpointSet> {
        Client::new(ClientId::new(self.client_id.clone()))
            .set_client_secret(ClientSecret::new(self.client_secret.expose_secret().to_owned()))
            .set_auth_type(AuthType::RequestBody)
            .set_token_uri(TokenUrl::from_url(url))
    }
}

/// The outcome of a token request. The errors of `oauth2` end here: they quote the answer.
fn issued(outcome: Result<Pair, RequestTokenError<AmoError, BasicErrorResponse>>) -> Result<Issued, AmoError> {
    match outcome {
        Ok(pair) => pair.into_issued().ok_or(AmoError::OutcomeUnknown),
        Err(RequestTokenError::Request(error)) => Err(error),
        // A 200 that cannot be read has rotated all the same.
        Err(_) => Err(AmoError::OutcomeUnknown),
    }
}

/// Carries one token request, and turns what is no pair into what it means.
struct Sender<'a> {
    wire: &'a Wire,
    asked: Asked,
}

impl<'c> AsyncHttpClient<'c> for Sender<'_> {
    type Error = AmoError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, AmoError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let request = request.try_into().ok().ok_or(AmoError::Unavailable)?;
            let answer = self.wire.send(request).await.map_err(refusal::of_lost_token_request)?;
            if answer.status != StatusCode::OK {
                return Err(refusal::of_token_request(self.asked, &answer));
            }
            // Without its headers: a pair under an odd content type is a pair.
            answer.body.map(HttpResponse::new).map_err(refusal::of_lost_token_request)
        })
    }
}

/// amoCRM's answer to a token request that went well.
#[derive(Debug, Deserialize, Serialize)]
struct Pair {
    access_token: oauth2::AccessToken,
    refresh_token: oauth2::RefreshToken,
    #[serde(default = "unstated", deserialize_with = "life")]
    expires_in: Duration,
    #[serde(default)]
    token_type: Bearer,
}

impl Pair {
    fn into_issued(self) -> Option<Issued> {
        let (access, refresh) = (self.access_token.into_secret(), self.refresh_token.into_secret());
        if access.trim().is_empty() || refresh.trim().is_empty() {
            return None;
        }
        Some(Issued {
            account: claims::account_id(&access),
            access: AccessToken::new(access),
            refresh: RefreshToken::new(refresh),
            expires_in: self.expires_in,
        })
    }
}

impl TokenResponse for Pair {
    type TokenType = Bearer;

    fn access_token(&self) -> &oauth2::AccessToken {
        &self.access_token
    }

    fn token_type(&self) -> &Bearer {
        &self.token_type
    }

    fn expires_in(&self) -> Option<Duration> {
        Some(self.expires_in)
    }

    fn refresh_token(&self) -> Option<&oauth2::RefreshToken> {
        Some(&self.refresh_token)
    }

    fn scopes(&self) -> Option<&Vec<Scope>> {
        None
    }
}

/// The only token type amoCRM has, whatever it calls it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
struct Bearer;

impl TokenType for Bearer {}

impl<'de> Deserialize<'de> for Bearer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        de::IgnoredAny::deserialize(deserializer).map(|_| Self)
    }
}

fn unstated() -> Duration {
    UNSTATED_LIFE
}

/// Seconds, as a number or in quotes.
fn life<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let seconds = match Value::deserialize(deserializer)? {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    let life = seconds.map(Duration::from_secs).filter(|life| !life.is_zero() && *life <= LONGEST_LIFE);
    Ok(life.unwrap_or(UNSTATED_LIFE))
}
