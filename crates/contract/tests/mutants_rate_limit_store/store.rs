//! A store over the inner one in memory that breaks one promise.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use amo_connect_contract::fixtures::{at, host};
use amo_connect_contract::{MemoryRateLimitStore, TestClock};
use amo_connect_domain::host::AccountHost;
use amo_connect_domain::ports::{RateLimitStore, StoreError};
use amo_connect_domain::rate_limit::{BANNED_ACCOUNTS, CallOutcome, CircuitCount, Pace, PaceScope, Probe, Reservation};
use async_trait::async_trait;

use crate::kinds::Mutant;

/// A [`RateLimitStore`] that keeps every promise except one.
#[derive(Clone, Debug)]
pub(crate) struct MutantStore {
    inner: Arc<Mutex<MemoryRateLimitStore>>,
    pub(crate) clock: TestClock,
    pub(crate) mutant: Mutant,
    notes: Arc<Mutex<Notes>>,
}

/// What the mutant remembers to break its promise.
#[derive(Debug, Default)]
struct Notes {
    probe: Option<Probe>,
    banned: HashSet<AccountHost>,
}

impl MutantStore {
    pub(crate) fn new(mutant: Mutant) -> Self {
        let clock = TestClock::at(at(0));
        let store = Arc::new(Mutex::new(fresh(&clock, mutant)));
        Self { inner: store, clock, mutant, notes: Arc::default() }
    }

    fn is(&self, mutant: Mutant) -> bool {
        self.mutant == mutant
    }

    fn inner(&self) -> MemoryRateLimitStore {
        self.inner.lock().unwrap().clone()
    }

    fn start_again(&self) {
        *self.inner.lock().unwrap() = fresh(&self.clock, self.mutant);
    }

    fn note<T>(&self, use_notes: impl FnOnce(&mut Notes) -> T) -> T {
        use_notes(&mut self.notes.lock().unwrap())
    }

    /// `reservation` with the turns that the mutant makes of it.
    fn bundled(&self, reservation: Reservation, pace: Pace, calls: u32) -> Reservation {
        let Reservation::Granted { wait, turns, probe } = reservation else { return reservation };
        let turns = match self.mutant {
            Mutant::ReservesOneOfABundle if wait.is_zero() && probe.is_none() => pace.bundle(calls),
            Mutant::BundlesAllCalls if wait.is_zero() && probe.is_none() => calls,
            Mutant::BundlesBehindOthers if !wait.is_zero() => pace.bundle(calls),
            Mutant::BundlesProbes if probe.is_some() => pace.bundle(calls),
            _ => turns,
        };
        Reservation::Granted { wait, turns, probe }
    }

    fn known(&self, account: &AccountHost) -> AccountHost {
        if self.is(Mutant::OneQueueForAll) { host(1) } else { account.clone() }
    }
}

fn fresh(clock: &TestClock, mutant: Mutant) -> MemoryRateLimitStore {
    let (clock, standing) = (clock.clone(), TestClock::at(at(0)));
    MemoryRateLimitStore::at(move || if mutant == Mutant::GoesByAnotherClock { standing.now() } else { clock.now() })
}

