//! The background work of each instance: a round whenever one may be due.
//!
//! A service does a round every [`BACKGROUND_INTERVAL`]. Here a round that would find nothing is left
//! out, and the time to the next one that may find something is skipped, or a quiet night
//! would cost more than all the rest of a schedule.

use std::sync::Arc;
use std::time::Duration;

use amo_connect_domain::client::ClientFingerprint;
use amo_connect_domain::clock::{after, before};
use amo_connect_domain::ports::Maintenance as _;
use amo_connect_domain::usecase::{BACKGROUND_INTERVAL, UseCases};
use futures_channel::oneshot;
use futures_util::FutureExt as _;
use futures_util::future::{Either, select};

use crate::executor::{Home, micros};
use crate::setup::timestamp;
use crate::world::World;

/// The longest time to the next round while something may happen: a lease that is granted
/// meanwhile lasts longer.
const LONGEST_NAP: Duration = Duration::from_secs(13);

/// Tokens that are dated so far in the future have an unknown age.
const UNKNOWN_AGE: Duration = Duration::from_hours(24);

/// How long after the last operation of a busy moment only the service itself acts.
const OPERATIONS_LAST: Duration = Duration::from_mins(3);

impl World {
    /// Runs the rounds of one life of an instance.
    pub(crate) fn run_background(self: &Arc<Self>, home: Home, use_cases: UseCases) {
        let world = Arc::clone(self);
        let rounds = async move {
            loop {
                while !world.nap_is_over().await {}
                if world.has_work() || world.sim.chance(0.02) {
                    // A round that fails leaves its work to the next.
                    let _ = use_cases.background_round().await;
                }
                if world.sim.chance(0.2) {
                    let _ = use_cases.sweep().await;
                }
            }
        };
        self.sim.spawn(home, rounds.boxed());
    }

    /// Naps. `false` if something has come up that may be due earlier than was thought.
    async fn nap_is_over(&self) -> bool {
        let (bell, rung) = oneshot::channel();
        self.bells().push(bell);
        matches!(select(self.sim.sleep(self.nap()), rung).await, Either::Left(_))
    }

    /// A refresh backs off, for a time that was not known before.
    pub(crate) fn ring(&self) {
        for bell in std::mem::take(&mut *self.bells()) {
            // Its instance may have died, or may be in a round.
            let _ = bell.send(());
        }
    }

    /// Whether a round would find something.
    fn has_work(&self) -> bool {
        let now = timestamp(self.now());
        let (before, after) = (before(now, self.setup.keepalive_after), after(now, UNKNOWN_AGE));
        let found = async {
            let orphaned = self.truth.orphaned_refreshes(1).await.is_ok_and(|found| !found.is_empty());
            orphaned
                || self.checker().has_revocation_checks()
                // An instance whose clock is ahead finds it five minutes earlier.
                || self.truth.stale_connections(before, after, 1).await.is_ok_and(|found| !found.is_empty())
                || self.truth.acquitted_refreshes(ClientFingerprint::default(), None, 1).await.is_ok_and(|found| !found.is_empty())
        };
        found.now_or_never().unwrap_or(true)
    }

    /// How long until the next round that may find something.
    fn nap(&self) -> Duration {
        let now = self.now();
        let (from, until) = self.quiet();
        let orphan = self.checker().next_orphan();
        let checks = self.checker().has_revocation_checks();
        if orphan.is_none() && !checks && now > from && now < until {
            return Duration::from_micros(until - now) + BACKGROUND_INTERVAL;
        }
        let due = orphan.map_or(LONGEST_NAP, |due| Duration::from_micros(due.saturating_sub(now)));
        (due + self.sim.millis(0, 2_000)).clamp(BACKGROUND_INTERVAL, LONGEST_NAP)
    }

    /// Only the service itself acts from a while after now until then.
    pub(crate) fn quiet_until(&self, until: u64) {
        self.set_quiet((self.now() + micros(OPERATIONS_LAST), until));
    }
}
