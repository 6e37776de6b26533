//! The port to a CRM's token endpoint.

use std::fmt::Debug;

use async_trait::async_trait;
use url::Url;

use super::AmoError;
use crate::authorization::callback::{Callback, Parameters};
use crate::client::ClientFingerprint;
use crate::host::AccountHost;
use crate::host_look_up::FoundHost;
use crate::ids::AccountId;
use crate::rate_limit::{Permit, call};
use crate::token::{AccessToken, AuthorizationCode, Issued, RefreshToken, State};

/// Buys tokens at one CRM, on behalf of one integration.
///
/// What [`AmoClient`](super::AmoClient) promises of every method that sends holds here too.
#[async_trait]
pub trait TokenEndpoint: Debug + Send + Sync + 'static {
    /// Where a browser is sent to allow the integration; the answer comes back with `state`. `account`
    /// is the host of the account to ask, where that is known beforehand.
    fn authorization_url(&self, state: &State, account: Option<&AccountHost>) -> Url;

    /// Reads the CRM's redirect. A code, a state or a host that is there twice MUST be
    /// [`Given::Unusable`](crate::authorization::callback::Given::Unusable), as
    /// [`Parameters::text`] and [`Parameters::secret`] have it. A user's *no* MUST be
    /// [`Denial::Declined`](crate::authorization::callback::Denial::Declined). Where the CRM does not
    /// name the account's host, it is the one where its codes are exchanged, or absent: then the
    /// operator's default counts.
    fn read_callback(&self, parameters: &Parameters) -> Callback;

    /// The account in which somebody has switched the integration off, as the CRM's hook says. MUST be
    /// `None` for what is not surely the CRM's own word to this integration. A CRM without such a hook
    /// has none.
    fn read_hook(&self, parameters: &Parameters) -> Option<AccountId>;

    /// The host of the token endpoint for the account at `account`: that account's own, or a token
    /// server apart. [`Self::exchange`] and [`Self::refresh`] have their permit for it.
    fn token_host(&self, account: &AccountHost) -> AccountHost;

    /// Exchanges `code` for its tokens at the account's token endpoint. Where the CRM names the
    /// account's host with a pair, [`Issued::host`] is what it says, by this method and by
    /// [`refresh`](Self::refresh).
    ///
    /// A pair that arrived whole MUST be returned, by this method and by
    /// [`refresh`](Self::refresh), whatever else its answer is: under any final status, with
    /// headers that make no sense or text around the JSON, with members that are there twice, in a
    /// coding that nobody asked for, in a body that ends early or with a reset, or does not end.
    /// Two halves of different objects are no pair, what stands within another object is none (an
    /// answer may quote the pair before), and a damaged token is no token. A pair that says it was
    /// issued to another integration stays with the adapter, which logs an error without it: the
    /// outcome is unknown.
    ///
    /// # Errors
    /// MUST return [`AmoError::CodeRejected`] for an answer that refuses this code, and
    /// [`AmoError::OutcomeUnknown`] whenever the code may have been used but no pair was read.
    async fn exchange(&self, permit: Permit<call::Exchange>, code: &AuthorizationCode) -> Result<Issued, AmoError>;

    /// Spends `token` for the next pair. An answer whose refresh token is the one that was sent
    /// MUST NOT be taken for a pair.
    ///
    /// # Errors
    /// MUST return [`AmoError::GrantRevoked`] only for an answer that refuses this token for
    /// certain, and [`AmoError::OutcomeUnknown`] whenever the token may have been rotated but
    /// no pair was read. [`AmoError::Unavailable`] promises that it was not.
    async fn refresh(&self, permit: Permit<call::Refresh>, token: &RefreshToken) -> Result<Issued, AmoError>;

    /// What the integration identifies itself with to the CRM, without showing it: see
    /// [`ClientFingerprint::keyed`]. Clients that the CRM may judge differently have different ones.
    fn fingerprint(&self) -> ClientFingerprint;

    /// The host that [`Self::locate`] asks where the account of this access token is, which was at
    /// `host`: one that the token names, or `host` itself. `None` where accounts never move: nobody
    /// is asked, and the account is where it was.
    fn locator(&self, host: &AccountHost, access: &AccessToken) -> Option<AccountHost>;

    /// Where the account of this pair answers now; the refresh token is shown, and not spent. The
    /// host that the access token names is asked, where it names one that is allowed, even if `host`
    /// is not.
    ///
    /// # Errors
    /// MUST return [`AmoError::HostNotAllowed`] instead of a host that is not allowed.
    async fn locate(
        &self,
        permit: Permit<call::LookUp>,
        access: &AccessToken,
        refresh: &RefreshToken,
    ) -> Result<Located, AmoError>;
}

/// What a CRM says of where an account is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    /// Where it is; `None` if the token was refused, or no such account is known.
    pub at: Option<FoundHost>,
    /// Whether the host said so that the access token names. Anybody else may know nothing of an
    /// account that has moved.
    pub by_authority: bool,
}

impl Located {
    /// Whether it counts for `account`, as far as its number is known.
    pub fn counts_for(&self, account: Option<AccountId>) -> bool {
        match (self.at.as_ref().map(|found| found.account), account) {
            (Some(Some(told)), Some(wanted)) => told == wanted,
            _ => self.by_authority,
        }
    }
}
