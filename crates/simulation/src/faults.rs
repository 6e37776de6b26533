//! The faults of a schedule and their frequency: drawn for each schedule, and over at its end.

use std::time::Duration;

use amo_connect_domain::ports::AmoError;

use crate::executor::{Sim, micros};

/// The longest that a token request is on the wire.
pub(crate) const WIRE_LIMIT: Duration = Duration::from_mins(1);

/// The longest pause of the store before its operation, in milliseconds.
const SLOWEST_BEFORE: u64 = 3_000;

/// The longest pause of the store after its operation, in milliseconds.
const SLOWEST_AFTER: u64 = 5_000;

/// How often each fault happens, and the faults that last for a while.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    /// A store call that fails before its operation.
    store_fails: f64,
    /// A store call whose operation is done and whose reply is lost.
    store_forgets: f64,
    store_slow: f64,
    /// An instance that dies within a port's call.
    dies: f64,
    /// A token request whose answer is lost after its operation.
    answer_lost: f64,
    /// A token request that is lost on the way there, which nobody can know.
    request_lost: f64,
    /// A token request that certainly did nothing.
    unreachable: f64,
    token_slow: f64,
    token_odd: f64,
    read_fails: f64,
    /// A look-up that is answered by a host without authority.
    no_authority: f64,
    /// A pair that comes in an odd answer.
    odd_answer: f64,
    /// Until when the store is down, for all or for one instance.
    outages: Vec<(Option<usize>, u64)>,
    bans: Vec<(usize, u64)>,
    misconfigured_until: u64,
}

/// How a store call goes.
#[derive(Debug)]
pub(crate) struct StoreFate {
    pub(crate) before: Duration,
    pub(crate) after: Duration,
    pub(crate) fault: Option<StoreFault>,
}

/// The fault of a store call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StoreFault {
    /// It fails before its operation.
    Fails,
    /// Its operation is done, and the reply is lost.
    Forgets,
    /// Its caller dies before the operation.
    DiesBefore,
    /// Its caller dies after the operation.
    DiesAfter,
}

/// How a token request goes.
#[derive(Debug)]
pub(crate) struct WireFate {
    /// When amoCRM does what it is asked; `None` if it never does.
    pub(crate) done_after: Option<Duration>,
    /// When the answer comes, or is given up.
    pub(crate) answered_after: Duration,
    /// What comes instead of amoCRM's answer.
    pub(crate) instead: Option<AmoError>,
    /// Whether amoCRM does it even if the sender dies before.
    pub(crate) outlives_sender: bool,
    pub(crate) dies_on_answer: bool,
    pub(crate) odd_answer: bool,
}

impl Faults {
    /// Each kind of fault is absent, rare or frequent.
    pub(crate) fn drawn(sim: &Sim, contended: bool) -> Self {
        let draw = |rare: f64, frequent: f64| match sim.pick(4) {
            0 | 1 => 0.0,
            2 => rare,
            _ => frequent,
        };
        Self {
            store_fails: draw(0.01, 0.08),
            store_forgets: draw(0.01, 0.08),
            store_slow: if contended { 0.3 } else { draw(0.03, 0.15) },
            dies: draw(0.002, 0.01),
            answer_lost: draw(0.03, 0.2),
            request_lost: draw(0.03, 0.2),
            unreachable: draw(0.03, 0.2),
            token_slow: if contended { 0.7 } else { draw(0.05, 0.4) },
            token_odd: draw(0.03, 0.2),
            read_fails: draw(0.02, 0.2),
            no_authority: draw(0.1, 0.5),
            odd_answer: draw(0.1, 0.5),
            ..Self::default()
        }
    }

    /// Those among which users write: few of them cost a connection.
    pub(crate) fn drawn_for_writes(sim: &Sim) -> Self {
        let (answer_lost, request_lost, token_slow, token_odd) = (0.0, 0.0, 0.0, 0.0);
        Self { answer_lost, request_lost, token_slow, token_odd, ..Self::drawn(sim, false) }
    }

