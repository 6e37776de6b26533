//! The instances of the service: they start, crash, and come back on the same store.

use std::sync::Arc;
use std::time::Duration;

use amo_connect_domain::host::AllowedHosts;
use amo_connect_domain::ports::{NoObserver, Storage};
use amo_connect_domain::usecase::rate_limited::RateLimitedClient;
use amo_connect_domain::usecase::{Settings, UseCases};
use futures_util::FutureExt as _;

use crate::amo::ModelAmo;
use crate::bugs::{BuggyStore, Context};
use crate::executor::Home;
use crate::observe::ModelObserver;
use crate::runtime::ModelRuntime;
use crate::store::ModelStore;
use crate::world::World;

/// The longest that an instance stays down, in milliseconds.
const LONGEST_DOWN: u64 = 30_000;

impl World {
    /// Starts an instance anew, on the same store.
    pub(crate) fn start(self: &Arc<Self>, number: usize) {
        let life = self.instances()[number].life;
        let home = Home::Instance { number, life };
        let skew = self.skews[number].clone();
        let runtime = Arc::new(ModelRuntime::new(self.sim.clone(), home, skew.clone(), self.bug));
        let context = Context {
            sim: self.sim.clone(),
            home,
            skew,
            users: self.setup.users,
            truth: self.truth.clone(),
            notes: Arc::clone(&self.bug_notes),
        };
        let rows = BuggyStore::new(Arc::new(self.truth.clone()), self.bug, context);
        let store = Arc::new(ModelStore::new(Arc::clone(self), home, rows));
        let amo = Arc::new(ModelAmo::new(Arc::clone(self), home));
        let amo = match self.setup.pace {
            Some(pace) => RateLimitedClient::new(
                amo,
                Arc::clone(&store) as _,
                Arc::clone(&runtime) as _,
                Arc::new(NoObserver),
                pace,
            ),
            None => RateLimitedClient::unlimited(amo),
        };
        let store: Arc<dyn Storage> = store;
        let settings = Settings {
            allowed_hosts: allowed_hosts(),
            default_host: None,
            require_claim: self.setup.require_claim,
            accept_foreign_state: true,
            refresh_margin: Duration::from_mins(5),
            keepalive_after: self.setup.keepalive_after,
        };
        let observer = Arc::new(ModelObserver(Arc::clone(self)));
        let use_cases = UseCases::new(store.into(), amo, runtime, observer, settings);
        self.run_background(home, use_cases.clone());
        self.instances()[number].use_cases = Some(use_cases);
        self.checker().born(home, self.now());
        self.note(home, || "starts".to_owned());
    }

    /// Kills an instance where it stands. It comes back after a while.
    pub(crate) fn crash(self: &Arc<Self>, number: usize) {
        let home = {
            let instance = &mut self.instances()[number];
            if instance.use_cases.take().is_none() {
                return;
            }
            instance.life += 1;
            Home::Instance { number, life: instance.life - 1 }
        };
        self.note(home, || "CRASHES".to_owned());
        self.tally().crashes += 1;
        self.checker().died(home, self.now());
        self.sim.end(home);
        let (world, down) = (Arc::clone(self), self.sim.millis(10, LONGEST_DOWN));
        let back = async move {
            world.sim.sleep(down).await;
            world.start(number);
        };
        self.sim.spawn(Home::Outside, back.boxed());
    }

    /// Kills the instance whose home this is, if it still lives.
    pub(crate) fn crash_home(self: &Arc<Self>, home: Home) {
        if let Home::Instance { number, life } = home
            && self.instances()[number].life == life
        {
            self.crash(number);
        }
    }

    /// One of the instances that are up, or the one that is named, if it is.
    pub(crate) fn somebody(&self, named: Option<usize>) -> Option<(Home, UseCases)> {
        let instances = self.instances();
        let wanted = instances.iter().enumerate().filter(|(number, _)| named.is_none_or(|named| named == *number));
        let up = wanted.filter_map(|(number, instance)| {
            let home = Home::Instance { number, life: instance.life };
            Some((home, instance.use_cases.clone()?))
        });
        let mut up: Vec<_> = up.collect();
        if up.is_empty() {
            return None;
        }
        Some(up.swap_remove(self.sim.pick(up.len())))
    }
}

#[expect(clippy::unwrap_used, reason = "the list is a constant")]
fn allowed_hosts() -> AllowedHosts {
    AllowedHosts::parse("amocrm.ru").unwrap()
}
