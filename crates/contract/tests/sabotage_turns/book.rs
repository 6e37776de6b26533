//! A book over the honest one in memory that breaks one promise.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use amo_connect_contract::fixtures::{at, host};
use amo_connect_contract::{MemoryTurnBook, TestClock};
use amo_connect_domain::host::AccountHost;
use amo_connect_domain::ports::{StoreError, TurnBook};
use amo_connect_domain::rate_limit::{BANNED_ACCOUNTS, Heard, Pace, PaceScope, Probe, Turn};
use async_trait::async_trait;

/// How a book breaks its word.
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

/// A [`TurnBook`] that keeps every promise but one.
#[derive(Clone, Debug)]
pub(crate) struct SabotagedBook {
    honest: Arc<Mutex<MemoryTurnBook>>,
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
        let book = Arc::new(Mutex::new(fresh(&clock, sabotage)));
        Self { honest: book, clock, sabotage, notes: Arc::default() }
    }

    fn is(&self, sabotage: Sabotage) -> bool {
        self.sabotage == sabotage
    }

    fn honest(&self) -> MemoryTurnBook {
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

fn fresh(clock: &TestClock, sabotage: Sabotage) -> MemoryTurnBook {
    let (clock, standing) = (clock.clone(), TestClock::at(at(0)));
    MemoryTurnBook::at(move || if sabotage == Sabotage::GoesByAnotherClock { standing.now() } else { clock.now() })
}

#[async_trait]
impl TurnBook for SabotagedBook {
    async fn take_turn(&self, account: &AccountHost, pace: Pace, patience: Duration) -> Result<Turn, StoreError> {
        let (account, honest) = (self.known(account), self.honest());
        let at_once = Turn::In { wait: Duration::ZERO, probe: None };
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
        let (told, waits) = (honest.take_turn(&account, pace, patience).await?, self.note(|notes| notes.probe));
        match (self.sabotage, told) {
            (Sabotage::BooksForTheImpatient, Turn::Later(_)) => {
                honest.take_turn(&account, pace, Duration::MAX).await?;
            }
            (Sabotage::LetsEverybodyProbe, Turn::Banned(_)) if waits.is_some() => {
                return Ok(Turn::In { wait: Duration::ZERO, probe: waits });
            }
            (Sabotage::NeverGivesUp, Turn::In { probe: Some(_), .. }) if waits.is_some() => {
                return Ok(Turn::Banned(Duration::ZERO));
            }
            (_, Turn::In { probe: Some(probe), .. }) => self.note(|notes| notes.probe = Some(probe)),
            _ => {}
        }
        Ok(told)
    }

    async fn hear(&self, account: &AccountHost, heard: Heard, probe: Option<Probe>) -> Result<(), StoreError> {
        let (account, honest) = (self.known(account), self.honest());
        self.note(|notes| notes.probe = None);
        let heard = match (self.sabotage, heard, probe) {
            (Sabotage::AnswersEndNothing, Heard::Answer | Heard::Limit(_), Some(_))
            | (Sabotage::NeverDoubles, Heard::Ban, Some(_)) => Heard::Silence,
            (Sabotage::DoublesOnSilence, Heard::Silence, Some(_)) => Heard::Ban,
            (Sabotage::IgnoresBans, Heard::Ban, None) | (Sabotage::IgnoresLimits, Heard::Limit(_), None) => {
                return Ok(());
            }
            (Sabotage::LateNewsEndBans, Heard::Answer, None) => {
                self.start_again();
                return Ok(());
            }
            (Sabotage::CountsNoBans, Heard::Ban, None) => {
                // Each ban is the first that this book hears of.
                let apart = fresh(&self.clock, self.sabotage);
                *self.honest.lock().unwrap() = apart.clone();
                return apart.hear(&account, heard, probe).await;
            }
            (Sabotage::BansEverybody, Heard::Ban, None) | (Sabotage::LimitsEverybody, Heard::Limit(_), None) => {
                for number in 1..5 {
                    honest.hear(&host(number), heard, probe).await?;
                }
                heard
            }
            (Sabotage::CountsOldBans, Heard::Ban, None) => {
                let banned = self.note(|notes| {
                    notes.banned.insert(account.clone());
                    notes.banned.len()
                });
                for number in (100..102).filter(|_| banned >= BANNED_ACCOUNTS) {
                    honest.hear(&host(number), heard, None).await?;
                }
                heard
            }
            _ => heard,
        };
        honest.hear(&account, heard, probe).await
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
