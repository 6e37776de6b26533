//! How far apart calls are, so that amoCRM never counts too many in a second.

use std::num::NonZeroU32;
use std::time::Duration;

/// One second of calls is stretched over this time: a call that was slow on its way must not fall
/// into the same second at amoCRM as the call one second later.
const STRETCHED_SECOND: Duration = Duration::from_millis(1050);

/// Whose calls share a pace (`AMO_RATE_LIMIT_SCOPE`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PaceScope {
    /// Those to one account.
    #[default]
    Account,
    /// All of the integration.
    Integration,
}

/// How far apart calls are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// From one call to the next.
    pub apart: Duration,
    /// Whose calls.
    pub scope: PaceScope,
}

impl Pace {
    /// Evenly spaced, and never more than `limit` in any second, as amoCRM counts them.
    pub fn per_second(limit: NonZeroU32, scope: PaceScope) -> Self {
        Self { apart: STRETCHED_SECOND / limit.get(), scope }
    }

    /// The limit it was made from.
    pub fn limit(&self) -> u128 {
        let apart = self.apart.as_nanos().max(1);
        (STRETCHED_SECOND.as_nanos() + apart / 2) / apart
    }
}
