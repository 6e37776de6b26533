//! The rate limit and the circuit breaker of calls to amoCRM, for all instances together.

mod circuit_breaker;
mod pace;
mod permit;

use std::time::Duration;

use jiff::Timestamp;

pub use circuit_breaker::{BANNED_ACCOUNTS, BANS_MEET, FIRST_PAUSE, LONGEST_PAUSE, OpenCircuit, PROBE_TERM, Probe};
pub use pace::{Pace, PaceScope};
pub use permit::{Permit, call};

use crate::clock::{after, at_most, left};

/// The longest time that amoCRM's own word puts calls off.
pub const LONGEST_PUT_OFF: Duration = Duration::from_mins(15);

/// No call is reserved further ahead than this, or than [`MOST_TURNS`] calls take: no caller waits
/// longer. A later time was written by a clock that has been set back since.
const FARTHEST_TURN: Duration = Duration::from_secs(10);

/// The most turns that callers wait for, where these take longer than [`FARTHEST_TURN`].
const MOST_TURNS: u32 = 16;

/// How a request for a turn ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reservation {
    /// One is booked: the caller waits so long, and sends.
    Granted {
        /// How long.
        wait: Duration,
        /// There is a ban, and this call is to find out whether it still stands.
        probe: Option<Probe>,
    },
    /// None is booked: there is none before so long, which is worth asking again after.
    Later(Duration),
    /// None is booked: amoCRM bans us, and nothing is to be sent before so long.
    CircuitOpen(Duration),
}

/// What came of a call, as far as others have to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallOutcome {
    /// amoCRM answered, whatever it was: it does not ban us.
    Answered,
    /// amoCRM answered with its ban.
    Banned,
    /// amoCRM asked to be left alone for so long.
    Limited(Duration),
    /// No answer came.
    NoAnswer,
}

/// What is on record of the calls to one account, or of the integration's as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RateLimit {
    /// When its next turn is free.
    pub next_at: Option<Timestamp>,
    /// Whether that is so late because amoCRM asked to be left alone.
    pub is_put_off: bool,
    /// The ban on it.
    pub circuit: Option<OpenCircuit>,
}

impl RateLimit {
    /// How long it is until the next turn.
    fn wait(&self, now: Timestamp) -> Duration {
        self.next_at.map_or(Duration::ZERO, |next_at| left(next_at, now))
    }

    /// The line as it counts at `now`: what a clock ahead has put off too far comes after the
    /// longest wait there is of its kind.
    fn seen_at(self, pace: Pace, now: Timestamp) -> Self {
        let farthest = FARTHEST_TURN.max(pace.apart.saturating_mul(MOST_TURNS));
        let longest = if self.is_put_off { LONGEST_PUT_OFF } else { farthest };
        let next_at = self.next_at.map(|next_at| at_most(next_at, longest, now));
        Self { next_at, circuit: self.circuit.map(|ban| ban.seen_at(now)), ..self }
    }

    /// The ban that the probe named so is of, if it still waits for the probe's news.
    fn probed(&mut self, name: Option<Timestamp>) -> Option<&mut OpenCircuit> {
        self.circuit.as_mut().filter(|ban| Some(ban.since) == name)
    }
}

/// What decides about a call: the account's line, and the integration's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RateLimits {
    /// Of the account that is to be called.
    pub account: RateLimit,
    /// Of all accounts.
    pub integration: RateLimit,
}

impl RateLimits {
    /// Books the next free turn, if it is within `longest_wait`.
    pub fn reserve(&mut self, pace: Pace, longest_wait: Duration, now: Timestamp) -> Reservation {
        *self = Self { account: self.account.seen_at(pace, now), integration: self.integration.seen_at(pace, now) };
        let bans = [self.account.circuit, self.integration.circuit];
        if let Some(forbidden) = bans.iter().flatten().filter_map(|ban| ban.forbids(now)).max() {
            return Reservation::CircuitOpen(forbidden);
        }
        let put_off = self.account.wait(now);
        let line = match pace.scope {
            PaceScope::Account => &mut self.account,
            PaceScope::Integration => &mut self.integration,
        };
        let wait = line.wait(now);
        // A turn that is booked behind one account's put-off would be everybody's.
        if put_off > wait || wait > longest_wait {
            return Reservation::Later(put_off.max(wait));
        }
        line.next_at = Some(after(after(now, wait), pace.apart));
        line.is_put_off = false;
        Reservation::Granted { wait, probe: self.begin_probe(now) }
    }

    fn begin_probe(&mut self, now: Timestamp) -> Option<Probe> {
        let [account, integration] = [&mut self.account, &mut self.integration]
            .map(|line| line.circuit.as_mut().map(|ban| ban.begin_probe(now)));
        (account.is_some() || integration.is_some()).then_some(Probe { account, integration })
    }

    /// Takes in what came of a call. `banned_lately` is how many other accounts have a ban that
    /// began within [`BANS_MEET`].
    ///
    /// An answer to a call that was sent before the ban began says nothing about it, nor does
    /// one more 403 of those days: only the probe's news count.
    pub fn record_outcome(
        &mut self,
        call_outcome: CallOutcome,
        probe: Option<Probe>,
        banned_lately: usize,
        now: Timestamp,
    ) {
        if let Some(probe) = probe {
            for (line, name) in [(&mut self.account, probe.account), (&mut self.integration, probe.integration)] {
                let Some(ban) = line.probed(name) else { continue };
                match call_outcome {
                    CallOutcome::Answered | CallOutcome::Limited(_) => line.circuit = None,
                    CallOutcome::Banned | CallOutcome::NoAnswer if ban.probing => {
                        ban.end_probe(call_outcome == CallOutcome::Banned, now);
                    }
                    CallOutcome::Banned | CallOutcome::NoAnswer => {}
                }
            }
        } else if call_outcome == CallOutcome::Banned && self.account.circuit.is_none() {
            self.account.circuit = Some(OpenCircuit::new(now));
            if banned_lately + 1 >= BANNED_ACCOUNTS && self.integration.circuit.is_none() {
                self.integration.circuit = Some(OpenCircuit::new(now));
            }
        }
        if let CallOutcome::Limited(put_off) = call_outcome {
            let put_off = put_off.min(LONGEST_PUT_OFF).max(self.account.wait(now));
            self.account.next_at = Some(after(now, put_off));
            self.account.is_put_off = true;
        }
    }
}

#[cfg(test)]
mod tests;
