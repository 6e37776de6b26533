//! Running many schedules, and their totals.

use std::collections::BTreeMap;
use std::fmt;

use crate::bugs::Bug;
use crate::invariants::{Broken, Lost};
use crate::profile::Profile;
use crate::schedule;

/// A schedule that broke an invariant.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Its seed.
    pub seed: u64,
    /// The broken invariant.
    pub broken: Broken,
}

/// What happened in all schedules together.
#[derive(Clone, Debug, Default)]
pub struct Totals {
    /// Schedules that were run.
    pub schedules: u64,
    /// Polls of tasks.
    pub steps: u64,
    /// Codes and tokens sent to amoCRM.
    pub sendings: u64,
    /// Instances killed.
    pub crashes: u64,
    /// Callers who went away.
    pub callers_left: u64,
    /// Reads asked for.
    pub reads: u64,
    /// Connects that were answered with success.
    pub connects: u64,
    /// Disconnects that were answered with success.
    pub disconnects: u64,
    /// Outages of the store.
    pub outages: u64,
    /// Jumps of clocks, the store's and the instances'.
    pub clock_jumps: u64,
    /// Writes asked for.
    pub writes: u64,
    /// Writes sent to amoCRM.
    pub writes_sent: u64,
    /// Writes whose outcome the rules left open.
    pub left_unknown: u64,
    lost: BTreeMap<Lost, u64>,
}

impl Totals {
    fn add(&mut self, outcome: &schedule::Outcome) {
        self.schedules += 1;
        self.steps += outcome.steps;
        self.sendings += outcome.sendings as u64;
        self.crashes += outcome.tally.crashes;
        self.callers_left += outcome.tally.callers_left;
        self.reads += outcome.tally.reads;
        self.connects += outcome.tally.connects;
        self.disconnects += outcome.tally.disconnects;
        self.outages += outcome.tally.outages;
        self.clock_jumps += outcome.tally.clock_jumps;
        self.writes += outcome.tally.writes;
        self.writes_sent += outcome.writes_sent as u64;
        self.left_unknown += outcome.tally.left_unknown;
        for lost in &outcome.lost {
            *self.lost.entry(*lost).or_default() += 1;
        }
    }

    /// Adds the totals of others.
    pub fn merge(&mut self, other: &Self) {
        self.schedules += other.schedules;
        self.steps += other.steps;
        self.sendings += other.sendings;
        self.crashes += other.crashes;
        self.callers_left += other.callers_left;
        self.reads += other.reads;
        self.connects += other.connects;
        self.disconnects += other.disconnects;
        self.outages += other.outages;
        self.clock_jumps += other.clock_jumps;
        self.writes += other.writes;
        self.writes_sent += other.writes_sent;
        self.left_unknown += other.left_unknown;
        for (lost, count) in &other.lost {
            *self.lost.entry(*lost).or_default() += count;
        }
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lost = |lost| self.lost.get(&lost).copied().unwrap_or_default();
        writeln!(f, "schedules                  {}", self.schedules)?;
        writeln!(f, "steps                      {}", self.steps)?;
        writeln!(f, "codes and tokens sent      {}", self.sendings)?;
        writeln!(f, "crashes                    {}", self.crashes)?;
        writeln!(f, "outages of the store       {}", self.outages)?;
        writeln!(f, "jumps of clocks            {}", self.clock_jumps)?;
        writeln!(f, "reads                      {}", self.reads)?;
        writeln!(f, "callers who went away      {}", self.callers_left)?;
        writeln!(f, "connects                   {}", self.connects)?;
        writeln!(f, "disconnects                {}", self.disconnects)?;
        if self.writes > 0 {
            writeln!(f, "writes asked for           {}", self.writes)?;
            writeln!(f, "writes sent                {}", self.writes_sent)?;
            writeln!(f, "writes left unknown        {}", self.left_unknown)?;
        }
        writeln!(f, "connections lost to")?;
        writeln!(f, "  an administrator         {}", lost(Lost::Revoked))?;
        writeln!(f, "  an answer lost           {}", lost(Lost::Answer))?;
        writeln!(f, "  a crash before reading   {}", lost(Lost::ReaderGone))?;
        writeln!(f, "  a crash before saving    {}", lost(Lost::SaverGone))?;
        write!(f, "  a move, when dead        {}", lost(Lost::Moved))
    }
}

/// Runs the schedules of `seeds` until one breaks an invariant.
pub fn run(
    profile: Profile,
    seeds: impl IntoIterator<Item = u64>,
    bug: Option<Bug>,
    mut progress: impl FnMut(&Totals),
) -> (Totals, Option<Failure>) {
    let mut totals = Totals::default();
    for seed in seeds {
        let outcome = schedule::run(profile, seed, bug, false);
        totals.add(&outcome);
        if let Some(broken) = outcome.broken {
            return (totals, Some(Failure { seed, broken }));
        }
        progress(&totals);
    }
    (totals, None)
}

/// Runs one schedule and returns its trace.
pub fn replay(profile: Profile, seed: u64, bug: Option<Bug>) -> (Vec<String>, Option<Broken>) {
    let outcome = schedule::run(profile, seed, bug, true);
    (outcome.trace, outcome.broken)
}
