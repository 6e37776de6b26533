//! The circuit breaker. Closed: calls are sent. Open, after a ban: no call is sent. Half-open, after
//! a pause: one probe is sent, and its outcome closes the circuit or opens it for a longer pause.

use std::time::Duration;

use jiff::Timestamp;

use super::{CallOutcome, LONGEST_DELAY, ProbeCallers, RateLimits};
use crate::clock::{after, at_most, left};

/// How long the circuit stays open after a ban before the first probe.
pub const FIRST_PAUSE: Duration = Duration::from_secs(10);

/// The pause doubles with each probe that is banned too, up to this.
pub const LONGEST_PAUSE: Duration = Duration::from_mins(15);

/// How long a probe may take, its own wait included. A probe without an outcome by then died with
/// its process, and another may be sent. It is longer than the timeout of any call.
pub const PROBE_TERM: Duration = Duration::from_secs(75);

/// If so many accounts are banned within [`BANS_MEET`], the circuit of the integration opens.
pub const BANNED_ACCOUNTS: usize = 3;

/// How close to each other such bans are.
pub const BANS_MEET: Duration = Duration::from_mins(1);

/// The right to call through an open circuit. It names the circuits that its outcome is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    pub(super) account: Option<Timestamp>,
    pub(super) integration: Option<Timestamp>,
}

/// How many circuits are not closed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CircuitCount {
    /// Nothing is sent.
    pub open: u64,
    /// A probe is under way.
    pub half_open: u64,
}

impl CircuitCount {
    /// The count of these circuits.
    pub fn of(circuits: impl Iterator<Item = OpenCircuit>) -> Self {
        let add = |count: Self, circuit: OpenCircuit| Self {
            open: count.open + u64::from(!circuit.probing),
            half_open: count.half_open + u64::from(circuit.probing),
        };
        circuits.fold(Self::default(), add)
    }
}

/// An open circuit, by the store's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct OpenCircuit {
    /// Since when. It names the circuit.
    pub since: Timestamp,
    /// When the next probe may be sent; while one is under way, when it is given up.
    pub probe_at: Timestamp,
    /// Whether a probe is under way.
    pub probing: bool,
    /// How many probes were banned too.
    pub banned_probes: u32,
}

impl OpenCircuit {
    pub(super) fn new(now: Timestamp) -> Self {
        Self { since: now, probe_at: after(now, FIRST_PAUSE), probing: false, banned_probes: 0 }
    }

    /// How long nothing must be sent; `None` if a probe may be sent.
    pub(super) fn forbids(&self, now: Timestamp) -> Option<Duration> {
        Some(left(self.probe_at, now)).filter(|left| !left.is_zero())
    }

    /// The circuit as it counts at `now`: a pause that a clock ahead has made too long ends after
    /// its whole length from now.
    pub(super) fn seen_at(self, now: Timestamp) -> Self {
        let longest = if self.probing { PROBE_TERM } else { self.pause() };
        Self { probe_at: at_most(self.probe_at, longest, now), ..self }
    }

    fn pause(&self) -> Duration {
        FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(self.banned_probes)).min(LONGEST_PAUSE)
    }

    pub(super) fn begin_probe(&mut self, now: Timestamp) -> Timestamp {
        self.probing = true;
        self.probe_at = after(now, PROBE_TERM);
        self.since
    }

    /// Lets the next caller be the probe at once: this one was not sent.
    pub(super) fn free_probe(&mut self, now: Timestamp) {
        self.probing = false;
        self.probe_at = now;
    }

    pub(super) fn end_probe(&mut self, was_banned: bool, now: Timestamp) {
        self.probing = false;
        self.banned_probes = self.banned_probes.saturating_add(u32::from(was_banned));
        self.probe_at = after(now, self.pause());
    }
}

impl RateLimits {
    /// How long nothing must be sent to the account, because a circuit is open or another account probes.
    pub(super) fn forbidden(&mut self, now: Timestamp) -> Option<Duration> {
        let open = [self.account.circuit, self.integration.circuit];
        let paused = open.iter().flatten().filter_map(|circuit| circuit.forbids(now)).max();
        let left = match self.integration.circuit {
            Some(_) => self.integration.callers.ask(self.account.circuit, now),
            None => None,
        };
        paused.or(left)
    }

    pub(super) fn begin_probe(&mut self, now: Timestamp) -> Option<Probe> {
        if self.integration.circuit.is_some() {
            self.integration.callers.begin_probe(self.account.circuit);
        }
        let [account, integration] = [&mut self.account, &mut self.integration]
            .map(|limit| limit.circuit.as_mut().map(|circuit| circuit.begin_probe(now)));
        (account.is_some() || integration.is_some()).then_some(Probe { account, integration })
    }

    /// Records the outcome of a call. `banned_lately` is how many other accounts have a circuit that
    /// opened within [`BANS_MEET`].
    ///
    /// While a circuit is open, only the outcome of its probe changes it. Answers to calls that were
    /// sent before it opened do not count, and further bans do not either.
    pub fn record_outcome(
        &mut self,
        call_outcome: CallOutcome,
        probe: Option<Probe>,
        banned_lately: usize,
        now: Timestamp,
    ) {
        if let Some(probe) = probe {
            for (limit, name) in [(&mut self.account, probe.account), (&mut self.integration, probe.integration)] {
                let Some(circuit) = limit.probed(name) else { continue };
                match call_outcome {
                    CallOutcome::Answered | CallOutcome::Limited(_) => {
                        (limit.circuit, limit.callers) = (None, ProbeCallers::default());
                    }
                    CallOutcome::Banned | CallOutcome::NoAnswer if circuit.probing => {
                        circuit.end_probe(call_outcome == CallOutcome::Banned, now);
                    }
                    CallOutcome::NotSent if circuit.probing => circuit.free_probe(now),
                    CallOutcome::Banned | CallOutcome::NoAnswer | CallOutcome::NotSent => {}
                }
            }
            // It was met at this account, which must not take the next probe from others.
            if call_outcome == CallOutcome::Banned && probe.account.is_none() && self.integration.circuit.is_some() {
                self.account.circuit = self.account.circuit.or(Some(OpenCircuit::new(now)));
            }
        } else if call_outcome == CallOutcome::Banned && self.account.circuit.is_none() {
            self.account.circuit = Some(OpenCircuit::new(now));
            if banned_lately + 1 >= BANNED_ACCOUNTS && self.integration.circuit.is_none() {
                self.integration.circuit = Some(OpenCircuit::new(now));
                self.integration.callers = ProbeCallers::default();
            }
        }
        if let CallOutcome::Limited(delay) = call_outcome {
            let delay = delay.min(LONGEST_DELAY).max(self.account.wait(now));
            self.account.next_at = Some(after(now, delay));
            self.account.is_delayed = true;
        }
    }
}
