//! Shares of the turns: who of those that wait has the next one. They are weights, not ranks: a weighted
//! round robin over four classes of calls, and in two of them a round robin over users.

use std::time::Duration;

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::clock::at_most;
use crate::ids::UserId;

/// Of each asker it is on record that calls of so many users of a class wait: those who had a turn longest ago.
const USERS_ANNOUNCED: usize = 4;

/// What is on record at most of calls that wait.
const MOST_ANNOUNCED: usize = 100;

/// Of so many users it is on record that they had a turn.
const MOST_SERVED: usize = 32;

/// Whose turn a turn is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Share {
    /// Refreshes that somebody waits for, or whose access token is dead.
    Refresh,
    /// Reads, and refreshes that can wait.
    Read,
    /// Writes of one user.
    Write(UserTag),
    /// Exchanges of one user's codes, or of all that nobody vouches for.
    Exchange(UserTag),
}

/// A user, as far as shares have to tell users apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct UserTag(pub u32);

impl UserTag {
    /// The tag of `user`; all that have none share one.
    pub fn of(user: Option<&UserId>) -> Self {
        let hash = |user: &UserId| Sha256::digest(user.as_str());
        Self(user.map(hash).map_or(0, |hash| u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]])))
    }
}

/// What kind of calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    Refresh,
    Read,
    Write,
    Exchange,
}

/// Whom the turns belong to while all classes wait. Of any three turns one is for reads, of any four
/// one is for exchanges; refreshes have three of twelve, and what others leave.
const CYCLE: [Class; 12] = {
    use Class::{Exchange, Read, Refresh, Write};
    [Read, Refresh, Read, Exchange, Refresh, Read, Refresh, Exchange, Read, Write, Read, Exchange]
};

impl Class {
    const ALL: [Self; 4] = [Self::Refresh, Self::Read, Self::Write, Self::Exchange];

    /// Who has a turn of this class, the first of these that waits. Exchanges have no turn of others while these wait.
    fn precedence(self) -> [Self; 4] {
        match self {
            Self::Read => [Self::Read, Self::Refresh, Self::Write, Self::Exchange],
            Self::Refresh => [Self::Refresh, Self::Write, Self::Read, Self::Exchange],
            Self::Write => [Self::Write, Self::Refresh, Self::Read, Self::Exchange],
            Self::Exchange => [Self::Exchange, Self::Refresh, Self::Read, Self::Write],
        }
    }

    /// Of the classes that wait, the one that has the turn at this place of the cycle.
    fn at(place: usize, waits: impl Fn(Self) -> bool) -> Option<Self> {
        CYCLE[place % CYCLE.len()].precedence().into_iter().find(|class| waits(*class))
    }
}

impl Share {
    pub(crate) fn class(self) -> Class {
        match self {
            Self::Refresh => Class::Refresh,
            Self::Read => Class::Read,
            Self::Write(_) => Class::Write,
            Self::Exchange(_) => Class::Exchange,
        }
    }
}

/// The calls that wait at one process for one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Demand {
    /// Who asks: the same number each time, and another one than anybody else's.
    pub asker: u32,
    /// What waits, in the order of arrival, each share once.
    pub waiting: Vec<Waiting>,
}

/// The calls of one share that wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Whose they are.
    pub share: Share,
    /// How many callers wait.
    pub callers: u32,
    /// How many calls they are likely to make that could use one bundle.
    pub calls: u32,
}

/// What is on record of the shares of one account, or of all where they share a pace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Shares {
    /// Where in the cycle the next turn is that several classes wait for.
    pub place: u8,
    /// What waited when its asker last asked.
    pub announced: Vec<Announced>,
    /// The shares of users who had turns, each once, the last one at the end.
    pub served: Vec<Share>,
}

/// Calls that wait at an asker that has nothing reserved for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Announced {
    /// Who asked.
    pub asker: u32,
    /// Whose calls they are.
    pub share: Share,
    /// Until when they count, unless the asker asks again.
    pub until: Timestamp,
}

