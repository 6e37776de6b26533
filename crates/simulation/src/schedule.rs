//! One schedule: its users and instances, their operations and the faults, all drawn from its seed.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use amo_connect_domain::ports::AmoError;
use amo_connect_domain::rate_limit::{Pace, PaceScope};
use futures_util::FutureExt as _;
use jiff::SignedDuration;

use crate::bugs::Bug;
use crate::executor::{Executor, Home, Sim};
use crate::faults::{Faults, from};
use crate::invariants::{Broken, Lost};
use crate::profile::Profile;
use crate::setup::{Setup, Tally};
use crate::shares;
use crate::world::World;
use crate::writes::WriteSetup;

/// The farthest an instance's clock is from the store's.
const FARTHEST_CLOCK: u64 = 5 * 60 * 1_000;

/// How a schedule ended.
pub(crate) struct Outcome {
    pub(crate) broken: Option<Broken>,
    pub(crate) lost: Vec<Lost>,
    pub(crate) sendings: usize,
    pub(crate) writes_sent: usize,
    pub(crate) steps: u64,
    pub(crate) tally: Tally,
    pub(crate) trace: Vec<String>,
}

/// Runs the schedule of `seed`, with a planted bug or without.
pub(crate) fn run(profile: Profile, seed: u64, bug: Option<Bug>, traced: bool) -> Outcome {
    let sim = Sim::seeded(seed);
    let mut setup = drawn(&sim);
    let (faults, writes) = match profile {
        Profile::Tokens => (Faults::drawn(&sim, setup.contended), None),
        Profile::Writes => (Faults::default(), Some(WriteSetup::drawn(&sim, &mut setup))),
        Profile::Shares => {
            shares::set_up(&sim, &mut setup);
            (Faults::default(), None)
        }
    };
    let world = World::new(sim.clone(), (setup, writes), faults, bug, traced);
    world.set_clocks_right();
    (0..world.setup.skews.len()).for_each(|number| world.start(number));
    world.note(Home::Outside, || format!("{:?}, {:?}", world.setup, world.faults()));
    let play = Arc::clone(&world);
    match profile {
        Profile::Tokens => sim.spawn(Home::Outside, async move { play.play().await }.boxed()),
        Profile::Writes => sim.spawn(Home::Outside, play.play_writes().boxed()),
        Profile::Shares => sim.spawn(Home::Outside, play.play_shares().boxed()),
    };
    let mut moved_to = 0;
    let clock = world.truth.test_clock().clone();
    let steps = Executor::new(sim).run(|now| {
        clock.advance(Duration::from_micros(now - moved_to));
        moved_to = now;
    });
    world.take_apart();
    let checker = world.checker();
    Outcome {
        broken: checker.broken.clone(),
        lost: checker.lost.clone(),
        sendings: checker.sent(),
        writes_sent: checker.writes_sent(),
        steps,
        tally: world.tally().clone(),
        trace: world.trace.lines(),
    }
}

fn drawn(sim: &Sim) -> Setup {
    let instances = 2 + sim.pick(2);
    let lives = [60, 120, 600, 3_600, 86_400];
    let skewed = sim.chance(0.6);
    let skew = || {
        let ahead = SignedDuration::try_from(sim.millis(0, 2 * FARTHEST_CLOCK)).unwrap_or_default();
        if skewed { ahead - SignedDuration::from_millis(FARTHEST_CLOCK.cast_signed()) } else { SignedDuration::ZERO }
    };
    Setup {
        users: 1 + sim.pick(3),
        accounts: 1 + sim.pick(2),
        skews: std::iter::repeat_with(skew).take(instances).collect(),
        require_claim: sim.chance(0.2),
        token_life: Duration::from_secs(lives[sim.pick(lives.len())]),
        tells_account: sim.chance(0.7),
        keepalive_after: Duration::from_secs([1_200, 21_600, 30 * 86_400][sim.pick(3)]),
        contended: sim.chance(0.15),
        pace: sim.chance(0.5).then(|| drawn_pace(sim)),
        gone: [
            AmoError::NotFound,
            AmoError::GrantRevoked,
            AmoError::Misconfigured,
            AmoError::Moved,
            AmoError::Unreachable,
        ][sim.pick(5)],
        clocks_jump: sim.chance(0.4),
    }
}

fn drawn_pace(sim: &Sim) -> Pace {
    let scope = if sim.chance(0.5) { PaceScope::Account } else { PaceScope::Integration };
    Pace::per_second(NonZeroU32::MIN.saturating_add(u32::try_from(sim.pick(7)).unwrap_or_default()), scope)
}

impl World {
    pub(crate) fn task(self: &Arc<Self>, work: impl Future<Output = ()> + Send + 'static) {
        self.sim.spawn(Home::Outside, work.boxed());
    }

    /// The users connect; then come some busy moments, a token's life or less apart; then the
    /// faults are over, and everything has to settle.
    async fn play(self: Arc<Self>) {
        for user in 0..self.setup.users {
            let this = Arc::clone(&self);
            self.task(async move { this.connect(user).await });
        }
        self.quiet_until(0);
        self.sim.sleep(self.sim.millis(5_000, 40_000)).await;
        for _ in 0..=self.sim.pick(4) {
            let operations = 4 + self.sim.pick(10);
            for _ in 0..operations {
                let this = Arc::clone(&self);
                let after = if self.sim.chance(0.4) { Duration::ZERO } else { self.sim.millis(0, 30_000) };
                self.task(async move {
                    this.sim.sleep(after).await;
                    if !this.checker().is_calm() {
                        this.operation().await;
                    }
                });
            }
            let life = u64::try_from(self.setup.token_life.as_millis()).unwrap_or(u64::MAX);
            let pause =
                if self.sim.chance(0.5) { self.sim.millis(5_000, 60_000) } else { self.sim.millis(life / 4, life) };
            self.quiet_until(from(self.now(), pause));
            self.sim.sleep(pause).await;
        }
        self.settle().await;
    }

    pub(crate) async fn connect(self: &Arc<Self>, user: usize) {
        if self.sim.chance(0.7) { self.connect_by_attempt(user).await } else { self.connect_by_claim(user).await }
    }
}
