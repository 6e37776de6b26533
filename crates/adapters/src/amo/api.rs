//! Requests to API v4.

use std::sync::Arc;

use amo_connect_domain::ports::AmoError;
use amo_connect_domain::token::{AccessToken, RefreshToken};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, StatusCode};
use reqwest::{Method, Request};
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use super::connections::Connections;
use super::loose::Object;
use super::reading::RawLocation;
use super::refusal;
use super::repair::repaired;
use super::settings::{AmoLimits, AmoSettings, WRITE_CONNECT_TIMEOUT};
use crate::http::{Answer, CallBudget, HttpClient, Loss};

/// The API, over the same connections for all accounts.
pub(super) struct Api {
    connections: Connections,
    writes: HttpClient,
}

impl Api {
    pub(super) fn new(
        limits: &AmoLimits,
        settings: &AmoSettings,
        budget: &Arc<CallBudget>,
    ) -> Result<Self, reqwest::Error> {
        let writes = HttpClient::unpooled(limits.of_writes(settings))?.within(budget);
        Ok(Self { connections: Connections::new(limits, settings, budget)?, writes })
    }

    /// The object that amoCRM has at `url`; `None` if it says that there is nothing (204).
    pub(super) async fn get<T: DeserializeOwned>(&self, url: Url, token: &AccessToken) -> Result<Option<T>, AmoError> {
        let mut request = Request::new(Method::GET, url);
        request.headers_mut().insert(AUTHORIZATION, bearer(token)?);
        let answer = self.connections.send(request).await.map_err(refusal::of_lost_read)?;
        let body = answer.whole().map_err(refusal::of_lost_read)?;
        match answer.status {
            StatusCode::NO_CONTENT => Ok(None),
            StatusCode::OK => object(body).map(Some),
            _ => Err(refusal::of_read(&answer, body)),
        }
    }

    /// Sends a write, once, over a connection of its own: of a kept one that ends nobody knows whether amoCRM read
    /// the request.
    pub(super) async fn write(
        &self,
        method: Method,
        url: Url,
        token: &AccessToken,
        body: Vec<u8>,
    ) -> Result<Result<Answer, Loss>, AmoError> {
        let mut request = Request::new(method, url);
        request.headers_mut().insert(AUTHORIZATION, bearer(token)?);
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Ok(self.writes.send_within(request, body, WRITE_CONNECT_TIMEOUT).await)
    }

    /// What amoCRM has at `url` for whoever shows this refresh token, which it does not spend;
    /// `None` if it refuses the token, or knows nothing of it.
    pub(super) async fn look_up(&self, url: Url, token: &RefreshToken) -> Result<Option<RawLocation>, AmoError> {
        let mut request = Request::new(Method::GET, url);
        let mut value = HeaderValue::try_from(token.expose()).ok().ok_or(AmoError::Protocol)?;
        value.set_sensitive(true);
        request.headers_mut().insert(HeaderName::from_static("x-refresh-token"), value);
        let answer = self.connections.send_on_a_new_one(request).await.map_err(refusal::of_lost_read)?;
        let body = answer.whole().map_err(refusal::of_lost_read)?;
        match answer.status {
            StatusCode::OK => object(body).map(Some),
            _ if refusal::is_refused_look_up(&answer, body) => Ok(None),
            _ => Err(refusal::of_read(&answer, body)),
        }
    }
}

/// The most objects in an answer. A page of 250 leads, each with a hundred fields, has a quarter of them. In memory an
/// object is many times as large as in JSON: an answer that has only `{}` in it would take gigabytes.
const MOST_OBJECTS: usize = 250_000;

fn object<T: DeserializeOwned>(body: &[u8]) -> Result<T, AmoError> {
    if body.split(|byte| *byte == b'{').count() > MOST_OBJECTS + 1 {
        return Err(AmoError::Protocol);
    }
    // Its encoding is looked at once, and not for each text and name in it.
    let read = std::str::from_utf8(body).ok().and_then(|text| serde_json::from_str(text).ok());
    let read = read.or_else(|| mended(&repaired(body)));
    read.and_then(|Object(read)| read).ok_or(AmoError::Protocol)
}

fn mended<T: DeserializeOwned>(text: &str) -> Option<Object<T>> {
    let read = serde_json::from_str(text);
    // Of a member that is there twice, the last counts: `Value` goes by that, derived code refuses it.
    read.or_else(|_| serde_json::from_str::<Value>(text).and_then(serde_json::from_value)).ok()
}

/// A token that fits into no header is no good: the same as if amoCRM had said so.
fn bearer(token: &AccessToken) -> Result<HeaderValue, AmoError> {
    let text = format!("Bearer {}", token.expose());
    let mut value = HeaderValue::try_from(text).ok().ok_or(AmoError::AccessRefused)?;
    value.set_sensitive(true);
    Ok(value)
}
