//! The port for background work: listings and the sweep.

use std::fmt::Debug;

use async_trait::async_trait;
use jiff::Timestamp;

use super::StoreError;
use crate::client::ClientFingerprint;
use crate::connection::Standing;
use crate::ids::AccountId;
use crate::ids::Generation;
use crate::ids::UserId;

/// Lists connections that need work, and forgets what is over.
///
/// What [`TokenStore`](super::TokenStore) says of atomicity and of the store's clock holds here too.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait Maintenance: Debug + Send + Sync + 'static {
    /// Connections whose refresh [is orphaned](crate::refresh::lease::RefreshLease::is_orphaned), with the generation of
    /// their tokens: the oldest first, at most `limit`.
    async fn orphaned_refreshes(&self, limit: u32) -> Result<Vec<(UserId, Generation)>, StoreError>;

    /// Connections whose tokens were issued before `issued_before`, or after `issued_after`, which
    /// is so far in the future that their age is unknown, and that nobody is refreshing, with the
    /// generation of their tokens: the oldest first, at most `limit`. MUST leave out those whose
    /// refresh backs off or is delayed.
    async fn stale_connections(
        &self,
        issued_before: Timestamp,
        issued_after: Timestamp,
        limit: u32,
    ) -> Result<Vec<(UserId, Generation)>, StoreError>;

    /// Connections whose last sending ended with an accusation that
    /// [is over](crate::client::Accusation::is_over_for) for `client`, and that nobody is refreshing,
    /// with the generation of their tokens: the first to expire first, at most `limit`. Only those
    /// whose access token is dead at `expired_by`, if that is given.
    async fn acquitted_refreshes(
        &self,
        client: ClientFingerprint,
        expired_by: Option<Timestamp>,
        limit: u32,
    ) -> Result<Vec<(UserId, Generation)>, StoreError>;

    /// Users with a connection to `account` that can be used, or that amoCRM has refused for an
    /// unknown reason: all of them and no others.
    async fn users_of(&self, account: AccountId) -> Result<Vec<UserId>, StoreError>;

    /// Users with a row, in the order of their ids: at most `limit` of those after `after`.
    async fn users(&self, after: Option<UserId>, limit: u32) -> Result<Vec<UserId>, StoreError>;

    /// How many rows there are of each [standing](crate::connection::CrmConnection::standing), in any
    /// order. Each row MUST be counted once. A count of none may be left out.
    async fn standings(&self) -> Result<Vec<(Standing, u64)>, StoreError>;

    /// Wipes grants that nobody claimed in time, and forgets attempts and codes older than
    /// [`MEMORY`](crate::authorization::attempt::MEMORY), audit entries and moves older than
    /// [`AUDIT_MEMORY`](crate::connection::audit::AUDIT_MEMORY), and writes that
    /// [are over](crate::idempotency::WriteRecord::is_over). MUST NOT forget a code that
    /// [may be under way](crate::authorization::code::Exchange::may_be_underway), or a write whose outcome is
    /// unknown, whatever its date. Attempts, the owner of a code, writes,
    /// audit entries and moves MUST be forgotten only when both `now` and `as_of`, what the store's
    /// clock showed when it was last seen to be right, say that they are so old. MUST store leases,
    /// backoffs, revocation checks and
    /// waits for a claim that end later than one can with their longest end. Returns how many grants were
    /// wiped.
    async fn sweep(&self, now: Timestamp, as_of: Timestamp) -> Result<usize, StoreError>;
}
