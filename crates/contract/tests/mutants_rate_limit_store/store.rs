//! A store over the inner one in memory that breaks one promise.

#![expect(clippy::match_same_arms, reason = "each mutant has a line of its own")]

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use amo_connect_contract::fixtures::{at, host};
use amo_connect_contract::{MemoryRateLimitStore, TestClock};
use amo_connect_domain::host::AccountHost;
use amo_connect_domain::ports::{RateLimitStore, StoreError};
use amo_connect_domain::rate_limit::{
    BANNED_ACCOUNTS, CallOutcome, CircuitCount, Demand, Pace, PaceScope, Probe, Reservation, Share, UserTag,
};
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
    first_asker: Option<u32>,
    asked: u32,
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
        let Reservation::Granted { wait, turns, share, probe } = reservation else { return reservation };
        let turns = match self.mutant {
            Mutant::ReservesOneOfABundle if wait.is_zero() && probe.is_none() => pace.bundle(calls),
            Mutant::BundlesAllCalls if wait.is_zero() && probe.is_none() => calls,
            Mutant::BundlesBesideOthers if wait.is_zero() && probe.is_none() => pace.bundle(calls),
            Mutant::BundlesBehindOthers if !wait.is_zero() => pace.bundle(calls),
            Mutant::BundlesProbes if probe.is_some() => pace.bundle(calls),
            _ => turns,
        };
        Reservation::Granted { wait, turns, share, probe }
    }

    /// What the store takes `demand` for.
    fn taken_for(&self, demand: &Demand) -> Demand {
        let mut taken = demand.clone();
        for waiting in &mut taken.waiting {
            waiting.share = match (self.mutant, waiting.share) {
                (Mutant::RefreshesLikeReads, Share::Refresh) | (Mutant::ExchangesLikeReads, Share::Exchange(_)) => {
                    Share::Read
                }
                (Mutant::ReadsLikeWrites, Share::Read) => Share::Write(UserTag(1)),
                (Mutant::OneWriter, Share::Write(_)) => Share::Write(UserTag(1)),
                (Mutant::OneExchanger, Share::Exchange(_)) => Share::Exchange(UserTag(1)),
                (_, share) => share,
            };
            match self.mutant {
                Mutant::AnnouncesNothing => waiting.callers = 1,
                Mutant::IgnoresCalls | Mutant::ReservesOneOfABundle => waiting.calls = 1,
                _ => {}
            }
        }
        match self.mutant {
            Mutant::AnnouncesNothing => taken.waiting.truncate(1),
            Mutant::KeepsOldDemands => taken.asker = self.note(|notes| notes.asked),
            _ => {}
        }
        taken
    }

    /// `reservation`, for the share that was asked for where another one was taken for it.
    fn given_back(reservation: Reservation, demand: &Demand, taken: &Demand) -> Reservation {
        let Reservation::Granted { wait, turns, share, probe } = reservation else { return reservation };
        let place = taken.waiting.iter().position(|waiting| waiting.share == share).unwrap();
        Reservation::Granted { wait, turns, share: demand.waiting[place].share, probe }
    }

    /// Whether the mutant does not tell the inner store that somebody asks.
    fn keeps_quiet(&self, account: &AccountHost, asker: u32) -> bool {
        let moved = Duration::try_from(self.clock.moved()).unwrap_or_default();
        self.note(|notes| {
            notes.asked += 1;
            match self.mutant {
                Mutant::LeavesTurnsFree => notes.asked % 4 == 0,
                Mutant::WaitsForTheGone => *notes.first_asker.get_or_insert(asker) != asker,
                // In its cases, the first of those who count have asked by then.
                Mutant::NotesNoCallers if notes.banned.len() >= BANNED_ACCOUNTS => {
                    let asks_while_paused = *account == host(1) && moved >= Duration::from_mins(1);
                    moved < Duration::from_secs(10) || (asks_while_paused && moved < Duration::from_secs(80))
                }
                _ => false,
            }
        })
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
        demand: &Demand,
        longest_wait: Duration,
    ) -> Result<Reservation, StoreError> {
        let (account, inner) = (self.known(account), self.inner());
        let (share, calls) = (demand.waiting[0].share, demand.waiting[0].calls);
        let at_once = Reservation::Granted { wait: Duration::ZERO, turns: 1, share, probe: None };
        if self.keeps_quiet(&account, demand.asker) {
            let is_ban = self.is(Mutant::NotesNoCallers);
            return Ok(if is_ban { Reservation::CircuitOpen(pace.apart) } else { Reservation::Later(pace.apart) });
        }
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
        let taken = self.taken_for(demand);
        let reservation = Self::given_back(inner.reserve(&account, pace, &taken, longest_wait).await?, demand, &taken);
        let reservation = self.bundled(reservation, pace, calls);
        let waits = self.note(|notes| notes.probe);
        match (self.mutant, reservation) {
            (Mutant::ReservesBeyondTheWait, Reservation::Later(_)) => {
                inner.reserve(&account, pace, demand, Duration::MAX).await?;
            }
            (Mutant::LetsEverybodyProbe, Reservation::CircuitOpen(_)) if waits.is_some() => {
                return Ok(Reservation::Granted { wait: Duration::ZERO, turns: 1, share, probe: waits });
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
            (Mutant::ForgivesProbes, CallOutcome::Banned, Some(_)) => CallOutcome::NoAnswer,
            (Mutant::NotesNoCallers, CallOutcome::Banned, None) => {
                self.note(|notes| notes.banned.insert(account.clone()));
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