/// Whom the next turn is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chosen {
    pub(super) waiting: Waiting,
    /// Whether only this share waits, and only at this asker.
    pub(super) is_alone: bool,
    is_contested: bool,
}

impl Shares {
    /// Forgets what has ended at `now`, and what `asker` waited for: it asks anew.
    pub(super) fn forget(&mut self, asker: u32, longest: Duration, now: Timestamp) {
        self.announced.retain_mut(|announced| {
            announced.until = at_most(announced.until, longest, now);
            announced.until > now && announced.asker != asker
        });
    }

    /// The one of `demand` that the next turn is for; `None` if the turn is somebody else's.
    pub(super) fn choose(&self, demand: &Demand) -> Option<Chosen> {
        let own = |class| demand.waiting.iter().filter(move |waiting| waiting.share.class() == class);
        let others = |class| self.announced.iter().filter(move |announced| announced.share.class() == class);
        let waits = |class| own(class).next().is_some() || others(class).next().is_some();
        let class = Class::at(self.place.into(), waits)?;
        let waiting = *own(class).min_by_key(|waiting| self.last_served(waiting.share))?;
        let longest = others(class).map(|announced| self.last_served(announced.share)).min();
        if longest.is_some_and(|longest| longest < self.last_served(waiting.share)) {
            return None;
        }
        let is_contested = Class::ALL.into_iter().filter(|class| waits(*class)).count() > 1;
        let is_alone = demand.waiting.len() == 1 && self.announced.is_empty();
        Some(Chosen { waiting, is_alone, is_contested })
    }

    /// Notes that so many `turns` are for `chosen`.
    pub(super) fn serve(&mut self, chosen: Chosen) {
        if chosen.is_contested {
            self.place = u8::try_from((usize::from(self.place) + 1) % CYCLE.len()).unwrap_or_default();
        }
        let share = chosen.waiting.share;
        if matches!(share, Share::Write(_) | Share::Exchange(_)) {
            self.served.retain(|served| *served != share);
            self.served.push(share);
            self.served.drain(..self.served.len().saturating_sub(MOST_SERVED));
        }
    }

    /// Notes what waits at the asker of `demand` until it asks again, except `served`: so many turns of a share.
    pub(super) fn announce(&mut self, demand: &Demand, served: Option<(Share, u32)>, until: Timestamp) {
        let (share, turns) = served.map_or((None, 0), |(share, turns)| (Some(share), turns));
        let waits = demand.waiting.iter().filter(|waiting| Some(waiting.share) != share || waiting.callers > turns);
        let mut waits: Vec<_> = waits.map(|waiting| waiting.share).collect();
        waits.sort_by_key(|share| self.last_served(*share));
        for class in Class::ALL {
            let first = waits.iter().filter(|share| share.class() == class).take(USERS_ANNOUNCED);
            let room = MOST_ANNOUNCED.saturating_sub(self.announced.len());
            let announced = first.map(|share| Announced { asker: demand.asker, share: *share, until });
            self.announced.extend(announced.take(room));
        }
    }

    /// When the share had its last turn, as far as that is on record: the lowest has waited longest.
    fn last_served(&self, share: Share) -> usize {
        self.served.iter().position(|served| *served == share).map_or(0, |place| place + 1)
    }
}

/// How many turns a call of `class` waits for, its own not included, behind so many of each class.
pub(crate) fn turns_before(class: Class, ahead: impl Fn(Class) -> usize) -> usize {
    let mut waiting = Class::ALL.map(|of| (of, ahead(of) + usize::from(of == class)));
    let mut turns = 0;
    loop {
        let waits = |class| waiting.iter().any(|(of, left)| *of == class && *left > 0);
        let served = Class::at(turns, waits).unwrap_or(class);
        for (_, left) in waiting.iter_mut().filter(|(of, _)| *of == served) {
            *left = left.saturating_sub(1);
            if served == class && *left == 0 {
                return turns;
            }
        }
        turns += 1;
    }
}

#[cfg(test)]
mod tests;
