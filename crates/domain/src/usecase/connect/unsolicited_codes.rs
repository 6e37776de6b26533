//! Unsolicited codes: anybody can send a code without a state of this service. So only a few are
//! exchanged at a time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::clock::Instant;
use crate::host::AccountHost;
use crate::usecase::UseCases;
use crate::usecase::timeouts::UNSOLICITED_CODE_TIMEOUT;

/// How many such codes are exchanged at a time at one account host: a slow host does not delay the
/// users of others.
const CONCURRENCY: usize = 4;

/// How far apart they are at one account host.
const APART: Duration = Duration::from_secs(1);

/// The queue of such codes in this process.
#[derive(Debug, Default)]
pub(crate) struct UnsolicitedCodes {
    slots: Mutex<HashMap<AccountHost, Arc<Semaphore>>>,
    last_starts: Mutex<HashMap<AccountHost, Instant>>,
}

impl UnsolicitedCodes {
    /// Reserves the next start at `host`; `None` if it is too far away.
    fn reserve_start(&self, host: &AccountHost, now: Instant) -> Option<Instant> {
        let mut starts = self.last_starts.lock().unwrap_or_else(PoisonError::into_inner);
        starts.retain(|_, last| now < *last + APART);
        let start = starts.get(host).map_or(now, |last| now.max(*last + APART));
        if start.since(now) > UNSOLICITED_CODE_TIMEOUT {
            return None;
        }
        starts.insert(host.clone(), start);
        Some(start)
    }

    fn slots(&self, host: &AccountHost) -> Arc<Semaphore> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.retain(|_, slots| Arc::strong_count(slots) > 1);
        Arc::clone(slots.entry(host.clone()).or_insert_with(|| Arc::new(Semaphore::new(CONCURRENCY))))
    }
}

impl UseCases {
    /// Waits for its start at `host` and for a slot, which is held until the permit is dropped;
    /// `None` if that takes too long.
    pub(crate) async fn unsolicited_slot(&self, host: &AccountHost) -> Option<OwnedSemaphorePermit> {
        let now = self.runtime.instant();
        let start = self.unsolicited_codes.reserve_start(host, now)?;
        if start > now {
            self.runtime.sleep(start.since(now)).await;
        }
        self.within(UNSOLICITED_CODE_TIMEOUT, self.unsolicited_codes.slots(host).acquire_owned()).await?.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn starts_at_one_host_are_a_second_apart_and_at_most_five_seconds_away() {
        let unsolicited_codes = UnsolicitedCodes::default();
        let (one, two) = (AccountHost::stored("a.amocrm.ru"), AccountHost::stored("b.amocrm.ru"));
        let now = Instant::default();
        let starts: Vec<_> =
            (0..7).map(|_| unsolicited_codes.reserve_start(&one, now).map(|at| at.since(now).as_secs())).collect();
        assert_eq!(starts, [Some(0), Some(1), Some(2), Some(3), Some(4), Some(5), None]);
        assert_eq!(unsolicited_codes.reserve_start(&two, now), Some(now));
        let later = now + Duration::from_mins(1);
        assert_eq!(unsolicited_codes.reserve_start(&one, later), Some(later));
    }
}
