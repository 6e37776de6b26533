//! Turns: when amoCRM may be called next, and whether it bans us, over all instances together.

use std::num::NonZeroU32;
use std::time::Duration;

use jiff::Timestamp;

use crate::clock::{after, at_most, left};

/// What one second of calls is stretched over: a call that was slow on its way must not meet
/// the one a second later in amoCRM's window.
const STRETCHED_SECOND: Duration = Duration::from_millis(1050);

/// How long amoCRM is left alone after it has banned an account; then one call is the probe.
pub const FIRST_PAUSE: Duration = Duration::from_secs(10);

/// The pause doubles with each probe that meets the ban, up to this.
pub const LONGEST_PAUSE: Duration = Duration::from_mins(15);

/// How long a probe may take, its own wait for its turn included. One that has not been heard of
/// by then died with its process, and another may go. Longer than any call is waited for.
pub const PROBE_TERM: Duration = Duration::from_secs(75);

/// The longest time that amoCRM's own word puts calls off.
pub const LONGEST_PUT_OFF: Duration = Duration::from_mins(15);

/// So many accounts banned within [`BANS_MEET`] are the whole integration banned.
pub const BANNED_ACCOUNTS: usize = 3;

/// How close to each other bans of several accounts are one.
pub const BANS_MEET: Duration = Duration::from_mins(1);

/// Turns are booked less far ahead than this, and than [`MOST_TURNS`] of them take: no caller waits
/// longer. What is farther was written by a clock that has been set back since.
const FARTHEST_TURN: Duration = Duration::from_secs(10);

/// The most turns that callers wait for, where these take longer than [`FARTHEST_TURN`].
const MOST_TURNS: u32 = 16;

/// Whose calls share a pace (`AMO_RATE_LIMIT_SCOPE`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PaceScope {
    /// Those to one account.
    #[default]
    Account,
    /// All of the integration.
    Integration,
}

/// How far apart calls are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// From one call to the next.
    pub apart: Duration,
    /// Whose calls.
    pub scope: PaceScope,
}

impl Pace {
    /// Evenly spaced, and never more than `limit` in any second, as amoCRM counts them.
    pub fn per_second(limit: NonZeroU32, scope: PaceScope) -> Self {
        Self { apart: STRETCHED_SECOND / limit.get(), scope }
    }
}

/// How a request for a turn ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// One is booked: the caller waits so long, and sends.
    In {
        /// How long.
        wait: Duration,
        /// There is a ban, and this call is to find out whether it still stands.
        probe: Option<Probe>,
    },
    /// None is booked: there is none before so long, which is worth asking again after.
    Later(Duration),
    /// None is booked: amoCRM bans us, and nothing is to be sent before so long.
    Banned(Duration),
}

/// The right to call in spite of a ban. Names the bans that it is to find out about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    account: Option<Timestamp>,
    integration: Option<Timestamp>,
}

/// What came of a call, as far as others have to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// amoCRM answered, whatever it was: it does not ban us.
    Answer,
    /// amoCRM answered with its ban.
    Ban,
    /// amoCRM asked to be left alone for so long.
    Limit(Duration),
    /// Nothing was heard.
    Silence,
}

/// A ban, by the store's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ban {
    /// Since when. It names the ban.
    pub since: Timestamp,
    /// When the next probe may go; while one is under way, when it is given up.
    pub probe_at: Timestamp,
    /// Whether a probe is under way.
    pub probing: bool,
    /// How many probes have met it.
    pub met: u32,
}

impl Ban {
    fn new(now: Timestamp) -> Self {
        Self { since: now, probe_at: after(now, FIRST_PAUSE), probing: false, met: 0 }
    }

    /// How long nothing is to be sent; `None` if a probe may go.
    fn forbids(&self, now: Timestamp) -> Option<Duration> {
        Some(left(self.probe_at, now)).filter(|left| !left.is_zero())
    }

    /// The ban as it counts at `now`: a pause that a clock ahead has made too long ends after its
    /// whole length from now.
    fn seen_at(self, now: Timestamp) -> Self {
        let longest = if self.probing { PROBE_TERM } else { self.pause() };
        Self { probe_at: at_most(self.probe_at, longest, now), ..self }
    }

