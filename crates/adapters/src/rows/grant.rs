//! A grant's columns, the same in every table that holds one: the tokens sealed, the rest plain.

use amo_connect_domain::connection::Grant;
use amo_connect_domain::host::AccountHost;
use amo_connect_domain::ids::AccountId;
use amo_connect_domain::token::{AccessToken, RefreshToken, TokenPair};

use super::columns::{needed, time};
use super::failure::Failure;
use crate::cipher::{RowIdentity, TokenKeys};

/// Whether sealed tokens are opened when a row is read.
///
/// Whoever is about to replace or wipe tokens has no use for them, and must not be stopped by
/// a key that is gone.
#[derive(Clone, Copy)]
pub(crate) enum Tokens<'k> {
    /// They are opened with these keys.
    Opened(&'k TokenKeys),
    /// They are left sealed; the row reads as if they were empty.
    Left,
}

/// The columns of a grant, or of what is left of one.
#[derive(Default)]
pub(super) struct GrantColumns {
    pub(super) host: Option<String>,
    pub(super) account_id: Option<i64>,
    pub(super) tokens: Option<Vec<u8>>,
    pub(super) issued_at: Option<i64>,
    pub(super) expires_at: Option<i64>,
}

impl GrantColumns {
    pub(super) fn seal(grant: &Grant, keys: &TokenKeys, row: &RowIdentity) -> Result<Self, Failure> {
        let tokens = &grant.tokens;
        Ok(Self {
            host: Some(grant.host.as_str().to_owned()),
            account_id: grant.account.map(account_column),
            tokens: Some(keys.seal(&tokens.access, &tokens.refresh, row)?),
            issued_at: Some(tokens.issued_at.as_microsecond()),
            expires_at: Some(tokens.expires_at.as_microsecond()),
        })
    }

    pub(super) fn open(self, tokens: Tokens<'_>, row: &RowIdentity) -> Result<Grant, Failure> {
        let sealed = needed(self.tokens)?;
        let (access, refresh) = match tokens {
            Tokens::Opened(keys) => keys.open(&sealed, row)?,
            Tokens::Left => (AccessToken::new(""), RefreshToken::new("")),
        };
        Ok(Grant {
            host: AccountHost::stored(needed(self.host)?),
            account: self.account_id.map(account),
            tokens: TokenPair {
                access,
                refresh,
                issued_at: time(needed(self.issued_at)?)?,
                expires_at: time(needed(self.expires_at)?)?,
            },
        })
    }
}

/// Databases have no unsigned numbers: the upper half of amoCRM's is stored as negative ones.
pub(super) fn account_column(account: AccountId) -> i64 {
    account.0.cast_signed()
}

pub(super) fn account(column: i64) -> AccountId {
    AccountId(column.cast_unsigned())
}
