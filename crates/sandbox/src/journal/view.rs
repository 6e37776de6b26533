//! The journal as the controls show it: without secrets, and JSON as JSON.

use actix_web::http::header::HeaderValue;
use serde::Serialize;
use serde_json::Value;

use super::{Body, Entry, secrets::Secrets};
use crate::{AccountId, Dress, Failure, UserId};

/// A request that a client sent, and what it was answered. Codes, tokens, client secrets and states
/// are cut: `…` stands in their place.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RequestRecord {
    /// Counts the requests since the start or the last reset, from 1, in the order they were answered.
    pub number: u64,
    /// When it came, in seconds since 1970 by the sandbox's clock.
    pub at: u64,
    /// How long it took by that clock.
    pub duration_ms: u64,
    /// The account it reached.
    pub account: Option<AccountId>,
    /// The integration that sent it.
    pub client_id: Option<String>,
    /// With whose rights it ran: who granted, or the user of `X-Context-User-ID`.
    pub user: Option<UserId>,
    /// `GET`, `POST`…
    pub method: String,
    /// The path, as it was sent.
    pub path: String,
    /// The query, as it was sent; empty if there was none.
    pub query: String,
    /// The body: JSON as it is, a form or another text as a string. `None` if there was none, or if
    /// it is not shown.
    pub body: Option<Value>,
    /// How long the body was.
    pub body_bytes: usize,
    /// The status of the answer; `None` if the client got none.
    pub status: Option<u16>,
    /// Where a redirect leads.
    pub location: Option<String>,
    /// The body of the answer, as [`Self::body`].
    pub answer: Option<Value>,
    /// How long that was.
    pub answer_bytes: usize,
    /// The fault that was played on it.
    pub fault: Option<Failure>,
    /// How the answer with a token pair was dressed.
    pub dress: Option<Dress>,
    /// Whether it was over a limit.
    pub over_limit: bool,
}

/// What is shown of `entry`.
pub(super) fn view(entry: &Entry, client_secrets: &[&str]) -> RequestRecord {
    let Entry { known, .. } = entry;
    let mut secrets = Secrets::new(client_secrets, is_of_oauth(entry.uri.path()));
    let mut query = secrets.cut_pairs(entry.uri.query().unwrap_or_default());
    let mut body = shown(&entry.body, &mut secrets);
    let mut answer = entry.answer.as_ref().and_then(|answer| shown(&answer.body, &mut secrets));
    let location = entry.answer.as_ref().and_then(|answer| text(answer.location.as_ref()));
    // What a secret is called is known only where it has a name. Its value may stand elsewhere too.
    query = secrets.cut_text(&query);
    for value in body.iter_mut().chain(&mut answer) {
        secrets.cut_values(value);
    }
    RequestRecord {
        number: entry.number,
        at: entry.at,
        duration_ms: u64::try_from(entry.took.as_millis()).unwrap_or(u64::MAX),
        account: known.account,
        client_id: known.client_id.clone(),
        user: known.user,
        method: entry.method.to_string(),
        path: secrets.cut_text(entry.uri.path()),
        query,
        body,
        body_bytes: entry.body.length,
        status: entry.answer.as_ref().map(|answer| answer.status),
        location: location.map(|location| secrets.cut_text(location)),
        answer,
        answer_bytes: entry.answer.as_ref().map_or(0, |answer| answer.body.length),
        fault: known.fault,
        dress: known.dress,
        over_limit: known.is_over_limit,
    }
}

/// Whether codes, tokens and secrets are what is sent there.
fn is_of_oauth(path: &str) -> bool {
    path.starts_with("/oauth")
}

/// A body as it is shown, without the secrets that have a name in it.
fn shown(body: &Body, secrets: &mut Secrets<'_>) -> Option<Value> {
    let bytes = body.bytes.as_deref().filter(|bytes| !bytes.is_empty())?;
    if let Ok(mut json) = serde_json::from_slice::<Value>(bytes)
        && (json.is_object() || json.is_array())
    {
        secrets.cut_members(&mut json);
        return Some(json);
    }
    let bytes = std::str::from_utf8(bytes).ok()?;
    let content_type = text(body.content_type.as_ref()).unwrap_or_default();
    if content_type.starts_with("application/x-www-form-urlencoded") {
        return Some(Value::String(secrets.cut_pairs(bytes)));
    }
    // Nobody knows what is a secret in JSON that breaks off, or in a page.
    (!secrets.is_of_oauth()).then(|| Value::String(bytes.to_owned()))
}

fn text(header: Option<&HeaderValue>) -> Option<&str> {
    header.and_then(|value| value.to_str().ok())
}
