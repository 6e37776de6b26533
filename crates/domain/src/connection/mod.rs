//! The aggregate [`CrmConnection`]: one user's connection, its states and its transitions.

pub mod audit;
pub mod import;
mod refused_pairs;
pub mod revocation_check;
mod standing;
mod summary;

use std::ops::Deref;

use jiff::Timestamp;
pub use refused_pairs::{LONGEST_REFUSAL_BACKOFF, REFUSAL_BACKOFFS, RefusedPairs};
pub use standing::Standing;
pub use summary::ConnectionSummary;

use crate::host::AccountHost;
use crate::ids::{AccountId, Epoch, Generation, Revision, UserId};
use crate::token::TokenPair;

/// What amoCRM issued: the right to act for a user in one account.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Grant {
    /// The account's host, where tokens are refreshed and the API is called.
    pub host: AccountHost,
    /// The account's number; `None` until amoCRM has told it.
    pub account: Option<AccountId>,
    /// The tokens.
    pub tokens: TokenPair,
}

/// The account of a connection that has ended, so that the app can say what to re-connect.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FormerAccount {
    /// Its host.
    pub host: AccountHost,
    /// Its number, where it was known.
    pub account: Option<AccountId>,
}

/// Why the user has to connect again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ReauthReason {
    /// amoCRM refused the refresh token for certain.
    GrantRevoked,
    /// amoCRM refused it after an earlier sending whose answer was lost.
    RotationLost,
}

/// The state of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ConnectionState {
    /// Never connected, or disconnected.
    Disconnected,
    /// Usable, whether or not the access token has expired: it can be renewed.
    Connected(Grant),
    /// The grant is dead; only the user can give another.
    NeedsReauth {
        /// What to re-connect.
        former: FormerAccount,
        /// Why.
        reason: ReauthReason,
        /// Since when.
        since: Timestamp,
    },
    /// An administrator switched the integration off in amoCRM.
    Revoked(FormerAccount),
}

/// Why amoCRM cannot be used although the connection is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ProblemCode {
    /// amoCRM bans this account's calls.
    ProviderBlocked,
    /// amoCRM does not answer, or not sensibly.
    ProviderDown,
    /// amoCRM's limit of calls is used up.
    RateLimited,
    /// amoCRM does not accept the integration's own credentials: the operator's mistake.
    Misconfigured,
    /// amoCRM refuses this account though other accounts of the integration are served.
    AccountRefused,
    /// The account's subscription has ended.
    PaymentRequired,
}

/// A problem and its beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Problem {
    /// What it is.
    pub code: ProblemCode,
    /// Since when.
    pub since: Timestamp,
}

/// A transition that the state does not allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the tokens are of another generation: newer, disconnected or re-connected")]
pub struct AnotherGeneration;

/// What a [`CrmConnection`] consists of.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ConnectionParts {
    /// Whose it is. No other user ever sees, uses or refreshes it.
    pub user: UserId,
    /// The row's revision as loaded.
    pub revision: Revision,
    /// How many connects and disconnects there were.
    pub epoch: Epoch,
    /// How many token pairs there were.
    pub generation: Generation,
    /// Where it stands.
    pub state: ConnectionState,
    /// When the user connected; kept after the connection has ended, until they disconnect.
    pub connected_at: Option<Timestamp>,
    /// When the tokens were last renewed.
    pub refreshed_at: Option<Timestamp>,
    /// Why amoCRM cannot be used, if there is a reason.
    pub problem: Option<Problem>,
    /// The pairs in a row that amoCRM refused, if it refused the newest one that was used.
    pub refused: Option<RefusedPairs>,
}

