//! One run: the instances of the service, the store, amoCRM, and the checker.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use amo_connect_contract::{MemoryRateLimitStore, MemoryTokenStore, TestClock};
use amo_connect_domain::usecase::UseCases;
use futures_channel::oneshot;
use jiff::SignedDuration;

use crate::bugs::{Bug, Notes};
use crate::crm::Crm;
use crate::executor::{Home, Sim};
use crate::faults::Faults;
use crate::invariants::{Checker, Invariant};
use crate::setup::{Setup, Skew, Tally, timestamp};
use crate::trace::Trace;
use crate::writes::WriteSetup;
use crate::writes::faults::WriteFaults;

/// One run.
pub(crate) struct World {
    pub(crate) sim: Sim,
    pub(crate) setup: Setup,
    /// What users write with, if they do.
    pub(crate) writes: Option<WriteSetup>,
    pub(crate) bug: Option<Bug>,
    /// The store as it is, without delay and without fault.
    pub(crate) truth: MemoryTokenStore,
    /// The store of rate limits, as it is.
    pub(crate) rate_limits: MemoryRateLimitStore,
    pub(crate) trace: Trace,
    /// How far each instance's clock is ahead, now.
    pub(crate) skews: Vec<Skew>,
    /// How far the store's clock is from the time that truly passes.
    store_astray: Mutex<SignedDuration>,
    crm: Mutex<Crm>,
    checker: Mutex<Checker>,
    faults: Mutex<Faults>,
    write_faults: Mutex<WriteFaults>,
    instances: Mutex<Vec<Instance>>,
    code_ids: Mutex<HashMap<[u8; 32], usize>>,
    tally: Mutex<Tally>,
    pub(crate) bug_notes: Arc<Mutex<Notes>>,
    /// From when until when only the service itself acts.
    quiet: Mutex<(u64, u64)>,
    /// Wake the background work of instances.
    bells: Mutex<Vec<oneshot::Sender<()>>>,
}

/// An instance of the service.
#[derive(Default)]
pub(crate) struct Instance {
    pub(crate) life: u32,
    /// `None` while it is down.
    pub(crate) use_cases: Option<UseCases>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl World {
    pub(crate) fn new(
        sim: Sim,
        (setup, writes): (Setup, Option<WriteSetup>),
        faults: Faults,
        bug: Option<Bug>,
        traced: bool,
    ) -> Arc<Self> {
        let clock = TestClock::still(timestamp(0));
        Arc::new(Self {
            truth: MemoryTokenStore::with_clock(clock.clone()),
            rate_limits: MemoryRateLimitStore::at(move || clock.now()),
            trace: Trace::new(traced),
            skews: setup.skews.iter().map(|_| Skew::default()).collect(),
            store_astray: Mutex::default(),
            crm: Mutex::new(Crm::new(setup.accounts, setup.token_life, setup.tells_account, setup.gone)),
            checker: Mutex::new(Checker::new(setup.users)),
            faults: Mutex::new(faults),
            write_faults: Mutex::default(),
            instances: Mutex::new(setup.skews.iter().map(|_| Instance::default()).collect()),
            code_ids: Mutex::default(),
            tally: Mutex::default(),
            bug_notes: Arc::default(),
            quiet: Mutex::default(),
            bells: Mutex::default(),
            sim,
            setup,
            writes,
            bug,
        })
    }

    pub(crate) fn bells(&self) -> MutexGuard<'_, Vec<oneshot::Sender<()>>> {
        lock(&self.bells)
    }

    pub(crate) fn store_astray(&self) -> MutexGuard<'_, SignedDuration> {
        lock(&self.store_astray)
    }

    pub(crate) fn quiet(&self) -> (u64, u64) {
        *lock(&self.quiet)
    }

    pub(crate) fn set_quiet(&self, quiet: (u64, u64)) {
        *lock(&self.quiet) = quiet;
    }

    /// Always taken before [`Self::checker`].
    pub(crate) fn crm(&self) -> MutexGuard<'_, Crm> {
        lock(&self.crm)
    }

    pub(crate) fn checker(&self) -> MutexGuard<'_, Checker> {
        lock(&self.checker)
    }

    pub(crate) fn faults(&self) -> MutexGuard<'_, Faults> {
        lock(&self.faults)
    }

    pub(crate) fn write_faults(&self) -> MutexGuard<'_, WriteFaults> {
        lock(&self.write_faults)
    }

    pub(crate) fn instances(&self) -> MutexGuard<'_, Vec<Instance>> {
        lock(&self.instances)
    }

    pub(crate) fn tally(&self) -> MutexGuard<'_, Tally> {
        lock(&self.tally)
    }

    /// The codes by their hashes.
    pub(crate) fn code_ids(&self) -> MutexGuard<'_, HashMap<[u8; 32], usize>> {
        lock(&self.code_ids)
    }

    pub(crate) fn now(&self) -> u64 {
        self.sim.now()
    }

    pub(crate) fn note(&self, home: Home, text: impl FnOnce() -> String) {
        self.trace.note(self.now(), home, text);
    }

    /// Ends the run if an invariant is broken.
    pub(crate) fn judge(&self) {
        if self.checker().broken.is_some() {
            self.sim.stop();
        }
    }

    /// Whether a life goes on.
    pub(crate) fn is_alive(&self, home: Home) -> bool {
        self.checker().is_alive(home)
    }

    /// Notes a broken invariant from outside of the checker.
    pub(crate) fn accuse(&self, invariant: Invariant, how: impl FnOnce() -> String) {
        self.checker().accuse(invariant, how);
        self.judge();
    }

    /// Takes the instances apart, whose ports hold this world.
    pub(crate) fn take_apart(&self) {
        self.instances().clear();
    }
}
