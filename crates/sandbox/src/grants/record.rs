//! What the book of grants writes down of each grant, code and token.

use super::Holder;
use crate::clock::Moment;

/// Number of a grant.
pub(super) type GrantId = u64;

/// How the grants of an account end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Access was revoked.
    Revoked,
    /// The integration was disabled by an administrator.
    Disabled,
}

/// A user's permission to an integration, and how far it has come.
pub(super) struct Grant {
    pub(super) holder: Holder,
    pub(super) ending: Option<Ending>,
    pub(super) issued: Moment,
    pub(super) refreshes: u64,
    /// Counts the pairs of this grant; access tokens before `oldest_good` are dead.
    pub(super) generation: u64,
    pub(super) oldest_good: u64,
    pub(super) access_expires: Moment,
    pub(super) refresh_expires: Moment,
}

/// An authorization code.
pub(super) struct Code {
    pub(super) holder: Holder,
    pub(super) expires: Moment,
    pub(super) spent: bool,
}

/// A refresh token.
pub(super) struct RefreshRecord {
    pub(super) grant: GrantId,
    pub(super) expires: Moment,
    pub(super) spent: bool,
}

/// An access token.
pub(super) struct AccessRecord {
    pub(super) grant: GrantId,
    pub(super) generation: u64,
    pub(super) expires: Moment,
}
