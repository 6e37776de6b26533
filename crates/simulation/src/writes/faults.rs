//! The faults of writes on the wire and their frequency: drawn for each schedule, and over at its end.

use std::time::Duration;

use amo_connect_domain::crm::write::WriteField;
use amo_connect_domain::ports::AmoError;

use crate::executor::Sim;

/// The longest that amoCRM takes to do what it has read, in milliseconds: then a write is lost.
const LONGEST_WAY: u64 = 60_000;

/// How soon a connection is found to be lost, in milliseconds.
const LOST_WITHIN: u64 = 3_000;

/// How often each fault happens.
#[derive(Debug, Default)]
pub(crate) struct WriteFaults {
    /// A write that is certainly not sent, or not taken.
    unsent: f64,
    /// A write that amoCRM refuses.
    refused: f64,
    /// A write that is lost on the way there, which nobody can know.
    request_lost: f64,
    /// A write whose answer is lost, or makes no sense.
    answer_lost: f64,
    /// A write that amoCRM does late, perhaps after its sender stopped waiting.
    slow: f64,
    /// A lead that amoCRM puts together with one that is there.
    merges: f64,
    /// An instance that dies while it sends.
    dies: f64,
}

/// When its sender dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Death {
    /// As the write leaves.
    AtOnce,
    /// When the answer is there.
    OnAnswer,
}

/// How a write goes.
#[derive(Debug)]
pub(crate) struct WriteFate {
    /// What its sender hears, who has certainly sent nothing that was taken.
    pub(crate) unsent: Option<AmoError>,
    /// When amoCRM processes it; `None` if it never does.
    pub(crate) read_after: Option<Duration>,
    /// What amoCRM says instead of doing it.
    pub(crate) refusal: Option<AmoError>,
    pub(crate) merges: bool,
    /// Whether nothing of the answer is read that makes sense.
    pub(crate) is_answer_lost: bool,
    /// When its sender has the answer, or stops waiting.
    pub(crate) told_after: Duration,
    pub(crate) death: Option<Death>,
}

impl WriteFaults {
    /// Each kind of fault is absent, rare or frequent.
    pub(crate) fn drawn(sim: &Sim) -> Self {
        let draw = |rare: f64, frequent: f64| match sim.pick(4) {
            0 => 0.0,
            1 | 2 => rare,
            _ => frequent,
        };
        Self {
            unsent: draw(0.03, 0.15),
            refused: draw(0.02, 0.1),
            request_lost: draw(0.05, 0.3),
            answer_lost: draw(0.1, 0.5),
            slow: draw(0.05, 0.3),
            merges: if sim.chance(0.1) { 0.2 } else { 0.0 },
            dies: draw(0.01, 0.06),
        }
    }

    /// Ends all faults.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// How the next write goes, whose sender waits for so long.
    pub(crate) fn write_call(&self, sim: &Sim, is_banned: bool, patience: Duration) -> WriteFate {
        if is_banned {
            return WriteFate::unsent(AmoError::Blocked, sim.millis(1, 50));
        }
        if sim.chance(self.unsent) {
            return WriteFate::unsent(unsent(sim), sim.millis(1, 200));
        }
        let slow = sim.chance(self.slow);
        let there = if slow { sim.millis(0, LONGEST_WAY) } else { sim.millis(1, 400) };
        let back = sim.millis(1, 400);
        let death = sim.chance(self.dies).then(|| if sim.chance(0.5) { Death::AtOnce } else { Death::OnAnswer });
        let is_request_lost = sim.chance(self.request_lost);
        let is_answer_lost = is_request_lost || sim.chance(self.answer_lost);
        // Who waits for a lost answer waits until the end, or finds the connection lost.
        let told_after = match is_answer_lost {
            true if sim.chance(0.3) => patience,
            true => sim.millis(1, LOST_WITHIN),
            false => there + back,
        };
        WriteFate {
            unsent: None,
            read_after: (!is_request_lost).then_some(there),
            refusal: sim.chance(self.refused).then(|| refusal(sim)),
            merges: sim.chance(self.merges),
            is_answer_lost: is_answer_lost || told_after > patience,
            told_after: told_after.min(patience),
            death,
        }
    }
}

impl WriteFate {
    fn unsent(error: AmoError, told_after: Duration) -> Self {
        Self {
            unsent: Some(error),
            read_after: None,
            refusal: None,
            merges: false,
            is_answer_lost: true,
            told_after,
            death: None,
        }
    }
}

fn unsent(sim: &Sim) -> AmoError {
    match sim.pick(7) {
        0 => AmoError::Unreachable,
        1 | 2 => AmoError::Unavailable,
        3 => AmoError::RateLimited { retry_after: None },
        4 => AmoError::PaymentRequired,
        5 => AmoError::Blocked,
        _ => AmoError::AccessRefused,
    }
}

fn refusal(sim: &Sim) -> AmoError {
    match sim.pick(3) {
        0 => AmoError::Forbidden,
        1 => AmoError::Refused { field: None },
        _ => AmoError::Refused { field: Some(WriteField::Text) },
    }
}
