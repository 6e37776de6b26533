//! Authorization codes, refresh tokens and access tokens: who may do what, and until when.

mod book;
mod jwt;
mod mint;
mod record;
mod refusal;

pub(crate) use book::{Book, Issued, Refresh, Terms};
pub(crate) use mint::{Digest, Mint, digest, hex};
pub(crate) use record::Ending;
pub(crate) use refusal::Refusal;
use serde::Serialize;

use crate::{AccountId, UserId};

/// Who gave an integration access to what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Holder {
    pub(crate) account: AccountId,
    pub(crate) user: UserId,
    /// Granted by an administrator: with all rights, whatever becomes of him.
    pub(crate) is_full: bool,
    pub(crate) client_id: String,
}

/// An authorization code, as amoCRM's redirect would have brought it.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct IssuedCode {
    /// The code; works once, for 20 minutes.
    pub code: String,
    /// The bare host of the account.
    pub referer: String,
}

impl std::fmt::Debug for IssuedCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IssuedCode").field("referer", &self.referer).finish_non_exhaustive()
    }
}

/// A grant that still lives: an integration, a user, and a refresh token that works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GrantInfo {
    /// The account it opens.
    pub account: AccountId,
    /// Who allowed it.
    pub user: UserId,
    /// Whether an administrator allowed it: it has all rights, whatever becomes of the administrator.
    pub is_full: bool,
    /// The integration that holds it.
    pub client_id: String,
    /// When its code was exchanged, in seconds since 1970.
    pub issued_at: u64,
    /// How often it was refreshed.
    pub refreshes: u64,
    /// When its last access token ends.
    pub access_expires_at: u64,
    /// When its refresh token ends.
    pub refresh_expires_at: u64,
}
