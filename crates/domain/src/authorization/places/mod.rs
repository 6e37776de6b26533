//! Places for codes that nobody vouches for: strangers can bring any number of them, so few are under
//! way at a time, for all instances together.
//!
//! The record of a place says whose it was and since when. It is held for as long as its owner holds the
//! lease on the code, so it is free when the code is settled, or when its owner has died.

use std::fmt;
use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use sha2::Sha256;

use super::budget::{
    ASK_AGAIN, PLACE_TERM, PLACES, PLACES_OF_A_HOST, PLACES_OF_A_NETWORK, PLACES_OF_NEW_HOSTS, SLOW_AFTER, SLOW_PLACES,
    SLOW_PLACES_OF_NEW_HOSTS, STARTS, STARTS_WITHIN,
};
use super::code::Admission;
use crate::clock::age;
use crate::host::AccountHost;
use crate::ids::LeaseOwner;
use crate::lease::Lease;
use crate::token::CodeHash;

/// Names the network that a stranger called from without showing it.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct CallerNetwork(pub [u8; 8]);

impl CallerNetwork {
    /// The name of `network` under a secret that all instances have: a keyed hash, for all addresses of the
    /// internet can be tried in a minute.
    pub fn keyed(secret: &str, network: &str) -> Self {
        // A key of any length will do.
        let Ok(mut hash) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return Self::default() };
        hash.update(b"amo-connect caller\0");
        hash.update(network.as_bytes());
        let hash: [u8; 32] = hash.finalize().into_bytes().into();
        Self(hash.first_chunk().copied().unwrap_or_default())
    }
}

impl fmt::Debug for CallerNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CallerNetwork(…)")
    }
}

/// The record of a place that a code was given.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Place {
    /// The code.
    pub code: CodeHash,
    /// Who got the lease on the code with it.
    pub owner: LeaseOwner,
    /// Where the code came from.
    pub network: CallerNetwork,
    /// Where it is sent.
    pub host: AccountHost,
    /// Whether that host had no living connection.
    pub is_new_host: bool,
    /// When it was given, by the store's clock.
    pub given_at: Timestamp,
}

/// Why a code is not admitted now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Later {
    /// How long not to ask again.
    pub wait: Duration,
    /// Whether the same would be said to everybody.
    pub is_for_all: bool,
}

/// A place on record, and the lease on its code, if that is in flight.
pub type Known = (Place, Option<Lease>);

impl Place {
    /// The place that `request` asks for, if it is a stranger's.
    pub fn wanted(request: &Admission, owner: LeaseOwner, is_new_host: bool, store_now: Timestamp) -> Option<Self> {
        let (code, host) = (request.code, request.host.clone());
        request.caller.map(|network| Self { code, owner, network, host, is_new_host, given_at: store_now })
    }

    /// Decides whether `wanted` may be given, beside those that are `known`.
    pub fn request(wanted: &Self, known: &[Known], store_now: Timestamp) -> Result<(), Later> {
        let others = known.iter().filter(|(place, _)| place.code != wanted.code);
        let held: Vec<_> = others.filter(|known| Self::is_held(known, store_now)).map(|(place, _)| place).collect();
        let is_slow = |place: &&&Self| age(place.given_at, store_now).is_some_and(|age| age >= SLOW_AFTER);
        let taken = Taken::of(&held, is_slow);
        // When the oldest of the newest `most` starts is old enough, as long as there are so many.
        let start = |most: usize, counts: &dyn Fn(&Self) -> bool| {
            let mut ages: Vec<_> = known
                .iter()
                .filter(|(place, _)| counts(place))
                .filter_map(|(place, _)| age(place.given_at, store_now).filter(|age| *age < STARTS_WITHIN))
                .collect();
            ages.sort_unstable();
            ages.get(most - 1).map(|age| STARTS_WITHIN.saturating_sub(*age))
        };
        let full = |used: usize, most: usize| (used >= most).then_some(ASK_AGAIN);
        let count = |same: &dyn Fn(&Self) -> bool| held.iter().filter(|place| same(place)).count();
        let same_network = |place: &Self| place.network == wanted.network;
        let same_host = |place: &Self| place.host == wanted.host;
        let new_host = |place: &Self| place.is_new_host;

        let for_all = [full(taken.all, PLACES), start(STARTS, &|_| true)];
        let for_these = [
            full(count(&same_network), PLACES_OF_A_NETWORK),
            full(count(&same_host), PLACES_OF_A_HOST),
            start(1, &same_network),
            start(1, &same_host),
        ];
        let for_new_hosts = [full(taken.by_new_hosts, PLACES_OF_NEW_HOSTS), start(1, &new_host)];
        let for_new_hosts = if wanted.is_new_host { for_new_hosts } else { [None, None] };
        let is_for_all = for_all.iter().any(Option::is_some);
        let waits = for_all.into_iter().chain(for_these).chain(for_new_hosts);
        waits.flatten().max().map_or(Ok(()), |wait| Err(Later { wait, is_for_all }))
    }

    /// Whether its owner may still be sending the code. One that is dated in the future was given by a clock
    /// that was ahead: nothing is known of it.
    pub fn is_held((place, lease): &Known, store_now: Timestamp) -> bool {
        let is_current = age(place.given_at, store_now).is_some_and(|age| age < PLACE_TERM);
        is_current && lease.is_some_and(|lease| lease.owner == place.owner && lease.is_live(store_now))
    }

    /// Whether nothing follows from it any more.
    pub fn is_over(&self, store_now: Timestamp) -> bool {
        age(self.given_at, store_now).is_none_or(|age| age >= PLACE_TERM)
    }
}

/// How many places are taken.
#[derive(Debug)]
struct Taken {
    all: usize,
    by_new_hosts: usize,
}

impl Taken {
    /// By these; the slow ones among them are in the slow pool for as long as there is room.
    fn of(held: &[&Place], is_slow: impl Fn(&&&Place) -> bool) -> Self {
        let count = |is_new_host: bool, slow: bool| {
            held.iter().filter(|place| place.is_new_host == is_new_host && is_slow(place) == slow).count()
        };
        let slow_new = count(true, true).min(SLOW_PLACES_OF_NEW_HOSTS);
        let slow_known = count(false, true).min(SLOW_PLACES - slow_new);
        let by_new_hosts = count(true, false) + count(true, true) - slow_new;
        Self { all: by_new_hosts + count(false, false) + count(false, true) - slow_known, by_new_hosts }
    }
}

#[cfg(test)]
mod tests;
