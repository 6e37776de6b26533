//! Leases: the right to send a secret, for a short time, judged by the store's clock alone.

use std::time::Duration;

use jiff::Timestamp;

use crate::ids::{Generation, LeaseOwner};
use crate::refresh::LONGEST_PAUSE;

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
        Self { owner, until: after(store_now, LEASE_TERM) }
    }

    /// Whether it still excludes others.
    pub fn is_live(&self, store_now: Timestamp) -> bool {
        store_now < self.until
    }
}

/// What is on record of the refresh of one generation of a connection's tokens: a lease on it,
/// or, after a sending that bought nothing, a rest before the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefreshLease {
    /// Who is sending; nobody during a rest.
    pub owner: Option<LeaseOwner>,
    /// When the lease or the rest ends, by the store's clock.
    pub until: Timestamp,
    /// The generation whose refresh token is being spent.
    pub generation: Generation,
    /// Whether an earlier sending of this generation ended without a known answer.
    pub in_doubt: bool,
    /// How many sendings of this generation have bought nothing.
    pub tries: u32,
}

/// How a request for a refresh lease ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaseDecision {
    /// The caller may send.
    Granted(RefreshLease),
    /// Somebody else may.
    Held,
    /// Nobody may before this moment of the store's clock.
    Resting(Timestamp),
}

impl RefreshLease {
    /// Decides who may send `generation`, given what is on record.
    ///
    /// A lease that lapsed without having been ended means that its owner died while amoCRM may
    /// have rotated the token: the next sending of the same generation is in doubt.
    pub fn request(
        on_record: Option<Self>,
        generation: Generation,
        owner: LeaseOwner,
        store_now: Timestamp,
    ) -> LeaseDecision {
        let until = after(store_now, LEASE_TERM);
        let fresh = Self { owner: Some(owner), until, generation, in_doubt: false, tries: 0 };
        match on_record.filter(|earlier| earlier.generation == generation) {
            None => LeaseDecision::Granted(fresh),
            Some(Self { owner: Some(_), until, .. }) if store_now < until => LeaseDecision::Held,
            Some(Self { owner: None, until, .. }) if store_now < until => LeaseDecision::Resting(until),
            Some(Self { owner: Some(_), tries, .. }) => {
                LeaseDecision::Granted(Self { in_doubt: true, tries: tries.saturating_add(1), ..fresh })
            }
            Some(Self { owner: None, in_doubt, tries, .. }) => {
                LeaseDecision::Granted(Self { in_doubt, tries, ..fresh })
            }
        }
    }

    /// A fresh term for its owner.
    #[must_use]
    pub fn renewed(self, store_now: Timestamp) -> Self {
        Self { until: after(store_now, LEASE_TERM), ..self }
    }

    /// A rest after a sending that bought nothing. A doubt is never forgotten.
    #[must_use]
    pub fn rested(self, in_doubt: bool, pause: Duration, store_now: Timestamp) -> Self {
        Self {
            owner: None,
            until: after(store_now, pause),
            in_doubt: self.in_doubt || in_doubt,
            tries: self.tries.saturating_add(1),
            ..self
        }
    }

    /// A rest for a refresh that cannot be: its tokens do not open. What was known of earlier
    /// sendings stays.
    #[must_use]
    pub fn set_aside(self, store_now: Timestamp) -> Self {
        Self { owner: None, until: after(store_now, LONGEST_PAUSE), ..self }
    }

    /// Whether the outcome of a sending has to be found out, now: its owner died, or the rest
    /// after it is over.
    pub fn is_orphaned(&self, store_now: Timestamp) -> bool {
        (self.owner.is_some() || self.in_doubt) && self.until <= store_now
    }
}

fn after(moment: Timestamp, duration: Duration) -> Timestamp {
    moment.saturating_add(duration).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn request(on_record: Option<RefreshLease>, owner: u8, second: i64) -> LeaseDecision {
        RefreshLease::request(on_record, Generation(4), LeaseOwner([owner; 16]), at(second))
    }

    fn granted(decision: LeaseDecision) -> RefreshLease {
        match decision {
            LeaseDecision::Granted(lease) => lease,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_lease_is_exclusive_until_it_lapses_and_then_leaves_doubt() {
        let first = granted(request(None, 1, 0));
        assert!(!first.in_doubt && first.tries == 0);
        assert_eq!(request(Some(first), 2, 14), LeaseDecision::Held);
        assert!(!first.is_orphaned(at(14)) && first.is_orphaned(at(15)));
        let second = granted(request(Some(first), 2, 15));
        assert!(second.in_doubt && second.tries == 1);
        assert_eq!(second.owner, Some(LeaseOwner([2; 16])));
    }

    #[test]
    fn a_renewed_lease_lasts_another_term() {
        let renewed = granted(request(None, 1, 0)).renewed(at(10));
        assert_eq!(request(Some(renewed), 2, 24), LeaseDecision::Held);
        granted(request(Some(renewed), 2, 25));
    }

    #[test]
    fn nobody_sends_during_a_rest_and_a_doubt_outlives_it() {
        let failed = granted(request(None, 1, 0)).rested(false, Duration::from_secs(4), at(1));
        assert_eq!(request(Some(failed), 2, 4), LeaseDecision::Resting(at(5)));
        assert!(!failed.is_orphaned(at(5)), "its outcome is known");
        let second = granted(request(Some(failed), 2, 5));
        assert!(!second.in_doubt && second.tries == 1);

        let unknown = second.rested(true, Duration::from_secs(4), at(6));
        assert!(!unknown.is_orphaned(at(9)) && unknown.is_orphaned(at(10)));
        let third = granted(request(Some(unknown), 3, 10));
        assert!(third.in_doubt && third.tries == 2);
        assert!(third.rested(false, Duration::ZERO, at(11)).in_doubt);
    }

    #[test]
    fn a_lease_on_an_older_generation_holds_nobody_up() {
        let first = granted(request(None, 1, 0));
        let next = RefreshLease::request(Some(first), Generation(5), LeaseOwner([2; 16]), at(1));
        assert!(!granted(next).in_doubt);
    }
}
