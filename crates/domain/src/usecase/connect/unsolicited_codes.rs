//! Codes that come without a state of ours are anybody's: they are exchanged a few at a time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::clock::Instant;
use crate::host::AccountHost;
use crate::usecase::UseCases;
use crate::usecase::timeouts::UNSOLICITED_CODE_TIMEOUT;

/// How many such codes are exchanged at a time, at one account host: a host that is slow holds
/// up nobody else's users.
const AT_A_TIME: usize = 4;

/// How far apart they are at one account host.
const APART: Duration = Duration::from_secs(1);

/// The queue of such codes in this process.
#[derive(Debug, Default)]
pub(crate) struct UnsolicitedCodes {
    places: Mutex<HashMap<AccountHost, Arc<Semaphore>>>,
    turns: Mutex<HashMap<AccountHost, Instant>>,
}

impl UnsolicitedCodes {
    /// The moment of the next free turn at `host`, now taken; `None` if it is too far off.
    fn turn(&self, host: &AccountHost, now: Instant) -> Option<Instant> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        turns.retain(|_, last| now < *last + APART);
        let turn = turns.get(host).map_or(now, |last| now.max(*last + APART));
        if turn.since(now) > UNSOLICITED_CODE_TIMEOUT {
            return None;
        }
        turns.insert(host.clone(), turn);
        Some(turn)
    }

    fn places(&self, host: &AccountHost) -> Arc<Semaphore> {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        places.retain(|_, places| Arc::strong_count(places) > 1);
        Arc::clone(places.entry(host.clone()).or_insert_with(|| Arc::new(Semaphore::new(AT_A_TIME))))
    }
}

impl UseCases {
    /// Waits for a turn at `host` and for a place, which is held until the permit is dropped;
    /// `None` if that takes too long.
    pub(crate) async fn unsolicited_slot(&self, host: &AccountHost) -> Option<OwnedSemaphorePermit> {
        let now = self.runtime.instant();
        let turn = self.unsolicited_codes.turn(host, now)?;
        if turn > now {
            self.runtime.sleep(turn.since(now)).await;
        }
        self.within(UNSOLICITED_CODE_TIMEOUT, self.unsolicited_codes.places(host).acquire_owned()).await?.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_at_one_host_are_a_second_apart_and_five_seconds_deep() {
        let unsolicited_codes = UnsolicitedCodes::default();
        let (one, two) = (AccountHost::stored("a.amocrm.ru"), AccountHost::stored("b.amocrm.ru"));
        let now = Instant::default();
        let turns: Vec<_> =
            (0..7).map(|_| unsolicited_codes.turn(&one, now).map(|turn| turn.since(now).as_secs())).collect();
        assert_eq!(turns, [Some(0), Some(1), Some(2), Some(3), Some(4), Some(5), None]);
        assert_eq!(unsolicited_codes.turn(&two, now), Some(now));
        let later = now + Duration::from_mins(1);
        assert_eq!(unsolicited_codes.turn(&one, later), Some(later));
    }
}
