//! The lease on a connection's refresh token, and what it leaves: a backoff, and perhaps a doubt.

use std::time::Duration;

use jiff::Timestamp;

use crate::client::{Accusation, ClientFingerprint, ClientRecord};
use crate::clock::{after, at_most, before};
use crate::ids::{Generation, LeaseOwner};
use crate::lease::LEASE_TERM;
use crate::refresh::backoff::{Backoff, LONGEST_BACKOFF, LONGEST_PAUSE};

/// A request for the right to send a connection's refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaseRequest {
    /// Which generation of tokens.
    pub generation: Generation,
    /// Who asks.
    pub owner: LeaseOwner,
    /// The client that sends it.
    pub client: ClientFingerprint,
    /// Whether an operator asks for it, or amoCRM's hook does. They need not wait for the end of a
    /// backoff, unless a sending is in doubt.
    pub by_hand: bool,
}

/// What is on record of the refresh of one generation of a connection's tokens: a lease on it,
/// or, after a sending that gave no pair, a backoff before the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RefreshLease {
    /// Who is sending; nobody during a backoff.
    pub owner: Option<LeaseOwner>,
    /// When the lease or the backoff ends, by the store's clock.
    pub until: Timestamp,
    /// The generation whose refresh token is being spent.
    pub generation: Generation,
    /// Whether an earlier sending of this generation ended without a known answer.
    pub in_doubt: bool,
    /// How many sendings of this generation gave no pair.
    pub tries: u32,
    /// How long the lease or the backoff lasts altogether. `None` if an older version wrote it.
    pub lasts: Option<Duration>,
    /// What amoCRM said of the client at the last sending, if it accused it.
    pub accusation: Option<Accusation>,
}

/// How a request for a refresh lease ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaseDecision {
    /// The caller may send.
    Granted(RefreshLease),
    /// Somebody else may.
    Held,
    /// Nobody may before this moment of the store's clock.
    BackingOff(Timestamp),
}

impl RefreshLease {
    /// Decides whether `request` may send, given what is on record, what amoCRM has said about the
    /// requesting client, and until when refused access tokens delay the next refresh.
    ///
    /// A lease that lapsed without having been ended means that its owner died while amoCRM may
    /// have rotated the token: the next sending of the same generation is in doubt.
    pub fn request(
        on_record: Option<Self>,
        request: &LeaseRequest,
        client: &ClientRecord,
        backs_off_until: Option<Timestamp>,
        store_now: Timestamp,
    ) -> LeaseDecision {
        let LeaseRequest { generation, owner, by_hand, .. } = *request;
        let fresh = Self {
            owner: Some(owner),
            until: after(store_now, LEASE_TERM),
            generation,
            in_doubt: false,
            tries: 0,
            lasts: Some(LEASE_TERM),
            accusation: None,
        };
        let backs_off_until = backs_off_until.filter(|until| store_now < *until && !by_hand);
        let Some(earlier) = on_record.filter(|earlier| earlier.generation == generation) else {
            return backs_off_until.map_or(LeaseDecision::Granted(fresh), LeaseDecision::BackingOff);
        };
        if store_now < earlier.until {
            if earlier.owner.is_some() {
                return LeaseDecision::Held;
            }
            let over = |accusation: Accusation| accusation.is_over_for(request.client, client);
            let may_ask = !earlier.in_doubt && (by_hand || earlier.accusation.is_some_and(over));
            if !may_ask {
                return LeaseDecision::BackingOff(earlier.until);
            }
        }
        if let Some(until) = backs_off_until.filter(|_| earlier.owner.is_none() && !earlier.in_doubt) {
            return LeaseDecision::BackingOff(until);
        }
        let died = earlier.owner.is_some();
        LeaseDecision::Granted(Self {
            in_doubt: earlier.in_doubt || died,
            tries: earlier.tries.saturating_add(died.into()),
            accusation: earlier.accusation,
            ..fresh
        })
    }

    /// The record as it counts at `store_now`: a lease or a backoff that a clock ahead has made
    /// too long ends after its whole length from now, and the store saves it so.
    #[must_use]
    pub fn seen_at(self, store_now: Timestamp) -> Self {
        let longest = if self.owner.is_some() { LEASE_TERM } else { LONGEST_BACKOFF };
        let lasts = self.lasts.map_or(longest, |lasts| lasts.min(longest));
        Self { until: at_most(self.until, lasts, store_now), ..self }
    }

    /// When its owner was granted it, or last renewed it.
    pub fn begun_at(&self) -> Timestamp {
        before(self.until, self.lasts.unwrap_or(LEASE_TERM))
    }

