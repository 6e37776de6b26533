//! Leases: the right to send a secret, for a short time, judged by the store's clock alone.

use std::time::Duration;

use jiff::Timestamp;

use crate::clock::{after, at_most};
use crate::ids::LeaseOwner;

/// How long a lease lasts unless it is renewed. After a crash another owner waits so long.
pub const LEASE_TERM: Duration = Duration::from_secs(15);

/// How often a living owner renews.
pub const LEASE_RENEWAL: Duration = Duration::from_secs(5);

/// An owner's right to send, until a moment of the store's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Lease {
    /// Who may send.
    pub owner: LeaseOwner,
    /// When the right ends, by the store's clock.
    pub until: Timestamp,
}

impl Lease {
    /// A fresh term for `owner`.
    pub fn granted(owner: LeaseOwner, store_now: Timestamp) -> Self {
        Self { owner, until: after(store_now, LEASE_TERM) }
    }

    /// Whether it still excludes others.
    pub fn is_live(&self, store_now: Timestamp) -> bool {
        store_now < self.until
    }

    /// The lease as it counts at `store_now`: one that a clock ahead has made too long ends one
    /// term from now, and the store saves it so.
    #[must_use]
    pub fn seen_at(self, store_now: Timestamp) -> Self {
        Self { until: at_most(self.until, LEASE_TERM, store_now), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_was_set_back_makes_no_lease_longer_than_a_term() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let lease = Lease::granted(LeaseOwner([1; 16]), at(10_000));
        assert_eq!(lease.seen_at(at(0)).until, at(15));
        assert_eq!(lease.seen_at(at(10_000)), lease);
    }

    #[test]
    fn a_lease_excludes_others_until_its_end() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let lease = Lease::granted(LeaseOwner([1; 16]), at(100));
        assert!(lease.is_live(at(114)) && !lease.is_live(at(115)));
    }
}
