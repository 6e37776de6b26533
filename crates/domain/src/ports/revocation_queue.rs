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
    /// Requests a check of the connections to `account`.
    async fn request_check(&self, account: AccountId) -> Result<(), StoreError>;

    /// Takes at most `limit` accounts that are to be checked. MUST give an account to one caller,
    /// and not again within [`REVOCATION_CHECK_INTERVAL`](crate::connection::revocation_check::REVOCATION_CHECK_INTERVAL); until [`Self::finish_check`] it MUST be
    /// given again after that.
    async fn take_checks(&self, limit: u32) -> Result<Vec<AccountId>, StoreError>;

    /// Delays the next check of `account` by the whole interval, while this one goes on.
    async fn extend_check(&self, account: AccountId) -> Result<(), StoreError>;

    /// Notes that every connection to `account` was checked. A check that is requested later MUST
    /// still wait until the interval is over.
    async fn finish_check(&self, account: AccountId) -> Result<(), StoreError>;
}
