//! Unsolicited codes: anybody can bring a code without a state of this service. The store has a few
//! places for them, and this process few who wait for one.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync;

use crate::authorization::budget::ASK_AGAIN;
use crate::authorization::code::{Admission, Admitted};
use crate::authorization::places::{CallerNetwork, Later};
use crate::clock::Instant;
use crate::host::AccountHost;
use crate::ids::LeaseOwner;
use crate::ports::StoreError;
use crate::usecase::UseCases;
use crate::usecase::timeouts::UNSOLICITED_CODE_TIMEOUT;

/// How many wait in this process, or are just asking.
const QUEUED: usize = 16;

/// How many of these from one network.
const QUEUED_OF_A_NETWORK: usize = 2;

/// How many of these for one host.
const QUEUED_FOR_A_HOST: usize = 4;

/// Who waits in this process. In a flood the others are refused without a word to the store.
#[derive(Debug, Default)]
pub(crate) struct UnsolicitedCodes {
    queue: Arc<Mutex<Vec<Waiting>>>,
    /// Who has it asks the store, in the order of their coming, and not before this moment: nobody at all was
    /// given a place until then.
    turn: sync::Mutex<Instant>,
    under_way: Arc<AtomicUsize>,
}

/// Who waits, and for which host; `None` is none that may be sent a code.
type Waiting = (CallerNetwork, Option<AccountHost>);

/// Somebody who may wait, until it is dropped.
#[derive(Debug)]
pub(crate) struct Queued {
    queue: Arc<Mutex<Vec<Waiting>>>,
    taken: Waiting,
}

impl Drop for Queued {
    fn drop(&mut self) {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(index) = queue.iter().position(|taken| *taken == self.taken) {
            queue.swap_remove(index);
        }
    }
}

/// Counts an unsolicited code that this process is exchanging, until it is dropped.
#[derive(Debug)]
pub(crate) struct UnderWay(Arc<AtomicUsize>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl UnsolicitedCodes {
    /// A place in the queue for somebody in `network`; `None` if too many wait.
    pub(crate) fn enter_queue(&self, network: CallerNetwork, host: Option<AccountHost>) -> Option<Queued> {
        let taken = (network, host);
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let of_network = queue.iter().filter(|other| other.0 == taken.0).count();
        let of_host = queue.iter().filter(|other| other.1 == taken.1).count();
        if queue.len() >= QUEUED || of_network >= QUEUED_OF_A_NETWORK || of_host >= QUEUED_FOR_A_HOST {
            return None;
        }
        queue.push(taken.clone());
        Some(Queued { queue: Arc::clone(&self.queue), taken })
    }

    /// Counts one more that is under way.
    pub(crate) fn count(&self) -> UnderWay {
        self.under_way.fetch_add(1, Ordering::Relaxed);
        UnderWay(Arc::clone(&self.under_way))
    }

    /// How many are under way.
    pub(crate) fn under_way(&self) -> usize {
        self.under_way.load(Ordering::Relaxed)
    }
}

impl UseCases {
    /// Asks for a code that needs a place, again and again for a while if there is none now.
    pub(crate) async fn admit_unsolicited(
        &self,
        request: &Admission,
        owner: LeaseOwner,
    ) -> Result<Admitted, StoreError> {
        let deadline = self.deadline(UNSOLICITED_CODE_TIMEOUT);
        let later = |wait: Duration| Ok(Admitted::Later(Later { wait, is_for_all: false }));
        loop {
            let Some(mut not_before) = self.until(deadline, self.unsolicited_codes.turn.lock()).await else {
                return later(ASK_AGAIN);
            };
            let refused = loop {
                if !self.sleep_until(*not_before, deadline).await {
                    return later(not_before.since(self.runtime.instant()));
                }
                match self.stores.tokens.admit_code(request, owner, self.runtime.now()).await? {
                    // Who was here first is the first to be asked for again.
                    Admitted::Later(refused) if refused.is_for_all => {
                        *not_before = self.runtime.instant() + refused.wait;
                    }
                    Admitted::Later(refused) => break refused,
                    admitted => return Ok(admitted),
                }
            };
            drop(not_before);
            if !self.sleep_until(self.runtime.instant() + refused.wait, deadline).await {
                return Ok(Admitted::Later(refused));
            }
        }
    }

    /// Sleeps until `moment`; `false`, at once, if that is after `deadline`.
    async fn sleep_until(&self, moment: Instant, deadline: Instant) -> bool {
        let now = self.runtime.instant();
        if moment > now && moment <= deadline {
            self.runtime.sleep(moment.since(now)).await;
        }
        moment <= deadline
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(number: usize) -> CallerNetwork {
        CallerNetwork([u8::try_from(number).unwrap(); 8])
    }

    fn host(number: usize) -> AccountHost {
        AccountHost::stored(format!("account{number}.amocrm.ru"))
    }

    #[test]
    fn few_wait_and_fewer_of_one_network_or_for_one_host() {
        let codes = UnsolicitedCodes::default();
        let of_one_network: Vec<_> =
            (0..20).map_while(|number| codes.enter_queue(network(1), Some(host(number)))).collect();
        assert_eq!(of_one_network.len(), QUEUED_OF_A_NETWORK);
        let for_one_host: Vec<_> =
            (2..20).map_while(|number| codes.enter_queue(network(number), Some(host(50)))).collect();
        assert_eq!(for_one_host.len(), QUEUED_FOR_A_HOST);
        let others: Vec<_> =
            (60..90).map_while(|number| codes.enter_queue(network(number), Some(host(number)))).collect();
        assert_eq!(others.len(), QUEUED - QUEUED_OF_A_NETWORK - QUEUED_FOR_A_HOST);
        drop(of_one_network);
        assert!(codes.enter_queue(network(1), Some(host(1))).is_some(), "there is room again");
    }

    #[test]
    fn who_leaves_the_queue_takes_nobody_elses_place() {
        let codes = UnsolicitedCodes::default();
        let _stays = codes.enter_queue(network(1), Some(host(1)));
        drop(codes.enter_queue(network(2), Some(host(2))));
        assert_eq!(*codes.queue.lock().unwrap(), [(network(1), Some(host(1)))]);
    }

    #[test]
    fn those_for_a_host_that_is_not_allowed_are_few_too() {
        let codes = UnsolicitedCodes::default();
        let queue: Vec<_> = (0..20).map_while(|number| codes.enter_queue(network(number), None)).collect();
        assert_eq!(queue.len(), QUEUED_FOR_A_HOST);
    }

    #[test]
    fn those_under_way_are_counted() {
        let codes = UnsolicitedCodes::default();
        let counted = [codes.count(), codes.count()];
        assert_eq!(codes.under_way(), 2);
        drop(counted);
        assert_eq!(codes.under_way(), 0);
    }
}
