//! The port to imported refresh tokens.

use std::fmt::Debug;

use async_trait::async_trait;
use jiff::Timestamp;

use super::StoreError;
use crate::connection::CrmConnection;
use crate::connection::import::{Import, ImportRecord, NotImported};
use crate::token::RefreshTokenHash;

/// Keeps which tokens of an earlier service were imported, for good: such a token works once.
///
/// What [`TokenStore`](super::TokenStore) says of atomicity, of tokens and of the store's clock holds here
/// too.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait ImportStore: Debug + Send + Sync + 'static {
    /// What is on record of this token, if it was imported.
    async fn import_record(&self, token: RefreshTokenHash) -> Result<Option<ImportRecord>, StoreError>;

    /// Makes the token the user's connection, by [`Import::decide`], and puts it on record in the same step.
    /// MUST take a token once, however many ask, and for whomever. A lease on tokens that it replaces MUST
    /// end. Returns the connection as it is then.
    async fn import(&self, import: &Import, now: Timestamp) -> Result<Result<CrmConnection, NotImported>, StoreError>;
}
