//! The port to the queue of accounts whose connections are to be checked.

use std::fmt::Debug;

use async_trait::async_trait;

use super::StoreError;
use crate::ids::AccountId;

/// Keeps which accounts' connections are to be checked, because amoCRM said that the integration was
/// switched off there. The rules are [`RevocationCheck`](crate::connection::revocation_check::RevocationCheck)'s.
///
/// What [`TokenStore`](super::TokenStore) says of atomicity and of the store's clock holds here too.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait RevocationQueue: Debug + Send + Sync + 'static {
    /// Notes that the connections to `account` are to be looked at.
    async fn request_check(&self, account: AccountId) -> Result<(), StoreError>;

    /// Takes at most `limit` accounts that are to be looked at. MUST give an account to one caller,
    /// and not again within [`REVOCATION_CHECK_INTERVAL`](crate::connection::revocation_check::REVOCATION_CHECK_INTERVAL); until [`Self::finish_check`] it MUST be
    /// given again after that.
    async fn take_checks(&self, limit: u32) -> Result<Vec<AccountId>, StoreError>;

    /// Puts the next look at `account` off by the whole term, for whoever is still at this one.
    async fn extend_check(&self, account: AccountId) -> Result<(), StoreError>;

    /// Notes that every connection to `account` has been looked at. A look that is wanted later
    /// MUST still wait for the rest of the term.
    async fn finish_check(&self, account: AccountId) -> Result<(), StoreError>;
}
