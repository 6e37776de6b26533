//! The operations of a busy moment: mostly reads, and everything that disturbs them.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join;

use crate::executor::Home;
use crate::faults::from;
use crate::world::World;

impl World {
    /// Does one operation, drawn at random.
    pub(crate) async fn operation(self: &Arc<Self>) {
        let user = self.sim.pick(self.setup.users);
        let account = self.sim.pick(self.setup.accounts);
        let instance = self.sim.pick(self.setup.skews.len());
        if self.setup.clocks_jump && self.sim.chance(0.15) {
            return self.jump_clock(instance).await;
        }
        match self.sim.pick(100) {
            0..=46 => {
                let gives_up = self.sim.chance(0.2).then(|| self.sim.millis(1, 10_000));
                self.read(user, gives_up).await;
            }
            47..=48 => self.crowd(user),
            49 => self.strangers(),
            50..=53 => self.disconnect(user).await,
            54..=55 => self.change_of_mind(user).await,
            56..=63 => self.connect(user).await,
            64..=69 => self.crash(instance),
            70..=75 => self.outage(instance),
            76..=79 => self.ban(account),
            80..=81 => self.misconfigure(),
            82..=83 => self.switch_off(account).await,
            84 => self.hook(account).await,
            85 => {
                self.note(Home::Outside, || format!("account {account} moves"));
                self.crm().relocate(account);
            }
            86..=89 => self.touch(user).await,
            90..=94 => {
                self.note(Home::Outside, || "all access tokens end".to_owned());
                self.crm().expire_access(self.now());
            }
            95..=96 => self.steal(user).await,
            97 => self.sweep().await,
            _ => self.contend(user, instance).await,
        }
    }

    /// Many calls of one user at once.
    fn crowd(self: &Arc<Self>, user: usize) {
        for _ in 0..8 {
            let this = Arc::clone(self);
            self.task(async move {
                this.read(user, None).await;
            });
        }
    }

    /// Codes that nobody claims come without a state of ours, many at once.
    fn strangers(self: &Arc<Self>) {
        for _ in 0..8 {
            let this = Arc::clone(self);
            self.task(async move { this.intrude().await });
        }
    }

    /// `user` brings a code and disconnects in the same moment.
    async fn change_of_mind(self: &Arc<Self>, user: usize) {
        let disconnecting = async {
            self.sim.sleep(self.sim.millis(0, 2_000)).await;
            self.disconnect(user).await;
        };
        join(self.connect_by_claim(user), disconnecting).await;
    }

    pub(crate) fn outage(&self, instance: usize) {
        let whose = (self.setup.contended || self.sim.chance(0.5)).then_some(instance);
        self.cut_off(whose, self.sim.millis(500, 40_000));
    }

    fn cut_off(&self, whose: Option<usize>, lasts: Duration) {
        self.note(Home::Outside, || format!("the store is down for {whose:?} for {lasts:?}"));
        self.tally().outages += 1;
        self.faults().outage(whose, from(self.now(), lasts));
    }

    /// A refresh begins, and an instance, perhaps the one that sends it, cannot reach the store for
    /// about as long as a lease lasts.
    async fn contend(self: &Arc<Self>, user: usize, instance: usize) {
        self.crm().expire_access(self.now());
        let cutting = async {
            self.sim.sleep(self.sim.millis(0, 3_000)).await;
            let lasts = self.sim.millis(14_000, 26_000);
            if !self.checker().is_calm() {
                self.cut_off(Some(instance), lasts);
            }
        };
        join(self.read(user, None), cutting).await;
    }

    pub(crate) fn ban(&self, account: usize) {
        let lasts = self.sim.millis(1_000, 60_000);
        self.note(Home::Outside, || format!("account {account} is banned for {lasts:?}"));
        self.faults().ban(account, from(self.now(), lasts));
    }

    fn misconfigure(&self) {
        let lasts = self.sim.millis(1_000, 60_000);
        self.note(Home::Outside, || format!("the integration is misconfigured for {lasts:?}"));
        self.faults().misconfigure(from(self.now(), lasts));
    }

    pub(crate) async fn switch_off(self: &Arc<Self>, account: usize) {
        self.note(Home::Outside, || format!("the integration is switched off in account {account}"));
        self.crm().revoke(account);
        if self.sim.chance(0.7) {
            self.sim.sleep(self.sim.millis(0, 5_000)).await;
            self.hook(account).await;
        }
    }
}
