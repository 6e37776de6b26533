//! What the sandbox counts, so that a test can tell what really reached amoCRM.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::AccountId;

/// Counters since the start or the last reset.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// Login and consent pages shown.
    pub pages: u64,
    /// Times that somebody allowed access on the consent page.
    pub allowed: u64,
    /// Times that somebody denied it there.
    pub denied: u64,
    /// Authorization codes issued, by the consent page or by the controls.
    pub codes: u64,
    /// Requests at the token endpoint, all of them.
    pub token_requests: u64,
    /// Codes exchanged for a pair of tokens.
    pub exchanges: u64,
    /// Refresh tokens exchanged for a new pair.
    pub refreshes: u64,
    /// Requests that the token endpoint refused, limits and faults aside.
    pub refused: u64,
    /// The most refresh requests that were on their way at one time.
    pub most_refreshes_at_once: u64,
    /// The most refresh requests with the very same token that were on their way at one time.
    pub most_refreshes_of_one_token: u64,
    /// Requests of the API, all of them.
    pub api_requests: u64,
    /// The same by the account whose host they reached.
    pub api_requests_by_account: BTreeMap<AccountId, u64>,
    /// Requests of the API without a good access token.
    pub unauthorized: u64,
    /// Requests over a limit, of the API and at the token endpoint.
    pub over_limit: u64,
    /// The same by the `client_id` of the integration that sent them, where it is known.
    pub over_limit_by_integration: BTreeMap<String, u64>,
    /// Requests that a fault was played on.
    pub faults_played: u64,
    /// Look-ups of an account's host.
    pub lookups: u64,
    /// Disconnect hooks sent, each attempt.
    pub hooks_sent: u64,
    /// Those that were not answered with a success.
    pub hooks_failed: u64,
    /// Webhooks sent, each attempt.
    pub webhooks_sent: u64,
    /// Those that were not answered in time with a success.
    pub webhooks_failed: u64,
}
