//! Leases: the right to send a secret, for a short time, judged by the store's clock alone.

use std::time::Duration;

use jiff::Timestamp;

use crate::ids::{Generation, LeaseOwner};

/// How long a lease lasts unless it is renewed. A crash is over after this.
pub const LEASE_TERM: Duration = Duration::from_secs(15);

/// How often a living owner renews.
pub const LEASE_RENEWAL: Duration = Duration::from_secs(5);

/// Somebody's right to send, until a moment of the store's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Who may send.
    pub owner: LeaseOwner,
    /// When the right ends, by the store's clock.
    pub until: Timestamp,
}

impl Lease {
    /// A fresh term for `owner`.
    pub fn granted(owner: LeaseOwner, store_now: Timestamp) -> Self {
        Self { owner, until: store_now.saturating_add(LEASE_TERM).unwrap_or(Timestamp::MAX) }
    }

    /// Whether it still excludes others.
    pub fn is_live(&self, store_now: Timestamp) -> bool {
        store_now < self.until
    }
}

/// A lease on the refresh of one generation of a connection's tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefreshLease {
    /// Who may send, and until when.
    pub lease: Lease,
    /// The generation whose refresh token is being spent.
    pub generation: Generation,
    /// Whether an earlier sending of this generation ended without a known answer.
    pub in_doubt: bool,
}

/// How a request for a refresh lease ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaseDecision {
    /// The caller may send.
    Granted(RefreshLease),
    /// Somebody else may.
    Held,
}

impl RefreshLease {
    /// Decides who may send `generation`, given the lease on record.
    ///
    /// A lease that lapsed without being released means that its owner died while amoCRM may
    /// have rotated the token: the next sending of the same generation is in doubt.
    pub fn request(
        on_record: Option<Self>,
        generation: Generation,
        owner: LeaseOwner,
        store_now: Timestamp,
    ) -> LeaseDecision {
        let earlier = on_record.filter(|held| held.generation == generation);
        if earlier.is_some_and(|held| held.lease.is_live(store_now)) {
            return LeaseDecision::Held;
        }
        LeaseDecision::Granted(Self {
            lease: Lease::granted(owner, store_now),
            generation,
            in_doubt: earlier.is_some(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn granted(decision: LeaseDecision) -> RefreshLease {
        match decision {
            LeaseDecision::Granted(lease) => lease,
            LeaseDecision::Held => panic!("held"),
        }
    }

    #[test]
    fn a_lease_is_exclusive_until_it_lapses_and_then_leaves_doubt() {
        let (one, two) = (LeaseOwner([1; 16]), LeaseOwner([2; 16]));
        let first = granted(RefreshLease::request(None, Generation(4), one, at(0)));
        assert!(!first.in_doubt);
        assert_eq!(RefreshLease::request(Some(first), Generation(4), two, at(14)), LeaseDecision::Held);
        let second = granted(RefreshLease::request(Some(first), Generation(4), two, at(15)));
        assert!(second.in_doubt);
        assert_eq!(second.lease.owner, two);
    }

    #[test]
    fn a_lease_on_an_older_generation_holds_nobody_up() {
        let first = granted(RefreshLease::request(None, Generation(4), LeaseOwner([1; 16]), at(0)));
        let second = granted(RefreshLease::request(Some(first), Generation(5), LeaseOwner([2; 16]), at(1)));
        assert!(!second.in_doubt);
    }
}
