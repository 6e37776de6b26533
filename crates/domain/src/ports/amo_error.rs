//! How a call to the CRM fails.

use std::time::Duration;

use crate::crm::write::WriteField;

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
    /// 400 or 422: the CRM does not take what was written. Nothing was done.
    #[error("amoCRM does not accept what was written")]
    Refused {
        /// What it does not accept, where it says so.
        field: Option<WriteField>,
    },
    /// 403 of the API's own: the right to this thing is missing. Another access token is no cure.
    #[error("amoCRM forbids this")]
    Forbidden,
    /// 402: the account's subscription has ended.
    #[error("the amoCRM account is not paid for")]
    PaymentRequired,
    /// 404, where the thing asked for may be missing, or the account.
    #[error("amoCRM has no such account or object")]
    NotFound,
    /// The account is not at this host: 410, 421 or a redirect, which is never followed. Whether
    /// amoCRM processed a token request is unknown.
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
    /// Too many calls wait for a permit, or an adapter has as many under way as it takes at one time. Nothing was sent; a
    /// read may have been, and its answer was not read.
    #[error("too many calls wait for their turn")]
    QueueFull {
        /// How long until there is likely to be room.
        retry_after: Duration,
    },
    /// The rate limiter gave no permit, because its store failed: nothing was sent. An adapter
    /// never returns it.
    #[error("the rate limiter gave no permit: its store failed")]
    PermitUnavailable,
    /// 403 with a page or words of a web server, and no JSON: amoCRM bans calls. An empty one, and
    /// one that was cut, is none.
    #[error("amoCRM bans calls")]
    Blocked,
    /// amoCRM certainly did nothing. For a read also a 5xx: it is safe to ask again.
    #[error("amoCRM is not available")]
    Unavailable,
    /// A read was sent, and its connection ended before the whole answer came, for example because
    /// a kept-alive connection was reset, or was ended by a 408. The caller may send it once more: the
    /// next call to that host MUST go over a connection that was not open before the loss. A token request that is cut is
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
    #[error("the account host is not allowed: check AMO_ALLOWED_HOSTS")]
    HostNotAllowed,
}