    /// Ends all faults.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    pub(crate) fn outage(&mut self, of: Option<usize>, until: u64) {
        self.outages.push((of, until));
    }

    pub(crate) fn ban(&mut self, account: usize, until: u64) {
        self.bans.push((account, until));
    }

    pub(crate) fn misconfigure(&mut self, until: u64) {
        self.misconfigured_until = until;
    }

    /// Whether the instance cannot reach the store.
    pub(crate) fn is_cut_off(&self, instance: usize, now: u64) -> bool {
        self.outages.iter().any(|&(of, until)| of.is_none_or(|of| of == instance) && now < until)
    }

    /// Whether amoCRM bans calls to `account`.
    pub(crate) fn bans(&self, account: usize, now: u64) -> bool {
        self.bans.iter().any(|&(banned, until)| banned == account && now < until)
    }

    pub(crate) fn store_call(&self, sim: &Sim) -> StoreFate {
        let slow = sim.chance(self.store_slow);
        let odds = [
            (StoreFault::Fails, self.store_fails),
            (StoreFault::Forgets, self.store_forgets),
            (StoreFault::DiesBefore, self.dies / 2.0),
            (StoreFault::DiesAfter, self.dies / 2.0),
        ];
        StoreFate {
            before: if slow { sim.millis(0, SLOWEST_BEFORE) } else { sim.millis(0, 4) },
            after: if slow { sim.millis(0, SLOWEST_AFTER) } else { sim.millis(0, 4) },
            fault: odds.into_iter().find(|(_, odds)| sim.chance(*odds)).map(|(fault, _)| fault),
        }
    }

    pub(crate) fn token_call(&self, sim: &Sim, account: usize, now: u64) -> WireFate {
        let refused = |error| WireFate {
            done_after: None,
            answered_after: sim.millis(1, 200),
            instead: Some(error),
            outlives_sender: false,
            dies_on_answer: false,
            odd_answer: false,
        };
        if self.bans(account, now) {
            return refused(AmoError::Blocked);
        }
        if now < self.misconfigured_until {
            return refused(AmoError::Misconfigured);
        }
        if sim.chance(self.unreachable) {
            return refused(AmoError::Unreachable);
        }
        if sim.chance(self.token_odd) {
            let retry_after = sim.chance(0.5).then(|| sim.millis(1_000, 20_000));
            return match sim.pick(4) {
                0 => refused(AmoError::RateLimited { retry_after }),
                1 => refused(AmoError::Blocked),
                2 => refused(AmoError::PaymentRequired),
                _ => self.nonsense(sim),
            };
        }
        let slow = sim.chance(self.token_slow);
        let there = if slow { sim.millis(0, 75_000) } else { sim.millis(1, 400) };
        let back = if slow { sim.millis(0, 40_000) } else { sim.millis(1, 400) };
        let lost =
            if sim.chance(self.request_lost) { Some(false) } else { sim.chance(self.answer_lost).then_some(true) };
        let late = there + back > WIRE_LIMIT;
        WireFate {
            done_after: lost.unwrap_or(true).then_some(there),
            answered_after: (there + back).min(WIRE_LIMIT),
            instead: (late || lost.is_some()).then_some(AmoError::OutcomeUnknown),
            outlives_sender: sim.chance(0.5),
            dies_on_answer: sim.chance(self.dies),
            odd_answer: sim.chance(self.odd_answer),
        }
    }

    fn nonsense(&self, sim: &Sim) -> WireFate {
        let there = sim.millis(1, 400);
        WireFate {
            done_after: sim.chance(0.5).then_some(there),
            answered_after: there + sim.millis(1, 400),
            instead: Some(AmoError::Protocol),
            outlives_sender: false,
            dies_on_answer: sim.chance(self.dies),
            odd_answer: false,
        }
    }

    /// Whether a look-up is answered by a host without authority.
    pub(crate) fn lacks_authority(&self, sim: &Sim) -> bool {
        sim.chance(self.no_authority)
    }

    /// How long a read of the API takes, and what comes instead of its answer.
    pub(crate) fn read(&self, sim: &Sim, account: usize, now: u64) -> (Duration, Option<AmoError>) {
        if self.bans(account, now) {
            return (sim.millis(1, 50), Some(AmoError::Blocked));
        }
        if !sim.chance(self.read_fails) {
            return (sim.millis(1, 300), None);
        }
        match sim.pick(6) {
            0 => (sim.millis(1, 300), Some(AmoError::Unavailable)),
            4 => (sim.millis(1, 300), Some(AmoError::ConnectionLost)),
            1 => (sim.millis(5_000, 30_000), Some(AmoError::TimedOut)),
            2 => (sim.millis(1, 300), Some(AmoError::RateLimited { retry_after: None })),
            3 => (sim.millis(1, 300), Some(AmoError::Protocol)),
            _ => (sim.millis(1, 20_000), None),
        }
    }
}

/// So long from `now`.
pub(crate) fn from(now: u64, lasts: Duration) -> u64 {
    now.saturating_add(micros(lasts))
}