/// Parts that no connection has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no connection has these parts: {0}")]
pub struct InvalidParts(&'static str);

/// One user's connection to amoCRM. Its parts can be read as fields; only its transitions change them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "ConnectionParts", into = "ConnectionParts"))]
pub struct CrmConnection(ConnectionParts);

impl TryFrom<ConnectionParts> for CrmConnection {
    type Error = InvalidParts;

    fn try_from(parts: ConnectionParts) -> Result<Self, InvalidParts> {
        Self::restore(parts)
    }
}

impl From<CrmConnection> for ConnectionParts {
    fn from(connection: CrmConnection) -> Self {
        connection.0
    }
}

impl Deref for CrmConnection {
    type Target = ConnectionParts;

    fn deref(&self) -> &ConnectionParts {
        &self.0
    }
}

impl CrmConnection {
    /// A user who never connected.
    pub fn new(user: UserId) -> Self {
        Self(ConnectionParts {
            user,
            revision: Revision::default(),
            epoch: Epoch::default(),
            generation: Generation::default(),
            state: ConnectionState::Disconnected,
            connected_at: None,
            refreshed_at: None,
            problem: None,
            refused: None,
        })
    }

    /// The connection that a store keeps in these parts.
    ///
    /// # Errors
    /// Parts that no transition leads to.
    pub fn restore(parts: ConnectionParts) -> Result<Self, InvalidParts> {
        let never = parts.epoch == Epoch::default() || parts.generation == Generation::default();
        if never && parts.state != ConnectionState::Disconnected {
            return Err(InvalidParts("tokens of a user who never connected"));
        }
        if parts.refused.is_some_and(|refused| refused.last > parts.generation) {
            return Err(InvalidParts("a refusal of tokens that are still to come"));
        }
        Ok(Self(parts))
    }

    /// Its parts, for a store.
    pub fn into_parts(self) -> ConnectionParts {
        self.0
    }

    /// The same connection as a store has kept it under `revision`.
    #[must_use]
    pub fn stored_as(self, revision: Revision) -> Self {
        Self(ConnectionParts { revision, ..self.0 })
    }

    /// The usable grant, if there is one.
    pub fn grant(&self) -> Option<&Grant> {
        match &self.state {
            ConnectionState::Connected(grant) => Some(grant),
            _ => None,
        }
    }

    /// Replaces whatever there was by `grant`.
    pub fn connect(&mut self, grant: Grant, now: Timestamp) {
        self.0.epoch = self.epoch.next();
        self.0.generation = self.generation.next();
        self.0.state = ConnectionState::Connected(grant);
        self.0.connected_at = Some(now);
        self.0.refreshed_at = None;
        self.0.problem = None;
        self.0.refused = None;
    }

    /// Ends the connection because the user asks for it. It voids everything that began before, so
    /// the epoch rises even for a user who is not connected.
    pub fn disconnect(&mut self) {
        self.0.epoch = self.epoch.next();
        self.0.generation = self.generation.next();
        self.0.state = ConnectionState::Disconnected;
        self.0.connected_at = None;
        self.0.refreshed_at = None;
        self.0.problem = None;
        self.0.refused = None;
    }

    /// Takes the pair that amoCRM issued for the tokens of generation `spent`. Only a different
    /// generation prevents it; a recorded rotation loss is healed.
    pub fn rotate(&mut self, spent: Generation, pair: TokenPair, now: Timestamp) -> Result<(), AnotherGeneration> {
        if self.generation != spent {
            return Err(AnotherGeneration);
        }
        let (host, account) = match &self.state {
            ConnectionState::Connected(grant) => (grant.host.clone(), grant.account),
            ConnectionState::NeedsReauth { former, .. } => (former.host.clone(), former.account),
            ConnectionState::Disconnected | ConnectionState::Revoked(_) => return Err(AnotherGeneration),
        };
        self.0.generation = spent.next();
        self.0.state = ConnectionState::Connected(Grant { host, account, tokens: pair });
        self.0.refreshed_at = Some(now);
        self.0.problem = None;
        Ok(())
    }

    /// Records that amoCRM certainly refused generation `spent`. The tokens are wiped.
    pub fn refuse(&mut self, spent: Generation, reason: ReauthReason, now: Timestamp) -> Result<(), AnotherGeneration> {
        match &self.state {
            ConnectionState::Connected(grant) if self.generation == spent => {
                let former = FormerAccount { host: grant.host.clone(), account: grant.account };
                self.0.state = ConnectionState::NeedsReauth { former, reason, since: now };
                self.0.problem = None;
                Ok(())
            }
            _ => Err(AnotherGeneration),
        }
    }

    /// Records that the integration was switched off in amoCRM, if the tokens still are of
    /// `generation`. They are wiped.
    pub fn revoke(&mut self, generation: Generation) -> Result<(), AnotherGeneration> {
        let former = match &self.state {
            ConnectionState::Connected(grant) => FormerAccount { host: grant.host.clone(), account: grant.account },
            ConnectionState::NeedsReauth { former, .. } => former.clone(),
            ConnectionState::Disconnected | ConnectionState::Revoked(_) => return Err(AnotherGeneration),
        };
        if self.generation != generation {
            return Err(AnotherGeneration);
        }
        self.0.state = ConnectionState::Revoked(former);
        self.0.problem = None;
        Ok(())
    }

    /// Follows the account to `host`, if the tokens still are of `generation`.
    pub fn follow(&mut self, generation: Generation, host: AccountHost) -> Result<(), AnotherGeneration> {
        match &mut self.0.state {
            ConnectionState::Connected(grant) if self.0.generation == generation => {
                grant.host = host;
                Ok(())
            }
            _ => Err(AnotherGeneration),
        }
    }

    /// Notes why amoCRM cannot be used, or that it can, if the tokens still are of `generation`. A
    /// problem that lasts keeps its beginning.
    pub fn note(
        &mut self,
        generation: Generation,
        problem: Option<ProblemCode>,
        now: Timestamp,
    ) -> Result<(), AnotherGeneration> {
        if self.generation != generation || self.grant().is_none() {
            return Err(AnotherGeneration);
        }
        self.0.problem = match (problem, self.problem) {
            (Some(code), Some(known)) if known.code == code => Some(known),
            (code, _) => code.map(|code| Problem { code, since: now }),
        };
        Ok(())
    }

    /// Records that amoCRM refused the access token of `generation`. Each pair counts once, and only
    /// while it is the newest.
    pub fn refuse_access(&mut self, generation: Generation, store_now: Timestamp) -> Result<(), AnotherGeneration> {
        if self.generation != generation || self.grant().is_none() {
            return Err(AnotherGeneration);
        }
        if self.refused.is_none_or(|refused| refused.last != generation) {
            let count = self.refused.map_or(1, |refused| refused.count.saturating_add(1));
            self.0.refused = Some(RefusedPairs { count, last: generation, since: store_now });
        }
        Ok(())
    }

    /// Records that amoCRM served the access token of `generation`.
    pub fn accept_access(&mut self, generation: Generation) -> Result<(), AnotherGeneration> {
        if self.generation != generation {
            return Err(AnotherGeneration);
        }
        self.0.refused = None;
        Ok(())
    }

    /// Until when refused access tokens delay the next refresh, by the store's clock.
    pub fn refresh_backs_off_until(&self, store_now: Timestamp) -> Option<Timestamp> {
        self.refused.and_then(|refused| refused.backs_off_until(store_now))
    }

    /// The account that it is, or was, connected to.
    pub fn account(&self) -> Option<(&AccountHost, Option<AccountId>)> {
        match &self.state {
            ConnectionState::Connected(grant) => Some((&grant.host, grant.account)),
            ConnectionState::NeedsReauth { former, .. } | ConnectionState::Revoked(former) => {
                Some((&former.host, former.account))
            }
            ConnectionState::Disconnected => None,
        }
    }

    /// Whether amoCRM's hook that the integration was switched off in `account` may be about it.
    pub fn may_be_revoked_in(&self, account: AccountId) -> bool {
        let is_or_was_used = matches!(
            self.state,
            ConnectionState::Connected(_) | ConnectionState::NeedsReauth { reason: ReauthReason::GrantRevoked, .. }
        );
        is_or_was_used && self.account().is_some_and(|(_, number)| number == Some(account))
    }

    /// Fills in the account's number once amoCRM has told it with tokens of `generation`.
    pub fn learn_account(&mut self, generation: Generation, account: AccountId) -> Result<(), AnotherGeneration> {
        match &mut self.0.state {
            ConnectionState::Connected(grant) if self.0.generation == generation => {
                grant.account.get_or_insert(account);
                Ok(())
            }
            _ => Err(AnotherGeneration),
        }
    }
}

#[cfg(test)]
mod tests;
