//! The spacing of writes. A write has to be recorded when its turn has come, and a disk that stalls keeps many waiting:
//! they would leave together, more in a second than amoCRM allows.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::clock::Instant;
use crate::host::AccountHost;
use crate::rate_limit::{Pace, PaceScope};

/// When the next write may leave, for each account or for all that share the pace.
#[derive(Debug, Default)]
pub(super) struct Spacing(Mutex<HashMap<Option<AccountHost>, Instant>>);

impl Spacing {
    /// How long a write to `account` waits before it leaves.
    ///
    /// # Errors
    /// How long it would be, if it would leave later than `by`; then it takes no one's place.
    pub(super) fn wait(
        &self,
        account: &AccountHost,
        pace: Pace,
        now: Instant,
        by: Instant,
    ) -> Result<Duration, Duration> {
        let key = match pace.scope {
            PaceScope::Account => Some(account.clone()),
            PaceScope::Integration => None,
        };
        let mut next = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        next.retain(|_, free| *free > now);
        let leaves = next.get(&key).copied().unwrap_or(now);
        if leaves > by {
            return Err(leaves.since(now));
        }
        next.insert(key, leaves + pace.apart);
        Ok(leaves.since(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_to_one_account_leave_at_the_pace_or_not_at_all() {
        let at = |millis| Instant::at(Duration::from_millis(millis));
        let (spacing, millis) = (Spacing::default(), Duration::from_millis);
        let pace = |scope| Pace { apart: millis(150), scope };
        let (olenas, ivans) = (AccountHost::stored("a.amocrm.ru"), AccountHost::stored("b.amocrm.ru"));
        let write = |account, now, by| spacing.wait(account, pace(PaceScope::Account), at(now), at(by));
        assert_eq!(write(&olenas, 1_000, 3_000), Ok(millis(0)));
        assert_eq!(write(&olenas, 1_000, 3_000), Ok(millis(150)));
        assert_eq!(write(&ivans, 1_000, 3_000), Ok(millis(0)));
        assert_eq!(write(&olenas, 1_100, 1_300), Ok(millis(200)), "at 1,300");
        assert_eq!(write(&olenas, 1_100, 1_449), Err(millis(350)));
        assert_eq!(write(&olenas, 1_100, 1_450), Ok(millis(350)), "it took nobody's place");
        assert_eq!(write(&olenas, 1_600, 3_000), Ok(millis(0)));
        assert_eq!(spacing.0.lock().unwrap().len(), 1, "what is free is forgotten");

        let shared = |account| spacing.wait(account, pace(PaceScope::Integration), at(2_000), at(3_000));
        assert_eq!((shared(&olenas), shared(&ivans)), (Ok(millis(0)), Ok(millis(150))));
    }
}
