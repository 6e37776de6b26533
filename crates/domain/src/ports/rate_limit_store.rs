//! The port to the store of rate limits: what all instances have to know before they call amoCRM.

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;

use super::StoreError;
use crate::host::AccountHost;
use crate::rate_limit::{CallOutcome, Pace, Probe, Reservation};

/// Keeps, for all instances and processes together, when amoCRM may be called next and whether
/// it bans us.
///
/// Each method is one atomic promise, safe against any number of other handles on the same store,
/// in this process and in others, and also when its future is dropped. The decisions are the
/// pure functions of [`RateLimits`](crate::rate_limit::RateLimits); a store loads, calls them, and writes.
///
/// Times MUST be set and judged by the store's own clock: the instances' differ. What a power cut
/// takes back is no harm: a turn is over within seconds, and a ban shows itself again.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait RateLimitStore: Debug + Send + Sync + 'static {
    /// Books, by [`RateLimits::take`](crate::rate_limit::RateLimits::take), the next turn to call `account`,
    /// if it is within `patience`. MUST give each turn to one caller, however many ask. Accounts
    /// MUST have turns of their own, unless the pace is the integration's: then they MUST share
    /// them.
    ///
    /// While there is a ban on the account, or on the integration as a whole, nobody is given a
    /// turn but, after a pause, one probe: of all who ask it MUST be one, until its outcome
    /// is recorded or its term is over.
    async fn reserve(&self, account: &AccountHost, pace: Pace, patience: Duration) -> Result<Reservation, StoreError>;

    /// Takes in, by [`RateLimits::record_outcome`](crate::rate_limit::RateLimits::record_outcome), what came of a call to `account`;
    /// `probe` is the right that the turn brought with it. A limit MUST put that account's calls
    /// off for everybody, and no other account's. A ban MUST stop that account's calls for
    /// everybody, and those of no other account. The
    /// [`BANNED_ACCOUNTS`](crate::rate_limit::BANNED_ACCOUNTS)th ban within
    /// [`BANS_MEET`](crate::rate_limit::BANS_MEET) MUST stop all calls. An answer to the probe MUST
    /// end its bans at once.
    async fn record_outcome(
        &self,
        account: &AccountHost,
        call_outcome: CallOutcome,
        probe: Option<Probe>,
    ) -> Result<(), StoreError>;

    /// Forgets what has been over for longer than [`MEMORY`](crate::authorization::attempt::MEMORY). MUST keep
    /// bans whose probe is due for less.
    async fn sweep(&self) -> Result<(), StoreError>;
}
