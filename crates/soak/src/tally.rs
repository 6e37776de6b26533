//! What the answers were, counted by phase, and every fault with an example.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How many examples of a kind of fault are told.
const EXAMPLES: usize = 8;

/// A fault of the service's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// Another status, code or body than is documented, or one that is not true.
    Wrong,
    /// An answer, a connection or a write that is not there.
    Lost,
    /// Something of somebody else's.
    Foreign,
    /// A key that made two objects.
    Doubled,
}

impl Fault {
    pub(crate) const ALL: [Self; 4] = [Self::Wrong, Self::Lost, Self::Foreign, Self::Doubled];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Wrong => "wrong",
            Self::Lost => "lost",
            Self::Foreign => "foreign",
            Self::Doubled => "doubled",
        }
    }
}

/// The counts of a phase.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts {
    /// Requests.
    pub(crate) asked: u64,
    /// Those that were served.
    pub(crate) served: u64,
    /// Those that were refused as they may be, by code.
    pub(crate) refused: BTreeMap<String, u64>,
    /// Those that took longer than is promised.
    pub(crate) slow: u64,
    /// The longest.
    pub(crate) longest: Duration,
    /// Those without an answer because their process was killed.
    pub(crate) killed: u64,
    /// Those without one because others had all places, which were asked again.
    pub(crate) evicted: u64,
    /// Faults.
    pub(crate) faults: BTreeMap<Fault, u64>,
}

impl Counts {
    pub(crate) fn faults_of(&self, fault: Fault) -> u64 {
        self.faults.get(&fault).copied().unwrap_or_default()
    }

    fn add(&mut self, other: &Self) {
        self.asked += other.asked;
        self.served += other.served;
        self.slow += other.slow;
        self.killed += other.killed;
        self.evicted += other.evicted;
        self.longest = self.longest.max(other.longest);
        for (code, count) in &other.refused {
            *self.refused.entry(code.clone()).or_default() += count;
        }
        for (fault, count) in &other.faults {
            *self.faults.entry(*fault).or_default() += count;
        }
    }
}

#[derive(Debug, Default)]
struct State {
    phase: String,
    /// In the order in which they came first.
    phases: Vec<(String, Counts)>,
    examples: Vec<(Fault, String)>,
    /// Anything else that is counted once for all phases.
    others: BTreeMap<&'static str, u64>,
}

/// Everything that is counted.
#[derive(Debug, Default)]
pub(crate) struct Tally(Mutex<State>);

impl Tally {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a phase, or goes on with one of this name.
    pub(crate) fn begin(&self, phase: &str) {
        phase.clone_into(&mut self.state().phase);
    }

    /// The phase that it is now.
    pub(crate) fn phase(&self) -> String {
        self.state().phase.clone()
    }

    /// Changes the counts of the phase that it is now.
    pub(crate) fn count(&self, change: impl FnOnce(&mut Counts)) {
        let state = &mut *self.state();
        let place = state.phases.iter().position(|(name, _)| *name == state.phase);
        let place = place.unwrap_or_else(|| {
            state.phases.push((state.phase.clone(), Counts::default()));
            state.phases.len() - 1
        });
        change(&mut state.phases[place].1);
    }

    /// Counts a fault, and keeps what it was.
    pub(crate) fn fault(&self, fault: Fault, what: &str) {
        self.count(|counts| *counts.faults.entry(fault).or_default() += 1);
        let state = &mut *self.state();
        if state.examples.iter().filter(|(other, _)| *other == fault).count() < EXAMPLES {
            let example = format!("{}: {what}", state.phase);
            eprintln!("soak: {}: {example}", fault.name());
            state.examples.push((fault, example));
        }
    }

    /// Counts something else.
    pub(crate) fn add(&self, what: &'static str, count: u64) {
        *self.state().others.entry(what).or_default() += count;
    }

    /// What else was counted.
    pub(crate) fn others(&self) -> BTreeMap<&'static str, u64> {
        self.state().others.clone()
    }

    /// The counts of each phase, and of all.
    pub(crate) fn phases(&self) -> (Vec<(String, Counts)>, Counts) {
        let phases = self.state().phases.clone();
        let mut all = Counts::default();
        for (_, counts) in &phases {
            all.add(counts);
        }
        (phases, all)
    }

    /// Examples of faults.
    pub(crate) fn examples(&self) -> Vec<(Fault, String)> {
        self.state().examples.clone()
    }
}
