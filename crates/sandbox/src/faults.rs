//! Faults: what is slow, refused, cut off or broken, for all accounts or for one.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Dress, SandboxError};

/// What happens to one request instead of a good answer.
///
/// In JSON a status is a number, the others are their name: `503`, `"drop_after"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "Value")]
pub enum Failure {
    /// Nothing: this request is answered as usual (`"ok"`, to fail only the one after it).
    Pass,
    /// An answer with this status, 300 to 599, and nothing processed. A redirect leads to the
    /// same address.
    Status(u16),
    /// The ban: 403 with the HTML page of a web server (`"html403"`).
    Html403,
    /// The connection is closed without a byte; nothing is processed (`"drop"`).
    Drop,
    /// The request is processed, then the connection is closed without a byte (`"drop_after"`).
    DropAfter,
    /// The request is processed, then the connection is closed halfway through the answer, or
    /// before it where it has no body (`"cut"`).
    Cut,
    /// The request is processed, and the answer is JSON that breaks off (`"bad_json"`).
    BadJson,
    /// The token is rotated, and the answer lacks the new one (`"no_refresh_token"`).
    NoRefreshToken,
}

const NAMED: [(&str, Failure); 7] = [
    ("ok", Failure::Pass),
    ("html403", Failure::Html403),
    ("drop", Failure::Drop),
    ("drop_after", Failure::DropAfter),
    ("cut", Failure::Cut),
    ("bad_json", Failure::BadJson),
    ("no_refresh_token", Failure::NoRefreshToken),
];

impl Failure {
    /// Whether the request is refused before anything is done about it.
    pub(crate) const fn comes_first(self) -> bool {
        matches!(self, Self::Status(_) | Self::Html403 | Self::Drop)
    }
}

impl TryFrom<Value> for Failure {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, Self::Error> {
        if let Some(status) = value.as_u64().and_then(|status| u16::try_from(status).ok())
            && (300..600).contains(&status)
        {
            return Ok(Self::Status(status));
        }
        NAMED.iter().find(|(name, _)| value.as_str() == Some(name)).map(|&(_, failure)| failure).ok_or_else(|| {
            let names: Vec<_> = NAMED.iter().map(|(name, _)| *name).collect();
            format!("{value} is neither a status from 300 to 599 nor one of {}", names.join(", "))
        })
    }
}

impl From<Failure> for Value {
    fn from(failure: Failure) -> Self {
        if let Failure::Status(status) = failure {
            return Self::from(status);
        }
        let name = NAMED.iter().find(|(_, named)| *named == failure).map(|(name, _)| *name);
        Self::from(name)
    }
}

/// Faults: all of them last until they are taken back, a list one request an entry.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Faults {
    /// The API, the look-ups and the token endpoint wait this many milliseconds before they answer.
    pub latency_ms: u64,
    /// The token endpoint waits this many more; the token is spent after the wait.
    pub token_latency_ms: u64,
    /// What happens to the next requests at the token endpoint, one entry a request.
    pub fail_token: Vec<Failure>,
    /// How the next answers with a token pair are dressed, one entry a pair.
    pub dress: Vec<Dress>,
    /// What happens to the next requests of the API, one entry a request.
    pub fail_api: Vec<Failure>,
    /// What happens to the next look-ups of an account's host, one entry a request.
    pub fail_lookup: Vec<Failure>,
    /// What happens to every request at the token endpoint.
    pub token_outage: Option<Failure>,
    /// What happens to every request of the API.
    pub api_outage: Option<Failure>,
    /// The subscription is over: 401 at the token endpoint, 402 from the API.
    pub unpaid: bool,
}

/// The longest latency, an hour, in milliseconds.
const MAX_LATENCY_MS: u64 = 3_600_000;

impl Faults {
    /// # Errors
    /// [`SandboxError::Invalid`] naming the field if a fault cannot be played.
    pub(crate) fn check(&self) -> Result<(), SandboxError> {
        for (field, value) in [("latency_ms", self.latency_ms), ("token_latency_ms", self.token_latency_ms)] {
            if value > MAX_LATENCY_MS {
                return Err(SandboxError::invalid(field, format!("at most {MAX_LATENCY_MS}")));
            }
        }
        let lists = [("fail_api", &self.fail_api), ("fail_lookup", &self.fail_lookup)];
        for (field, list) in lists {
            if let Some(index) = list.iter().position(|&entry| entry == Failure::NoRefreshToken) {
                return Err(only_for_tokens(format!("{field}[{index}]")));
            }
        }
        match self.api_outage {
            Some(Failure::NoRefreshToken) => Err(only_for_tokens("api_outage".to_owned())),
            _ => Ok(()),
        }
    }
}

fn only_for_tokens(field: String) -> SandboxError {
    SandboxError::invalid(field, "\"no_refresh_token\" is for the token endpoint alone")
}

/// Which part of amoCRM a request reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Token,
    Api,
    Lookup,
}

impl Faults {
    /// Takes the next entry of the list for `part`.
    pub(crate) fn take(&mut self, part: Part) -> Option<Failure> {
        let list = match part {
            Part::Token => &mut self.fail_token,
            Part::Api => &mut self.fail_api,
            Part::Lookup => &mut self.fail_lookup,
        };
        (!list.is_empty()).then(|| list.remove(0))
    }

    /// Takes the next entry of the list of dresses.
    pub(crate) fn take_dress(&mut self) -> Option<Dress> {
        (!self.dress.is_empty()).then(|| self.dress.remove(0))
    }

    /// What happens to every request of `part`.
    pub(crate) const fn outage(&self, part: Part) -> Option<Failure> {
        match part {
            Part::Token => self.token_outage,
            Part::Api => self.api_outage,
            Part::Lookup => None,
        }
    }

    /// How long a request of `part` waits, in milliseconds.
    pub(crate) const fn latency_ms(&self, part: Part) -> u64 {
        match part {
            Part::Token => self.latency_ms.saturating_add(self.token_latency_ms),
            Part::Api | Part::Lookup => self.latency_ms,
        }
    }
}
