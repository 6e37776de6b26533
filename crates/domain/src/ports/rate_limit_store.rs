//! The port to the rate limiter's store: what all instances must know before they call amoCRM.

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;

use super::StoreError;
use crate::host::AccountHost;
use crate::rate_limit::{CallOutcome, CircuitCount, Demand, Pace, Probe, Reservation};

/// Keeps when amoCRM may be called next, and which circuits are open, for all instances and
/// processes together.
///
/// Each method is one atomic promise, safe against any number of other handles on the same store,
/// in this process and in others, and also when its future is dropped. The decisions are the
/// pure functions of [`RateLimits`](crate::rate_limit::RateLimits); a store loads, calls them, and writes.
///
/// Times MUST be set and judged by the store's own clock: the clocks of instances differ. Writes may
/// be lost in a power cut: a reservation is over within seconds, and amoCRM repeats its ban.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait RateLimitStore: Debug + Send + Sync + 'static {
    /// Reserves, by [`RateLimits::reserve`](crate::rate_limit::RateLimits::reserve), the next call to `account` for one
    /// share of `demand`, if it comes within `longest_wait`. MUST give each reservation to one caller, however many
    /// ask. It MAY be of several calls: a bundle, whose turns come a pace apart. A bundle MUST be
    /// over before the next reservation begins. It MUST be no larger than
    /// [`Pace::bundle`](crate::rate_limit::Pace::bundle) says. While other calls are ahead, a reservation MUST be
    /// one call. While others wait, a reservation MUST be one call. A probe MUST be one call. Each account MUST have a
    /// rate limit of its own, unless the pace is the integration's: then all accounts MUST share one.
    ///
    /// The turns of a rate limit are [shared](crate::rate_limit::Shares) among all who wait for them, whichever process
    /// they wait in. A turn that is somebody else's share MUST NOT be reserved. Refreshes MUST go first, except that
    /// others keep their shares. While reads wait, they MUST have one turn in three at least. While others wait,
    /// exchanges MUST have one turn in four, no fewer and no more. Writes MUST be taken in turn by user. Exchanges MUST be
    /// taken in turn by user. Those who wait alone MUST have every turn. What waits at an asker MUST count until it asks
    /// again, and no longer. What waits at an asker that does not ask again MUST be forgotten the time of a turn after it
    /// should have, and a second at least.
    ///
    /// While the circuit of the account or of the integration is open, no caller gets a reservation,
    /// except one probe after each pause (half-open). Of all callers, one MUST be the probe, until
    /// its outcome is recorded or its term is over. While an account without a ban has a caller, only such an account
    /// MUST probe for the integration. Otherwise the account whose own probe is longest due MUST probe for both. An
    /// account has a caller for [`CALLER_TERM`](crate::rate_limit::CALLER_TERM) after it asked.
    async fn reserve(
        &self,
        account: &AccountHost,
        pace: Pace,
        demand: &Demand,
        longest_wait: Duration,
    ) -> Result<Reservation, StoreError>;

    /// Records, by [`RateLimits::record_outcome`](crate::rate_limit::RateLimits::record_outcome), the
    /// outcome of a call to `account`; `probe` is what the reservation brought with it. A limit MUST
    /// delay that account's calls for all instances, and no other account's. A ban MUST open that
    /// account's circuit for all instances, and no other account's. The
    /// [`BANNED_ACCOUNTS`](crate::rate_limit::BANNED_ACCOUNTS)th ban within
    /// [`BANS_MEET`](crate::rate_limit::BANS_MEET) MUST open the circuit of the
    /// integration. A ban of its probe MUST open the circuit of the account that probed. An answer to the probe MUST
    /// close its circuits at once. A probe that was not sent MUST be free for the next caller at once.
    async fn record_outcome(
        &self,
        account: &AccountHost,
        call_outcome: CallOutcome,
        probe: Option<Probe>,
    ) -> Result<(), StoreError>;

    /// How many circuits are open, the integration's among them. MUST count those whose probe is under
    /// way apart.
    async fn circuits(&self) -> Result<CircuitCount, StoreError>;

    /// Forgets what has been over for longer than [`MEMORY`](crate::authorization::attempt::MEMORY). MUST keep
    /// open circuits whose probe is due for less.
    async fn sweep(&self) -> Result<(), StoreError>;
}
