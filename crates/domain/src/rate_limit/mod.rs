//! The rate limit and the circuit breaker of calls to amoCRM, for all instances together.

mod circuit_breaker;
mod pace;
mod permit;
mod probe_callers;
pub(crate) mod shares;

use std::time::Duration;

use jiff::Timestamp;

pub use circuit_breaker::{
    BANNED_ACCOUNTS, BANS_MEET, CircuitCount, FIRST_PAUSE, LONGEST_PAUSE, OpenCircuit, PROBE_TERM, Probe,
};
pub use pace::{LARGEST_BUNDLE, LONGEST_BUNDLE, Pace, PaceScope};
pub use permit::{Permit, call};
pub use probe_callers::{BannedCaller, CALLER_TERM, ProbeCallers};
pub use shares::{Announced, Demand, Share, Shares, UserTag, Waiting};

use crate::clock::{after, at_most, before, left};

/// The longest delay that amoCRM's `Retry-After` can ask for.
pub const LONGEST_DELAY: Duration = Duration::from_mins(15);

/// No call is reserved further ahead than this, or than [`MOST_RESERVATIONS`] calls take: no caller
/// waits longer. A later time was written by a clock that has been set back since.
const FARTHEST_RESERVATION: Duration = Duration::from_secs(10);

/// Who has not asked again for so long, or for the time of a turn, does not wait any more.
const ASKED_LATE: Duration = Duration::from_secs(1);

/// The most reservations ahead, where these take longer than [`FARTHEST_RESERVATION`].
const MOST_RESERVATIONS: u32 = 16;

/// How a request for a reservation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reservation {
    /// The call is reserved: the caller waits so long, and sends.
    Granted {
        /// How long.
        wait: Duration,
        /// How many calls are reserved, this one included, each the pace after the one before.
        turns: u32,
        /// Whose call is the first.
        share: Share,
        /// The circuit is half-open, and this call is its probe.
        probe: Option<Probe>,
    },
    /// Nothing is reserved: the next free time is so far away, or it is for what waits at another caller. The caller
    /// may ask again then.
    Later(Duration),
    /// Nothing is reserved: the circuit is open, and nothing must be sent for so long.
    CircuitOpen(Duration),
}

/// The outcome of a call, as far as other instances have to know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallOutcome {
    /// amoCRM answered, with anything except a ban or a limit.
    Answered,
    /// amoCRM answered with its ban.
    Banned,
    /// amoCRM's limit was reached; it asked for this delay.
    Limited(Duration),
    /// No answer came.
    NoAnswer,
    /// No byte was sent, so nothing is known of the ban.
    NotSent,
}

/// What is on record of the calls to one account, or of all calls of the integration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RateLimit {
    /// The next free time.
    pub next_at: Option<Timestamp>,
    /// Whether that is so late because amoCRM asked for a delay.
    pub is_delayed: bool,
    /// The circuit, while it is open.
    pub circuit: Option<OpenCircuit>,
    /// Who has the next turns.
    pub shares: Shares,
    /// Only of the integration: which accounts ask while its circuit is open.
    pub callers: ProbeCallers,
}

impl RateLimit {
    /// Whether its circuit opened within [`BANS_MEET`]. So many other accounts are
    /// `banned_lately` for [`RateLimits::record_outcome`].
    pub fn is_banned_lately(&self, now: Timestamp) -> bool {
        self.circuit.is_some_and(|circuit| before(now, BANS_MEET) < circuit.since && circuit.since <= now)
    }

    /// Whether a sweep forgets the record: all that it says has been over since before `oldest`.
    pub fn is_over(&self, oldest: Timestamp) -> bool {
        let is_over = |at: Option<Timestamp>| at.is_none_or(|at| at < oldest);
        is_over(self.next_at) && is_over(self.circuit.map(|circuit| circuit.probe_at))
    }

    /// How long it is until the next free time.
    fn wait(&self, now: Timestamp) -> Duration {
        self.next_at.map_or(Duration::ZERO, |next_at| left(next_at, now))
    }

    /// Makes the record what it counts as at `now`: a time that a clock ahead has set too late becomes the
    /// latest possible one of its kind.
    fn see_at(&mut self, pace: Pace, now: Timestamp) {
        let longest = if self.is_delayed { LONGEST_DELAY } else { farthest(pace) };
        self.next_at = self.next_at.map(|next_at| at_most(next_at, longest, now));
        self.circuit = self.circuit.map(|circuit| circuit.seen_at(now));
    }

    /// The circuit that the probe names, if it still is open.
    fn probed(&mut self, name: Option<Timestamp>) -> Option<&mut OpenCircuit> {
        self.circuit.as_mut().filter(|circuit| Some(circuit.since) == name)
    }
}

/// How far ahead a call can be reserved.
fn farthest(pace: Pace) -> Duration {
    FARTHEST_RESERVATION.max(pace.apart.saturating_mul(MOST_RESERVATIONS))
}

/// What decides about a call: the account's record, and the integration's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RateLimits {
    /// Of the account that is to be called.
    pub account: RateLimit,
    /// Of all accounts.
    pub integration: RateLimit,
}

impl RateLimits {
    /// Reserves the next free time for one share of `demand`, if it is within `longest_wait` and [nobody
    /// else's](Shares). If it has come already and nobody else waits, as many calls are reserved as make [a
    /// bundle](Pace::bundle).
    pub fn reserve(&mut self, pace: Pace, demand: &Demand, longest_wait: Duration, now: Timestamp) -> Reservation {
        self.account.see_at(pace, now);
        self.integration.see_at(pace, now);
        let delay = self.account.wait(now);
        let forbidden = self.forbidden(now);
        let is_open = self.account.circuit.is_some() || self.integration.circuit.is_some();
        let limit = match pace.scope {
            PaceScope::Account => &mut self.account,
            PaceScope::Integration => &mut self.integration,
        };
        let asked_late = ASKED_LATE.max(pace.apart);
        limit.shares.forget(demand.asker, farthest(pace) + asked_late, now);
        if let Some(forbidden) = forbidden {
            return Reservation::CircuitOpen(forbidden);
        }
        let wait = limit.wait(now);
        // A reservation after one account's delay would delay all accounts that share the pace.
        if delay > wait || wait > longest_wait {
            return Reservation::Later(delay.max(wait));
        }
        let Some(chosen) = limit.shares.choose(demand) else {
            // Whose turn it is may take it just now.
            let again = wait.max(pace.apart / 2);
            limit.shares.announce(demand, None, after(now, again + asked_late));
            return Reservation::Later(again);
        };
        let Waiting { share, calls, .. } = chosen.waiting;
        let turns = if chosen.is_alone && wait.is_zero() && !is_open { pace.bundle(calls) } else { 1 };
        let next_at = after(after(now, wait), pace.apart.saturating_mul(turns));
        limit.next_at = Some(next_at);
        limit.is_delayed = false;
        limit.shares.serve(chosen);
        limit.shares.announce(demand, Some((share, turns)), after(next_at, asked_late));
        Reservation::Granted { wait, turns, share, probe: self.begin_probe(now) }
    }
}

#[cfg(test)]
mod tests;
