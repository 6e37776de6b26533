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

/// The most values in it: each is dozens of bytes in memory, also a digit in a list. Such a page has a third of them.
const MOST_VALUES: usize = 2_000_000;

fn object<T: DeserializeOwned>(body: &[u8]) -> Result<T, AmoError> {
    // Its encoding is looked at once, and not for each text and name in it.
    let text = std::str::from_utf8(body).ok().filter(|text| !is_swollen(text));
    let read = text.and_then(|text| serde_json::from_str(text).ok());
    let read = read.or_else(|| mended(&repaired(body)));
    read.and_then(|Object(read)| read).ok_or(AmoError::Protocol)
}

/// Whether it would take more memory than an answer of its length should.
fn is_swollen(text: &str) -> bool {
    let (mut objects, mut values, mut is_text) = (0_usize, 0_usize, false);
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => is_text = !is_text,
            // What comes after it ends no text.
            b'\\' if is_text => drop(bytes.next()),
            b'{' if !is_text => objects += 1,
            b'[' | b',' if !is_text => values += 1,
            _ => {}
        }
    }
    objects > MOST_OBJECTS || values > MOST_VALUES
}

fn mended<T: DeserializeOwned>(text: &str) -> Option<Object<T>> {
    if is_swollen(text) {
        return None;
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: usize, value: &str) -> String {
        format!(r#"{{"list":[{}]}}"#, vec![value; values].join(","))
    }

    #[test]
    fn an_answer_of_many_values_is_not_read_however_small_they_are() {
        for (value, most) in [("{}", MOST_OBJECTS), ("0", MOST_VALUES), ("[]", MOST_VALUES / 2)] {
            let beyond = of(most + 2, value);
            assert_eq!(object::<Value>(beyond.as_bytes()).map(drop), Err(AmoError::Protocol), "{value}");
        }
        assert_eq!(object::<Value>(of(MOST_OBJECTS - 1, "{}").as_bytes()).map(drop), Ok(()));
        // Nor is it mended first.
        let damaged = of(MOST_OBJECTS, "{}").replacen('[', "[\"\u{1}\",", 1);
        assert_eq!(object::<Value>(damaged.as_bytes()).map(drop), Err(AmoError::Protocol));
    }

    #[test]
    fn a_text_is_one_value_whatever_it_says() {
        let text = format!(r#""\"{}""#, "{[,".repeat(MOST_VALUES));
        assert_eq!(object::<Value>(of(1, &text).as_bytes()).map(drop), Ok(()));
    }
}
