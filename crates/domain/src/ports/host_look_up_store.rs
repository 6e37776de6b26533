//! The port to the look-ups of accounts that may have moved.

use std::fmt::Debug;

use async_trait::async_trait;

use super::StoreError;
use crate::host::AccountHost;
use crate::host_look_up::FoundHost;
use crate::host_look_up::LookUpDecision;
use crate::ids::AccountId;

/// Keeps where accounts have moved to, and when each may be looked up again.
///
/// What [`TokenStore`](super::TokenStore) says of atomicity and of the store's clock holds here too.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait HostLookUpStore: Debug + Send + Sync + 'static {
    /// Decides, by [`HostLookUp::request`](crate::host_look_up::HostLookUp::request), whether the
    /// account that was at `host` may be looked up. MUST grant it to one caller a minute and account,
    /// however many ask, and under however many hosts. Accounts whose number is not known are told
    /// apart by their hosts, and from those whose number is known.
    async fn request_look_up(
        &self,
        host: &AccountHost,
        account: Option<AccountId>,
    ) -> Result<LookUpDecision, StoreError>;

    /// Records that the account that was at `host` has moved, as a look-up has just found. From
    /// now on, every request for the account of this number under `host` MUST return the move. What was
    /// known under the new host MUST NOT count any more. A request for another account, or for one
    /// whose number is not known, MUST NOT return it.
    async fn save_move(&self, host: &AccountHost, moved_to: &FoundHost) -> Result<(), StoreError>;
}
