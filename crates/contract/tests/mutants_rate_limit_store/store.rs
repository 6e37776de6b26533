//! A store over the honest one in memory that breaks one promise.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use amo_connect_contract::fixtures::{at, host};
use amo_connect_contract::{MemoryRateLimitStore, TestClock};
use amo_connect_domain::host::AccountHost;
use amo_connect_domain::ports::{RateLimitStore, StoreError};
use amo_connect_domain::rate_limit::{BANNED_ACCOUNTS, CallOutcome, Pace, PaceScope, Probe, Reservation};
use async_trait::async_trait;

/// How a store breaks its word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sabotage {
    /// Not at all.
    None,
    AnswersEndNothing,
    BansEverybody,
    BooksForTheImpatient,
    BooksNothing,
    CountsNoBans,
    CountsOldBans,
    DoublesOnSilence,
    ForgetsOnReopen,
    GoesByAnotherClock,
    IgnoresBans,
    IgnoresLimits,
    LateNewsEndBans,
    LetsEverybodyProbe,
    LimitsEverybody,
    NeverDoubles,
    NeverGivesUp,
    OneQueueForAll,
    SavesTurnsUp,
    SharesNothing,
    SweepsEverything,
    SweepsNothing,
}

/// A [`RateLimitStore`] that keeps every promise but one.
#[derive(Clone, Debug)]
pub(crate) struct SabotagedBook {
    honest: Arc<Mutex<MemoryRateLimitStore>>,
    pub(crate) clock: TestClock,
    pub(crate) sabotage: Sabotage,
    notes: Arc<Mutex<Notebook>>,
}

/// What the sabotage remembers, so as to misuse it.
#[derive(Debug, Default)]
struct Notebook {
    probe: Option<Probe>,
    banned: HashSet<AccountHost>,
}

impl SabotagedBook {
    pub(crate) fn new(sabotage: Sabotage) -> Self {
        let clock = TestClock::at(at(0));
        let store = Arc::new(Mutex::new(fresh(&clock, sabotage)));
        Self { honest: store, clock, sabotage, notes: Arc::default() }
    }

    fn is(&self, sabotage: Sabotage) -> bool {
        self.sabotage == sabotage
    }

    fn honest(&self) -> MemoryRateLimitStore {
        self.honest.lock().unwrap().clone()
    }

    fn start_again(&self) {
        *self.honest.lock().unwrap() = fresh(&self.clock, self.sabotage);
    }

    fn note<T>(&self, look: impl FnOnce(&mut Notebook) -> T) -> T {
        look(&mut self.notes.lock().unwrap())
    }

    fn known(&self, account: &AccountHost) -> AccountHost {
        if self.is(Sabotage::OneQueueForAll) { host(1) } else { account.clone() }
    }
}

fn fresh(clock: &TestClock, sabotage: Sabotage) -> MemoryRateLimitStore {
    let (clock, standing) = (clock.clone(), TestClock::at(at(0)));
    MemoryRateLimitStore::at(
        move || if sabotage == Sabotage::GoesByAnotherClock { standing.now() } else { clock.now() },
    )
}

#[async_trait]
impl RateLimitStore for SabotagedBook {
    async fn reserve(&self, account: &AccountHost, pace: Pace, patience: Duration) -> Result<Reservation, StoreError> {
        let (account, honest) = (self.known(account), self.honest());
        let at_once = Reservation::Granted { wait: Duration::ZERO, probe: None };
        let pace = match self.sabotage {
            Sabotage::SharesNothing => Pace { scope: PaceScope::Account, ..pace },
            Sabotage::BooksNothing => return Ok(at_once),
            Sabotage::SavesTurnsUp
                if Duration::try_from(self.clock.moved()).is_ok_and(|moved| moved >= pace.apart * 50) =>
            {
                return Ok(at_once);
            }
            _ => pace,
        };
        let (told, waits) = (honest.reserve(&account, pace, patience).await?, self.note(|notes| notes.probe));
        match (self.sabotage, told) {
            (Sabotage::BooksForTheImpatient, Reservation::Later(_)) => {
                honest.reserve(&account, pace, Duration::MAX).await?;
            }
            (Sabotage::LetsEverybodyProbe, Reservation::CircuitOpen(_)) if waits.is_some() => {
                return Ok(Reservation::Granted { wait: Duration::ZERO, probe: waits });
            }
            (Sabotage::NeverGivesUp, Reservation::Granted { probe: Some(_), .. }) if waits.is_some() => {
                return Ok(Reservation::CircuitOpen(Duration::ZERO));
            }
            (_, Reservation::Granted { probe: Some(probe), .. }) => self.note(|notes| notes.probe = Some(probe)),
            _ => {}
        }
        Ok(told)
    }

    async fn record_outcome(
        &self,
        account: &AccountHost,
        call_outcome: CallOutcome,
        probe: Option<Probe>,
    ) -> Result<(), StoreError> {
        let (account, honest) = (self.known(account), self.honest());
        self.note(|notes| notes.probe = None);
        let call_outcome = match (self.sabotage, call_outcome, probe) {
            (Sabotage::AnswersEndNothing, CallOutcome::Answered | CallOutcome::Limited(_), Some(_))
            | (Sabotage::NeverDoubles, CallOutcome::Banned, Some(_)) => CallOutcome::NoAnswer,
            (Sabotage::DoublesOnSilence, CallOutcome::NoAnswer, Some(_)) => CallOutcome::Banned,
            (Sabotage::IgnoresBans, CallOutcome::Banned, None)
            | (Sabotage::IgnoresLimits, CallOutcome::Limited(_), None) => {
                return Ok(());
            }
            (Sabotage::LateNewsEndBans, CallOutcome::Answered, None) => {
                self.start_again();
                return Ok(());
            }
            (Sabotage::CountsNoBans, CallOutcome::Banned, None) => {
                // Each ban is the first that this store hears of.
                let apart = fresh(&self.clock, self.sabotage);
                *self.honest.lock().unwrap() = apart.clone();
                return apart.record_outcome(&account, call_outcome, probe).await;
            }
            (Sabotage::BansEverybody, CallOutcome::Banned, None)
            | (Sabotage::LimitsEverybody, CallOutcome::Limited(_), None) => {
                for number in 1..5 {
                    honest.record_outcome(&host(number), call_outcome, probe).await?;
                }
                call_outcome
            }
            (Sabotage::CountsOldBans, CallOutcome::Banned, None) => {
                let banned = self.note(|notes| {
                    notes.banned.insert(account.clone());
                    notes.banned.len()
                });
                for number in (100..102).filter(|_| banned >= BANNED_ACCOUNTS) {
                    honest.record_outcome(&host(number), call_outcome, None).await?;
                }
                call_outcome
            }
            _ => call_outcome,
        };
        honest.record_outcome(&account, call_outcome, probe).await
    }

    async fn sweep(&self) -> Result<(), StoreError> {
        match self.sabotage {
            Sabotage::SweepsNothing => {}
            Sabotage::SweepsEverything => self.start_again(),
            _ => self.honest().sweep().await?,
        }
        Ok(())
    }
}
