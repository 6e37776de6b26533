//! How far apart calls are, so that amoCRM never counts too many in a second.

use std::num::NonZeroU32;
use std::time::Duration;

/// One second of calls is stretched over this time: a call that was slow on its way must not fall
/// into the same second at amoCRM as the call one second later.
const STRETCHED_SECOND: Duration = Duration::from_millis(1050);

/// The most calls that are reserved at once.
pub const LARGEST_BUNDLE: u32 = 3;

/// How far the last of them may be from the first: so much longer may other instances wait for it.
pub const LONGEST_BUNDLE: Duration = Duration::from_millis(500);

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

    /// How many of so many `calls` are reserved at once, one at least.
    pub fn bundle(&self, calls: u32) -> u32 {
        let longest = (1..LARGEST_BUNDLE).take_while(|after| self.apart.saturating_mul(*after) <= LONGEST_BUNDLE);
        calls.clamp(1, 1 + longest.max().unwrap_or_default())
    }

    /// The limit it was made from.
    pub fn limit(&self) -> u128 {
        let apart = self.apart.as_nanos().max(1);
        (STRETCHED_SECOND.as_nanos() + apart / 2) / apart
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pace_tells_the_limit_that_it_was_made_from() {
        for limit in [1, 2, 7, 50, 1_000, 5_000] {
            let pace = Pace::per_second(NonZeroU32::new(limit).unwrap(), PaceScope::Account);
            assert_eq!(pace.limit(), limit.into());
        }
    }
}
