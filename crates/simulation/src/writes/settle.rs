//! The end of a schedule of writes: all is well, and every write that was asked for with a key has a certain end.

use std::sync::Arc;
use std::time::Duration;

use amo_connect_domain::ports::IdempotencyStore as _;
use futures_util::FutureExt as _;

use super::people::Heard;
use crate::executor::Home;
use crate::faults::from;
use crate::invariants::{Invariant, OrderId, Wanted};
use crate::observe::row;
use crate::setup::user_id;
use crate::world::World;

/// How long after the last fault the first repetition is: crashed instances are back, no request is on the wire, and
/// what is not found then was not done.
const CALM: Duration = Duration::from_mins(3);

/// How long after the last fault something may be left for the background work: then only what is known of is done.
const BUSY: Duration = Duration::from_mins(1);

/// How far apart repetitions are.
const INTERVAL: Duration = Duration::from_secs(20);

/// How many repetitions a write gets: an hour of them.
const REPETITIONS: usize = 180;

impl World {
    /// Ends all faults, and asks for each write until it has a certain end.
    pub(super) async fn settle_writes(self: &Arc<Self>) {
        self.note(Home::Outside, || "all faults are over".to_owned());
        self.faults().clear();
        self.write_faults().clear();
        self.set_clocks_right();
        self.checker().calm(self.now());
        self.set_quiet((from(self.now(), BUSY), from(self.now(), CALM)));
        self.sim.sleep(CALM).await;
        self.make_all_certain().await;
        for user in 0..self.setup.users {
            self.read(user, None).await;
        }
        {
            let crm = self.crm();
            let mut checker = self.checker();
            (0..self.setup.users).for_each(|user| checker.check_end(&crm, user));
            checker.check_saved(&crm);
            checker.check_calls();
            checker.check_objects();
            checker.close();
        }
        self.sim.stop();
    }

    /// Asks for all writes without a certain answer, and for some others. One that is found is no candidate for the
    /// others any more, so these are asked for again.
    async fn make_all_certain(self: &Arc<Self>) {
        let is_open = |id: &OrderId| {
            let Wanted { order, is_certain, .. } = self.checker().wanted()[*id].clone();
            order.key.is_some() && (!is_certain || self.sim.chance(0.3))
        };
        let orders = self.checker().wanted().len();
        let mut unknown: Vec<OrderId> = (0..orders).filter(is_open).collect();
        loop {
            let before = unknown.len();
            let mut still = Vec::new();
            for order in unknown {
                if !self.make_certain(order).await {
                    still.push(order);
                }
            }
            if still.is_empty() || still.len() == before {
                self.tally().left_unknown += still.len() as u64;
                return;
            }
            unknown = still;
        }
    }

    /// Asks for a write until its end is certain. Returns whether it is.
    async fn make_certain(self: &Arc<Self>, order: OrderId) -> bool {
        for _ in 0..REPETITIONS {
            match self.ask_for(order, None).await {
                Some(Heard::Certain | Heard::NoConnection) => return true,
                Some(Heard::Doubt) if self.is_unreachable(order) => return true,
                Some(Heard::Doubt) if self.may_stay_unknown(order) => return false,
                Some(Heard::Doubt) | None => self.sim.sleep(INTERVAL).await,
            }
        }
        self.accuse(Invariant::NeverCertain, || format!("order {order} has no certain end after {REPETITIONS} tries"));
        true
    }

    /// Whether the account has moved, and the token is dead that could tell where to.
    fn is_unreachable(&self, order: OrderId) -> bool {
        let user = self.checker().wanted()[order].user;
        let grant = row(self, &user_id(user)).and_then(|row| row.grant().cloned());
        grant.is_some_and(|grant| self.is_lost_to_a_move(&grant))
    }

    /// Whether the rules leave it open what became of a write.
    fn may_stay_unknown(&self, order: OrderId) -> bool {
        let crm = self.crm();
        let checker = self.checker();
        let wanted = &checker.wanted()[order];
        let Some(key) = wanted.key() else { return false };
        let found = self.truth.write_record(&user_id(wanted.user), key).now_or_never();
        let Some(Ok(Some(on_record))) = found else { return false };
        checker.may_stay_unknown(&crm, order, &on_record, self.truth.test_clock().now())
    }
}