#[async_trait]
impl RateLimitStore for MutantStore {
    async fn reserve(
        &self,
        account: &AccountHost,
        pace: Pace,
        calls: u32,
        longest_wait: Duration,
    ) -> Result<Reservation, StoreError> {
        let (account, inner) = (self.known(account), self.inner());
        let at_once = Reservation::Granted { wait: Duration::ZERO, turns: 1, probe: None };
        let pace = match self.mutant {
            Mutant::SharesNothing => Pace { scope: PaceScope::Account, ..pace },
            Mutant::ReservesNothing => return Ok(at_once),
            Mutant::AllowsBursts
                if Duration::try_from(self.clock.moved()).is_ok_and(|moved| moved >= pace.apart * 50) =>
            {
                return Ok(at_once);
            }
            _ => pace,
        };
        let reserved =
            if matches!(self.mutant, Mutant::IgnoresCalls | Mutant::ReservesOneOfABundle) { 1 } else { calls };
        let reservation = self.bundled(inner.reserve(&account, pace, reserved, longest_wait).await?, pace, calls);
        let waits = self.note(|notes| notes.probe);
        match (self.mutant, reservation) {
            (Mutant::ReservesBeyondTheWait, Reservation::Later(_)) => {
                inner.reserve(&account, pace, calls, Duration::MAX).await?;
            }
            (Mutant::LetsEverybodyProbe, Reservation::CircuitOpen(_)) if waits.is_some() => {
                return Ok(Reservation::Granted { wait: Duration::ZERO, turns: 1, probe: waits });
            }
            (Mutant::NeverGivesUp, Reservation::Granted { probe: Some(_), .. }) if waits.is_some() => {
                return Ok(Reservation::CircuitOpen(Duration::ZERO));
            }
            (_, Reservation::Granted { probe: Some(probe), .. }) => self.note(|notes| notes.probe = Some(probe)),
            _ => {}
        }
        Ok(reservation)
    }

    async fn record_outcome(
        &self,
        account: &AccountHost,
        call_outcome: CallOutcome,
        probe: Option<Probe>,
    ) -> Result<(), StoreError> {
        let (account, inner) = (self.known(account), self.inner());
        self.note(|notes| notes.probe = None);
        let call_outcome = match (self.mutant, call_outcome, probe) {
            (Mutant::AnswersEndNothing, CallOutcome::Answered | CallOutcome::Limited(_), Some(_))
            | (Mutant::NeverDoubles, CallOutcome::Banned, Some(_))
            | (Mutant::KeepsUnsentProbes, CallOutcome::NotSent, Some(_)) => CallOutcome::NoAnswer,
            (Mutant::DoublesOnSilence, CallOutcome::NoAnswer, Some(_)) => CallOutcome::Banned,
            (Mutant::IgnoresBans, CallOutcome::Banned, None)
            | (Mutant::IgnoresLimits, CallOutcome::Limited(_), None) => {
                return Ok(());
            }
            (Mutant::LateAnswersEndBans, CallOutcome::Answered, None) => {
                self.start_again();
                return Ok(());
            }
            (Mutant::CountsNoBans, CallOutcome::Banned, None) => {
                // Each ban is the first one of a new store.
                let apart = fresh(&self.clock, self.mutant);
                *self.inner.lock().unwrap() = apart.clone();
                return apart.record_outcome(&account, call_outcome, probe).await;
            }
            (Mutant::BansEverybody, CallOutcome::Banned, None)
            | (Mutant::LimitsEverybody, CallOutcome::Limited(_), None) => {
                for number in 1..5 {
                    inner.record_outcome(&host(number), call_outcome, probe).await?;
                }
                call_outcome
            }
            (Mutant::CountsOldBans, CallOutcome::Banned, None) => {
                let banned = self.note(|notes| {
                    notes.banned.insert(account.clone());
                    notes.banned.len()
                });
                for number in (100..102).filter(|_| banned >= BANNED_ACCOUNTS) {
                    inner.record_outcome(&host(number), call_outcome, None).await?;
                }
                call_outcome
            }
            _ => call_outcome,
        };
        inner.record_outcome(&account, call_outcome, probe).await
    }

    async fn circuits(&self) -> Result<CircuitCount, StoreError> {
        let CircuitCount { open, half_open } = self.inner().circuits().await?;
        Ok(match self.mutant {
            Mutant::CountsProbesAsOpen => CircuitCount { open: open + half_open, half_open: 0 },
            _ => CircuitCount { open, half_open },
        })
    }

    async fn sweep(&self) -> Result<(), StoreError> {
        match self.mutant {
            Mutant::SweepsNothing => {}
            Mutant::SweepsEverything => self.start_again(),
            _ => self.inner().sweep().await?,
        }
        Ok(())
    }
}
