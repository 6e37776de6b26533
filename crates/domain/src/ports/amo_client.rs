//! The port to amoCRM: its token endpoint and the part of its API that we use.

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;
use url::Url;

use crate::client::ClientFingerprint;
use crate::host::AccountHost;
use crate::host_look_up::FoundHost;
use crate::ids::AccountId;
use crate::lead::{AmoLead, Contact, LeadFilter, LeadPage, Pipeline};
use crate::token::{AccessToken, AuthorizationCode, Issued, RefreshToken, State};

/// Speaks to one CRM on behalf of one integration.
///
/// Every method that sends MUST send at most one request, MUST NOT follow a redirect, MUST
/// send nothing to a host that is not allowed ([`AmoError::HostNotAllowed`]), and MUST NOT
/// show a token, a code, the client secret or the CRM's own words in an error. Retrying is the
/// caller's business, who knows what is safe to repeat.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait AmoClient: Debug + Send + Sync + 'static {
    /// Where a browser is sent to allow the integration; the answer comes back with `state`.
    fn authorization_url(&self, state: &State) -> Url;

    /// Exchanges `code` for its tokens at the account's token endpoint.
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
    async fn exchange(&self, host: &AccountHost, code: &AuthorizationCode) -> Result<Issued, AmoError>;

    /// Spends `token` for the next pair. An answer whose refresh token is the one that was sent
    /// MUST NOT be taken for a pair.
    ///
    /// # Errors
    /// MUST return [`AmoError::GrantRevoked`] only for an answer that refuses this token for
    /// certain, and [`AmoError::OutcomeUnknown`] whenever the token may have been rotated but
    /// no pair was read. [`AmoError::Unavailable`] promises that it was not.
    async fn refresh(&self, host: &AccountHost, token: &RefreshToken) -> Result<Issued, AmoError>;

    /// What the integration identifies itself with to the CRM, without showing it: see
    /// [`ClientFingerprint::keyed`]. Clients that the CRM may judge differently have different ones.
    fn fingerprint(&self) -> ClientFingerprint;

    /// The host that [`Self::locate`] asks where the account of this access token is, which was at
    /// `host`: one that the token names, or `host` itself.
    fn locator(&self, host: &AccountHost, access: &AccessToken) -> AccountHost;

    /// Where the account of this pair answers now; the refresh token is shown, and not spent. The
    /// host that the access token names is asked, where it names one that is allowed, even if `host`
    /// is not.
    ///
    /// # Errors
    /// MUST return [`AmoError::HostNotAllowed`] instead of a host that is not allowed.
    async fn locate(
        &self,
        host: &AccountHost,
        access: &AccessToken,
        refresh: &RefreshToken,
    ) -> Result<Located, AmoError>;

    /// The number of the account that `token` opens (`GET /api/v4/account`).
    async fn account(&self, host: &AccountHost, token: &AccessToken) -> Result<AccountId, AmoError>;

    /// A page of leads, in the CRM's order. An empty page is no error. Deleted leads are left out.
    /// A filter of 50 stages is one request. The whole second that `updated_since` falls into MUST
    /// be asked for, and none before it.
    async fn leads(&self, host: &AccountHost, token: &AccessToken, filter: &LeadFilter) -> Result<LeadPage, AmoError>;

    /// The lead with this number; `None` if there is none, or it was deleted.
    async fn lead(&self, host: &AccountHost, token: &AccessToken, id: u64) -> Result<Option<AmoLead>, AmoError>;

    /// The contacts with these numbers, at most 250, in one request; unknown ones are left out.
    async fn contacts(&self, host: &AccountHost, token: &AccessToken, ids: &[u64]) -> Result<Vec<Contact>, AmoError>;

    /// All pipelines with their stages, those put away among them. The stage of unsorted leads MUST
    /// be of kind 1, and the closed ones of every pipeline MUST be 142 (won) and 143 (lost), in leads
    /// and filters too: the app's three statuses are made of that.
    async fn pipelines(&self, host: &AccountHost, token: &AccessToken) -> Result<Vec<Pipeline>, AmoError>;
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

/// How a call to the CRM failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmoError {
    /// 400 or 401 that says this refresh token is revoked, expired or unreadable.
    #[error("amoCRM refused the refresh token")]
    GrantRevoked,
    /// 400 or 401 that says this code is used, expired, unreadable or another account's.
    #[error("amoCRM refused the authorization code")]
    CodeRejected,
    /// 401 from the API: the access token is not good (any more).
    #[error("amoCRM refused the access token")]
    AccessRefused,
    /// The answer accuses the client: id, secret or redirect URI.
    #[error("amoCRM refused the integration's credentials")]
    Misconfigured,
    /// 402: the account's subscription has ended.
    #[error("the amoCRM account is not paid for")]
    PaymentRequired,
    /// 404, where the thing asked for may be missing, or the account.
    #[error("amoCRM does not have it")]
    NotFound,
    /// The account is not at this host: 410, 421 or a redirect, which is never followed. Whether a
    /// token request was processed all the same, nobody knows.
    #[error("the amoCRM account is not at this host")]
    Moved,
    /// No byte was sent: the host's name, its port or its certificate is no good.
    #[error("the amoCRM account's host cannot be reached")]
    Unreachable,
    /// 429.
    #[error("amoCRM's limit of calls is reached")]
    RateLimited {
        /// How long to wait, where amoCRM said so.
        retry_after: Option<Duration>,
    },
    /// So many calls wait for their turn that nothing was sent. An adapter never says so.
    #[error("too many calls wait for their turn")]
    NoTurn {
        /// How long until a turn is likely.
        retry_after: Duration,
    },
    /// The rate limiter gave no permit, because its store failed: nothing was sent. An adapter
    /// never says so.
    #[error("the rate limiter gave no permit: its store failed")]
    PermitUnavailable,
    /// 403 with a page or words of a web server, and no JSON: amoCRM bans calls. An empty one, and
    /// one that was cut, is none.
    #[error("amoCRM bans calls")]
    Blocked,
    /// It surely did nothing. For a read also a 5xx: nothing is lost by asking again.
    #[error("amoCRM is not available")]
    Unavailable,
    /// A read was sent, and its connection ended before the whole answer came, as where a kept
    /// connection is reset. Whoever asks may send it once more: the next call to that host MUST
    /// go over a connection that was not open before the loss. A token request that is cut is
    /// [`AmoError::OutcomeUnknown`].
    #[error("the connection to amoCRM was lost")]
    ConnectionLost,
    /// A read took too long, here or (504) there. A token request that does is
    /// [`AmoError::OutcomeUnknown`].
    #[error("amoCRM is slow")]
    TimedOut,
    /// It may have done what was asked, but the answer was not read: cut, timed out, 5xx.
    #[error("amoCRM's answer was lost")]
    OutcomeUnknown,
    /// An answer that makes no sense. For a token request it is as uncertain as a lost one.
    #[error("amoCRM answered nonsense")]
    Protocol,
    /// The host is not on the list of allowed ones. Nothing was sent.
    #[error("the account host is not allowed")]
    HostNotAllowed,
}