    /// A fresh term for its owner.
    #[must_use]
    pub fn renewed(self, store_now: Timestamp) -> Self {
        Self { until: after(store_now, LEASE_TERM), lasts: Some(LEASE_TERM), ..self }
    }

    /// The record of a backoff after a sending that gave no pair. A doubt is never forgotten.
    /// `client` is the record of the accused client, if one was accused.
    #[must_use]
    pub fn backed_off(self, backoff: &Backoff, client: &ClientRecord, store_now: Timestamp) -> Self {
        let accuse = |accused| Accusation::new(self.accusation, accused, client, store_now);
        let pause = backoff.pause.min(LONGEST_BACKOFF);
        Self {
            owner: None,
            until: after(store_now, pause),
            in_doubt: self.in_doubt || backoff.in_doubt,
            tries: self.tries.saturating_add(backoff.was_sent.into()),
            lasts: Some(pause),
            accusation: if backoff.was_sent { backoff.accused.map(accuse) } else { self.accusation },
            ..self
        }
    }

    /// The record of a backoff of a refresh whose tokens cannot be opened. What was known of
    /// earlier sendings stays.
    #[must_use]
    pub fn set_aside(self, store_now: Timestamp) -> Self {
        Self { owner: None, until: after(store_now, LONGEST_PAUSE), lasts: Some(LONGEST_PAUSE), ..self }
    }

