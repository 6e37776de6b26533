//! What can be told of a connection without its tokens.

use jiff::Timestamp;

use super::{ConnectionState, CrmConnection, Standing};
use crate::host::AccountHost;
use crate::ids::{AccountId, Epoch};

/// A connection without its tokens. Nothing can be stored or sent of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionSummary {
    /// How many connects and disconnects there were.
    pub epoch: Epoch,
    /// How it stands.
    pub standing: Standing,
    /// Since when there is the problem, or the reason to connect again, that the standing names.
    pub since: Option<Timestamp>,
    /// The account that it is, or was, connected to.
    pub account: Option<(AccountHost, Option<AccountId>)>,
    /// When the user connected.
    pub connected_at: Option<Timestamp>,
    /// When the tokens were last renewed.
    pub refreshed_at: Option<Timestamp>,
}

impl CrmConnection {
    /// What can be told of it.
    pub fn summary(&self) -> ConnectionSummary {
        ConnectionSummary {
            epoch: self.epoch,
            standing: self.standing(),
            since: match &self.state {
                ConnectionState::Connected(_) => self.problem.map(|problem| problem.since),
                ConnectionState::NeedsReauth { since, .. } => Some(*since),
                ConnectionState::Revoked(_) | ConnectionState::Disconnected => None,
            },
            account: self.account().map(|(host, account)| (host.clone(), account)),
            connected_at: self.connected_at,
            refreshed_at: self.refreshed_at,
        }
    }
}
