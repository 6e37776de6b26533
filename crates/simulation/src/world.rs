//! One run: the instances of the service, the store, amoCRM, and the checker.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use amo_connect_contract::{MemoryRateLimitStore, MemoryTokenStore, TestClock};
use amo_connect_domain::ids::UserId;
use amo_connect_domain::ports::AmoError;
use amo_connect_domain::rate_limit::Pace;
use futures_channel::oneshot;
use jiff::{SignedDuration, Timestamp};

use crate::bugs::{Bug, Notes};
use crate::clocks::Skew;
use crate::crm::Crm;
use crate::executor::{Home, Sim};
use crate::faults::Faults;
use crate::instances::Instance;
use crate::invariants::{Checker, Invariant};
use crate::trace::Trace;

/// The second of 2026-11-23T10:00:00Z, where the simulation begins.
const BEGIN: i64 = 1_795_428_000;

/// The store's time, so many microseconds after the beginning.
pub(crate) fn timestamp(now: u64) -> Timestamp {
    let since = i64::try_from(now).unwrap_or(i64::MAX);
    Timestamp::from_microsecond(BEGIN * 1_000_000 + since).unwrap_or(Timestamp::MAX)
}

/// What a schedule is drawn with.
#[expect(clippy::struct_excessive_bools, reason = "each is drawn for itself")]
#[derive(Clone, Debug)]
pub(crate) struct Cast {
    pub(crate) users: usize,
    pub(crate) accounts: usize,
    /// How far each instance's clock is ahead of the store's.
    pub(crate) skews: Vec<SignedDuration>,
    pub(crate) require_claim: bool,
    pub(crate) token_life: Duration,
    pub(crate) tells_account: bool,
    pub(crate) keepalive_after: Duration,
    /// Whether instances often lose the store, and their leases, amid a refresh.
    pub(crate) contended: bool,
    /// How the service paces its calls, if it does.
    pub(crate) pace: Option<Pace>,
    /// What a host answers whose account has moved.
    pub(crate) gone: AmoError,
    /// Whether clocks are set, forward and back.
    pub(crate) clocks_jump: bool,
}

/// Counts of events.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) crashes: u64,
    pub(crate) callers_left: u64,
    pub(crate) reads: u64,
    pub(crate) connects: u64,
    pub(crate) disconnects: u64,
    pub(crate) outages: u64,
    pub(crate) clock_jumps: u64,
}

/// One run.
pub(crate) struct World {
    pub(crate) sim: Sim,
    pub(crate) cast: Cast,
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
    instances: Mutex<Vec<Instance>>,
    code_ids: Mutex<HashMap<[u8; 32], usize>>,
    tally: Mutex<Tally>,
    pub(crate) bug_notes: Arc<Mutex<Notes>>,
    /// From when until when only the service itself acts.
    quiet: Mutex<(u64, u64)>,
    /// Wake the background work of instances.
    bells: Mutex<Vec<oneshot::Sender<()>>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The user with this number.
#[expect(clippy::unwrap_used, reason = "the name is short")]
pub(crate) fn user_id(user: usize) -> UserId {
    UserId::new(format!("user-{user}")).unwrap()
}

/// The number of a user of the simulation.
pub(crate) fn number_of(user: &UserId) -> usize {
    user.as_str().rsplit_once('-').and_then(|(_, number)| number.parse().ok()).unwrap_or_default()
}

impl World {
    pub(crate) fn new(sim: Sim, cast: Cast, faults: Faults, bug: Option<Bug>, traced: bool) -> Arc<Self> {
        let clock = TestClock::still(timestamp(0));
        let world = Arc::new(Self {
            truth: MemoryTokenStore::with_clock(clock.clone()),
            rate_limits: MemoryRateLimitStore::at(move || clock.now()),
            trace: Trace::new(traced),
            skews: cast.skews.iter().map(|_| Skew::default()).collect(),
            store_astray: Mutex::default(),
            crm: Mutex::new(Crm::new(cast.accounts, cast.token_life, cast.tells_account, cast.gone)),
            checker: Mutex::new(Checker::new(cast.users)),
            faults: Mutex::new(faults),
            instances: Mutex::default(),
            code_ids: Mutex::default(),
            tally: Mutex::default(),
            bug_notes: Arc::default(),
            quiet: Mutex::default(),
            bells: Mutex::default(),
            sim,
            cast,
            bug,
        });
        world.set_clocks_right();
        for number in 0..world.cast.skews.len() {
            world.instances().push(Instance::default());
            world.start(number);
        }
        world
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