    /// Whether the outcome of a sending has to be found out now: its owner died, or the backoff
    /// after it is over.
    pub fn is_orphaned(&self, store_now: Timestamp) -> bool {
        (self.owner.is_some() || self.in_doubt) && self.until <= store_now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn request(on_record: Option<RefreshLease>, owner: u8, second: i64) -> LeaseDecision {
        RefreshLease::request(on_record, &asked(owner), &ClientRecord::default(), None, at(second))
    }

    const CLIENT: ClientFingerprint = ClientFingerprint([7; 8]);

    fn asked(owner: u8) -> LeaseRequest {
        LeaseRequest { generation: Generation(4), owner: LeaseOwner([owner; 16]), client: CLIENT, by_hand: false }
    }

    fn back_off(in_doubt: bool, seconds: u64) -> Backoff {
        Backoff { in_doubt, pause: Duration::from_secs(seconds), accused: None, was_sent: true }
    }

    fn backed_off(lease: RefreshLease, backoff: &Backoff, second: i64) -> RefreshLease {
        lease.backed_off(backoff, &ClientRecord::default(), at(second))
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
    fn nobody_sends_during_a_backoff_and_a_doubt_outlives_it() {
        let failed = backed_off(granted(request(None, 1, 0)), &back_off(false, 4), 1);
        assert_eq!(request(Some(failed), 2, 4), LeaseDecision::BackingOff(at(5)));
        assert!(!failed.is_orphaned(at(5)), "its outcome is known");
        let second = granted(request(Some(failed), 2, 5));
        assert!(!second.in_doubt && second.tries == 1);

        let unknown = backed_off(second, &back_off(true, 4), 6);
        assert!(!unknown.is_orphaned(at(9)) && unknown.is_orphaned(at(10)));
        let third = granted(request(Some(unknown), 3, 10));
        assert!(third.in_doubt && third.tries == 2);
        assert!(backed_off(third, &back_off(false, 0), 11).in_doubt);
    }

    #[test]
    fn a_lease_on_an_older_generation_delays_nobody() {
        let first = granted(request(None, 1, 0));
        let newer = LeaseRequest { generation: Generation(5), ..asked(2) };
        let next = RefreshLease::request(Some(first), &newer, &ClientRecord::default(), None, at(1));
        assert!(!granted(next).in_doubt);
    }

    #[test]
    fn a_request_by_hand_waits_only_for_a_doubt_or_a_lease() {
        let by_hand = LeaseRequest { by_hand: true, ..asked(2) };
        let ask = |on_record: RefreshLease, backs_off_until: Option<i64>, second| {
            RefreshLease::request(
                Some(on_record),
                &by_hand,
                &ClientRecord::default(),
                backs_off_until.map(at),
                at(second),
            )
        };
        let first = granted(request(None, 1, 0));
        assert_eq!(ask(first, None, 1), LeaseDecision::Held);
        assert_eq!(granted(ask(backed_off(first, &back_off(false, 60), 1), Some(900), 2)).tries, 1);
        assert_eq!(ask(backed_off(first, &back_off(true, 60), 1), None, 2), LeaseDecision::BackingOff(at(61)));
    }

    #[test]
    fn refused_access_tokens_delay_a_refresh_unless_it_is_in_doubt() {
        let ask = |on_record, second| {
            RefreshLease::request(on_record, &asked(2), &ClientRecord::default(), Some(at(100)), at(second))
        };
        assert_eq!(ask(None, 99), LeaseDecision::BackingOff(at(100)));
        granted(ask(None, 100));
        let first = granted(request(None, 1, 0));
        assert_eq!(ask(Some(backed_off(first, &back_off(false, 4), 1)), 50), LeaseDecision::BackingOff(at(100)));
        granted(ask(Some(backed_off(first, &back_off(true, 4), 1)), 50));
        assert!(granted(ask(Some(first), 50)).in_doubt, "its owner died");
    }

    #[test]
    fn a_token_that_got_no_permit_keeps_its_tries_and_its_accusation() {
        let (accused, none) = (Backoff { accused: Some(CLIENT), ..back_off(false, 300) }, ClientRecord::default());
        let backing_off = granted(request(None, 1, 0)).backed_off(&accused, &none, at(1));
        let served = ClientRecord { accused_at: Some(at(1)), served_at: Some(at(5)) };
        let again = granted(RefreshLease::request(Some(backing_off), &asked(2), &served, None, at(10)));
        let unsent = again.backed_off(&Backoff { was_sent: false, ..back_off(false, 2) }, &none, at(11));
        assert_eq!((unsent.tries, unsent.accusation, unsent.until), (again.tries, backing_off.accusation, at(13)));
        assert!(backing_off.accusation.is_some());
    }

    #[test]
    fn a_backoff_for_an_accused_client_ends_when_amocrm_serves_it_and_its_tries_stay() {
        let accused = Backoff { accused: Some(CLIENT), ..back_off(false, 300) };
        let record = |served: Option<i64>| ClientRecord { accused_at: Some(at(1)), served_at: served.map(at) };
        let backing_off = granted(request(None, 1, 0)).backed_off(&accused, &ClientRecord::default(), at(1));
        let ask = |served| RefreshLease::request(Some(backing_off), &asked(2), &record(served), None, at(10));
        assert_eq!(ask(None), LeaseDecision::BackingOff(at(301)));
        let again = granted(ask(Some(5)));
        assert_eq!((again.tries, again.accusation), (1, backing_off.accusation));
        // Accused again although others are served: the account is at fault, and the backoff goes on.
        let accounts = again.backed_off(&accused, &record(Some(5)), at(12));
        assert!(accounts.accusation.unwrap().is_accounts);
        let ask = RefreshLease::request(Some(accounts), &asked(2), &record(Some(13)), None, at(14));
        assert_eq!(ask, LeaseDecision::BackingOff(at(312)));
    }

    #[test]
    fn a_clock_that_was_set_back_makes_no_lease_and_no_backoff_longer() {
        let held = granted(request(None, 1, 10_000));
        let seen = held.seen_at(at(0));
        assert_eq!(request(Some(seen), 2, 14), LeaseDecision::Held);
        granted(request(Some(seen), 2, 15));
        let backing_off = backed_off(held, &back_off(false, 4), 10_000);
        assert_eq!(backing_off.seen_at(at(0)).until, at(4));
        assert_eq!(RefreshLease { lasts: None, ..backing_off }.seen_at(at(0)).until, at(900));
        assert_eq!(backing_off.seen_at(at(10_001)), backing_off);
    }

    #[test]
    fn a_lease_begins_where_it_was_granted_or_last_renewed() {
        let LeaseDecision::Granted(lease) = request(None, 1, 100) else { panic!("nobody has it") };
        assert_eq!(lease.begun_at(), at(100));
        let renewed = RefreshLease { lasts: None, ..lease }.renewed(at(105));
        assert_eq!((renewed.begun_at(), renewed.lasts), (at(105), Some(LEASE_TERM)));
        assert_eq!((renewed.owner, renewed.generation), (lease.owner, lease.generation));
    }

    #[test]
    fn what_is_set_aside_is_nobodys_for_the_longest_pause_and_keeps_what_was_known() {
        let LeaseDecision::Granted(lease) = request(None, 1, 100) else { panic!("nobody has it") };
        let aside = RefreshLease { in_doubt: true, tries: 3, ..lease }.set_aside(at(110));
        let ends = after(at(110), LONGEST_PAUSE);
        assert_eq!((aside.owner, aside.until, aside.lasts), (None, ends, Some(LONGEST_PAUSE)));
        assert_eq!((aside.in_doubt, aside.tries, aside.generation), (true, 3, lease.generation));
    }
}
