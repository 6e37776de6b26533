//! Clocks that people and machines set: forward and back, by an hour or by a year.

use std::sync::Arc;

use jiff::SignedDuration;

use crate::executor::Home;
use crate::world::World;

/// How far a clock jumps.
const JUMPS: [SignedDuration; 4] = [
    SignedDuration::from_mins(10),
    SignedDuration::from_hours(3),
    SignedDuration::from_hours(25),
    SignedDuration::from_hours(365 * 24),
];

/// The longest that a clock is wrong before somebody sets it right, in milliseconds.
const LONGEST_WRONG: u64 = 120_000;

impl World {
    /// A clock jumps, an instance's or the store's, and mostly back again.
    pub(crate) async fn jump_clock(self: &Arc<Self>, instance: usize) {
        let size = JUMPS[self.sim.pick(JUMPS.len())];
        let by = if self.sim.chance(0.5) { size } else { -size };
        let whose = self.sim.chance(0.6).then_some(instance);
        self.jump(whose, by);
        if self.sim.chance(0.7) {
            self.sim.sleep(self.sim.millis(0, LONGEST_WRONG)).await;
            if !self.checker().is_calm() {
                self.jump(whose, -by);
            }
        }
    }

    fn jump(&self, whose: Option<usize>, by: SignedDuration) {
        self.note(Home::Outside, || format!("the clock of {whose:?} jumps by {by:?}"));
        self.tally().clock_jumps += 1;
        match whose {
            Some(instance) => {
                let skew = &self.skews[instance];
                skew.set(skew.get() + by);
            }
            None => self.jump_store(by),
        }
    }

    fn jump_store(&self, by: SignedDuration) {
        self.truth.test_clock().jump(by);
        let mut astray = self.store_astray();
        *astray += by;
        drop(astray);
        self.checker().store_jumped(by, self.now());
        self.ring();
    }

    /// All clocks are set right.
    pub(crate) fn set_clocks_right(&self) {
        for (skew, drawn) in self.skews.iter().zip(&self.setup.skews) {
            skew.set(*drawn);
        }
        let astray = *self.store_astray();
        if !astray.is_zero() {
            self.jump_store(-astray);
        }
    }
}
