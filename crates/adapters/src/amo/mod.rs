//! amoCRM over HTTP: its token endpoint through the `oauth2` crate, and the part of API v4 we use.

mod activity;
mod api;
mod callback;
mod claims;
mod connections;
mod crm_api;
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
mod token_endpoint;
mod writing;

use std::fmt;
use std::sync::Arc;

use amo_connect_domain::host::AccountHost;
use amo_connect_domain::ports::AmoError;
use url::Url;

use crate::http::{CallBudget, HttpClient};

pub use settings::{AmoLimits, AmoSettings};

use api::Api;
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

    /// The address of `path` on `host`. Every request passes here, and so the list of hosts.
    fn address(&self, host: &AccountHost, path: &str) -> Result<Url, AmoError> {
        if !self.settings.allowed_hosts.permits(host) {
            return Err(AmoError::HostNotAllowed);
        }
        Url::parse(&format!("{}://{host}{path}", host.scheme())).ok().ok_or(AmoError::HostNotAllowed)
    }
}

impl fmt::Debug for OauthAmoClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OauthAmoClient").field("settings", &self.settings).finish_non_exhaustive()
    }
}
