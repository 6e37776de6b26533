//! Schedules of writes: users write with keys and ask again, while everything fails.

pub(crate) mod faults;
mod operations;
mod orders;
mod people;
mod reads;
mod settle;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use amo_connect_domain::crm::write::Write;
use amo_connect_domain::ports::IdempotencyStore as _;
use futures_util::FutureExt as _;
use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};

use crate::crm::PairId;
use crate::executor::{Home, Sim};
use crate::faults::Faults;
use crate::invariants::{Invariant, WriteSendingId};
use crate::setup::{Setup, timestamp, user_id};
use crate::world::World;
use faults::WriteFaults;

/// The farthest that amoCRM's clock is from the store's, in milliseconds: well under
/// [`CLOCK_SKEW`](amo_connect_domain::clock::CLOCK_SKEW).
const FARTHEST_AMO_CLOCK: u64 = 3 * 60 * 1_000;

/// How far the two clocks are from each other if they agree, in milliseconds: then it is certain whether an object has
/// changed since a sending, and what was made by it.
const AGREEING_AMO_CLOCK: u64 = 3_500;

/// How far they are from each other if they agree somewhat, in milliseconds.
const NEAR_AMO_CLOCK: u64 = 25_000;

/// What a schedule of writes is drawn with, beside [`Setup`].
#[derive(Debug)]
pub(crate) struct WriteSetup {
    /// How far amoCRM's clock is ahead of the store's.
    pub(crate) ahead: SignedDuration,
    /// How long an instance waits for the answer to a write.
    pub(crate) patience: Duration,
    /// The faults that begin when everybody is connected.
    faults: Mutex<Option<(Faults, WriteFaults)>>,
}

impl WriteSetup {
    /// Draws it, and makes `setup` one of a short schedule.
    pub(crate) fn drawn(sim: &Sim, setup: &mut Setup) -> Self {
        let lives = [600, 3_600, 86_400];
        setup.contended = false;
        setup.require_claim = false;
        setup.token_life = Duration::from_secs(lives[sim.pick(lives.len())]);
        setup.clocks_jump = sim.chance(0.25);
        let farthest = [AGREEING_AMO_CLOCK, AGREEING_AMO_CLOCK, NEAR_AMO_CLOCK, FARTHEST_AMO_CLOCK][sim.pick(4)];
        let ahead = SignedDuration::try_from(sim.millis(0, 2 * farthest)).unwrap_or_default();
        Self {
            ahead: ahead - SignedDuration::from_millis(farthest.cast_signed()),
            patience: Duration::from_secs(if sim.chance(0.8) { 8 } else { 60 }),
            faults: Mutex::new(Some((Faults::drawn_for_writes(sim), WriteFaults::drawn(sim)))),
        }
    }

    /// Whether the two clocks agree.
    pub(crate) fn clocks_agree(&self) -> bool {
        self.ahead.abs() <= SignedDuration::from_millis(AGREEING_AMO_CLOCK.cast_signed())
    }
}

impl World {
    /// What amoCRM's clock shows, which has whole seconds.
    pub(crate) fn amo_clock(&self) -> Timestamp {
        let ahead = self.writes.as_ref().map_or(SignedDuration::ZERO, |writes| writes.ahead);
        let now = timestamp(self.now()).saturating_add(ahead).unwrap_or(Timestamp::MAX);
        Timestamp::from_second(now.as_second()).unwrap_or(now)
    }

    /// How long an instance waits for the answer to a write.
    pub(crate) fn patience(&self) -> Duration {
        self.writes.as_ref().map_or(Duration::ZERO, |writes| writes.patience)
    }

    /// The running task sends a write. Returns the number of the sending.
    pub(crate) fn note_write(&self, pair: PairId, write: &Write) -> WriteSendingId {
        let by = self.sim.current().and_then(|task| self.sim.parent(task));
        let crm = self.crm();
        let mut checker = self.checker();
        checker.used(pair);
        let Some(asked) = checker.write_asked_by(by) else {
            checker.accuse(Invariant::SentUnrecorded, || "a write that nobody has asked for".to_owned());
            return WriteSendingId::MAX;
        };
        let known = checker.key_of(asked);
        let on_record = known.and_then(|(user, key)| {
            let found = self.truth.write_record(&user_id(user), key).now_or_never()?;
            found.ok().flatten()
        });
        let sending = checker.write_sent(&crm, asked, (write, pair), on_record.as_ref(), self.now());
        drop((checker, crm));
        self.judge();
        sending
    }

    /// The users connect; then come some busy moments; then the faults are over, and every write that was asked for has
    /// to have a certain end.
    pub(crate) async fn play_writes(self: Arc<Self>) {
        self.open_books();
        self.note(Home::Outside, || format!("{:?}", self.writes));
        join_all((0..self.setup.users).map(|user| self.connect_by_claim(user))).await;
        self.begin_faults();
        for _ in 0..=self.sim.pick(2) {
            for _ in 0..3 + self.sim.pick(5) {
                let this = Arc::clone(&self);
                let after = if self.sim.chance(0.4) { Duration::ZERO } else { self.sim.millis(0, 20_000) };
                self.task(async move {
                    this.sim.sleep(after).await;
                    if !this.checker().is_calm() {
                        this.write_operation().await;
                    }
                });
            }
            let pause =
                if self.sim.chance(0.6) { self.sim.millis(5_000, 40_000) } else { self.sim.millis(75_000, 120_000) };
            self.sim.sleep(pause).await;
        }
        self.settle_writes().await;
    }

    fn begin_faults(&self) {
        let drawn = self.writes.as_ref();
        let drawn = drawn.and_then(|writes| writes.faults.lock().unwrap_or_else(PoisonError::into_inner).take());
        if let Some((faults, write_faults)) = drawn {
            *self.faults() = faults;
            *self.write_faults() = write_faults;
        }
    }
}