    fn pause(&self) -> Duration {
        FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(self.met)).min(LONGEST_PAUSE)
    }

    fn begin_probe(&mut self, now: Timestamp) -> Timestamp {
        self.probing = true;
        self.probe_at = after(now, PROBE_TERM);
        self.since
    }

    fn end_probe(&mut self, met_again: bool, now: Timestamp) {
        self.probing = false;
        self.met = self.met.saturating_add(u32::from(met_again));
        self.probe_at = after(now, self.pause());
    }
}

/// What is on record of the calls to one account, or of the integration's as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// When its next turn is free.
    pub next_at: Option<Timestamp>,
    /// Whether that is so late because amoCRM asked to be left alone.
    pub is_put_off: bool,
    /// The ban on it.
    pub ban: Option<Ban>,
}

impl Line {
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
        Self { next_at, ban: self.ban.map(|ban| ban.seen_at(now)), ..self }
    }

    /// The ban that the probe named so is of, if it still waits for the probe's news.
    fn probed(&mut self, name: Option<Timestamp>) -> Option<&mut Ban> {
        self.ban.as_mut().filter(|ban| Some(ban.since) == name)
    }
}

/// What decides about a call: the account's line, and the integration's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Turns {
    /// Of the account that is to be called.
    pub account: Line,
    /// Of all accounts.
    pub integration: Line,
}

impl Turns {
    /// Books the next free turn, if it is within `patience`.
    pub fn take(&mut self, pace: Pace, patience: Duration, now: Timestamp) -> Turn {
        *self = Self { account: self.account.seen_at(pace, now), integration: self.integration.seen_at(pace, now) };
        let bans = [self.account.ban, self.integration.ban];
        if let Some(forbidden) = bans.iter().flatten().filter_map(|ban| ban.forbids(now)).max() {
            return Turn::Banned(forbidden);
        }
        let put_off = self.account.wait(now);
        let line = match pace.scope {
            PaceScope::Account => &mut self.account,
            PaceScope::Integration => &mut self.integration,
        };
        let wait = line.wait(now);
        // A turn that is booked behind one account's put-off would be everybody's.
        if put_off > wait || wait > patience {
            return Turn::Later(put_off.max(wait));
        }
        line.next_at = Some(after(after(now, wait), pace.apart));
        line.is_put_off = false;
        Turn::In { wait, probe: self.begin_probe(now) }
    }

    fn begin_probe(&mut self, now: Timestamp) -> Option<Probe> {
        let [account, integration] =
            [&mut self.account, &mut self.integration].map(|line| line.ban.as_mut().map(|ban| ban.begin_probe(now)));
        (account.is_some() || integration.is_some()).then_some(Probe { account, integration })
    }

    /// Takes in what came of a call. `banned_lately` is how many other accounts have a ban that
    /// began within [`BANS_MEET`].
    ///
    /// An answer to a call that was sent before the ban began says nothing about it, nor does
    /// one more 403 of those days: only the probe's news count.
    pub fn hear(&mut self, heard: Heard, probe: Option<Probe>, banned_lately: usize, now: Timestamp) {
        if let Some(probe) = probe {
            for (line, name) in [(&mut self.account, probe.account), (&mut self.integration, probe.integration)] {
                let Some(ban) = line.probed(name) else { continue };
                match heard {
                    Heard::Answer | Heard::Limit(_) => line.ban = None,
                    Heard::Ban | Heard::Silence if ban.probing => ban.end_probe(heard == Heard::Ban, now),
                    Heard::Ban | Heard::Silence => {}
                }
            }
        } else if heard == Heard::Ban && self.account.ban.is_none() {
            self.account.ban = Some(Ban::new(now));
            if banned_lately + 1 >= BANNED_ACCOUNTS && self.integration.ban.is_none() {
                self.integration.ban = Some(Ban::new(now));
            }
        }
        if let Heard::Limit(put_off) = heard {
            let put_off = put_off.min(LONGEST_PUT_OFF).max(self.account.wait(now));
            self.account.next_at = Some(after(now, put_off));
            self.account.is_put_off = true;
        }
    }
}

#[cfg(test)]
mod tests;
