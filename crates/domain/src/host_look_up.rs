//! Looking up where an account answers, once there is a sign that it has moved.
//!
//! A move is a fact about the account and serves all its connections: it is kept under the host
//! that gave the sign, and returned only for the account of this number. The old host may be another
//! account's by then, whose tokens must not go to the new one. "It has not moved" may be false a
//! moment later, so it is not kept.

use std::time::Duration;

use jiff::Timestamp;

use crate::clock::{after, at_most, left};
use crate::host::AccountHost;
use crate::ids::AccountId;

/// How far apart two look-ups of one account are, by the store's clock.
pub const LOOK_UP_TERM: Duration = Duration::from_mins(1);

/// Where an account was found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FoundHost {
    /// Its host.
    pub host: AccountHost,
    /// Its number, where that is known.
    pub account: Option<AccountId>,
}

/// What is on record of the look-ups of an account, or of what was at a host.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct HostLookUp {
    /// Of a host: where its account has moved to, if it is known to have moved.
    pub moved_to: Option<FoundHost>,
    /// The earliest moment of the next one, by the store's clock.
    pub not_before: Timestamp,
}

/// What look-ups are limited by: an account, or a host.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LookUpSubject(String);

impl LookUpSubject {
    /// The account, or the host of one whose number is not known.
    pub fn of(host: &AccountHost, account: Option<AccountId>) -> Self {
        account.map_or_else(|| Self::host(host), |account| Self(account.to_string()))
    }

    /// The host. No host looks like an account's number.
    pub fn host(host: &AccountHost) -> Self {
        Self(host.as_str().to_owned())
    }

    /// It as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// How a request for a look-up ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LookUpDecision {
    /// The account is known to have moved there.
    MovedTo(AccountHost),
    /// Only the caller may look it up now.
    Granted,
    /// No look-up is allowed for so long.
    Later(Duration),
}

impl HostLookUp {
    /// Decides whether the account `account` may be looked up, given what is on record of its host
    /// and of its [subject](LookUpSubject::of). Returns the subject's record as it is then.
    ///
    /// An account that is known to have moved is followed without another look-up. One whose number
    /// is not known is looked up by itself.
    pub fn request(
        of_host: Option<Self>,
        of_subject: Option<Self>,
        account: Option<AccountId>,
        store_now: Timestamp,
    ) -> (LookUpDecision, Option<Self>) {
        let moved_to = of_host.and_then(|record| record.moved_to).filter(|moved| moved.is_of(account));
        let known = of_subject.map(|record| record.seen_at(store_now));
        match (moved_to, &known) {
            (Some(moved), _) => (LookUpDecision::MovedTo(moved.host), known),
            (None, Some(record)) if store_now < record.not_before => {
                (LookUpDecision::Later(left(record.not_before, store_now)), known)
            }
            (None, _) => {
                // Of a host: where the account has moved to that was there before.
                let moved_to = known.and_then(|record| record.moved_to);
                (LookUpDecision::Granted, Some(Self { moved_to, ..Self::made(store_now) }))
            }
        }
    }

    /// The record as it counts at `store_now`: a look-up that a clock ahead has delayed too long
    /// comes one term from now, and the store saves it so.
    fn seen_at(self, store_now: Timestamp) -> Self {
        Self { not_before: at_most(self.not_before, LOOK_UP_TERM, store_now), ..self }
    }

    /// Whether a sweep forgets the record: the next look-up may come, and a move is older than `oldest`.
    pub fn is_over(&self, store_now: Timestamp, oldest: Timestamp) -> bool {
        self.not_before <= store_now && (self.moved_to.is_none() || self.not_before <= oldest)
    }

    /// The record of a look-up that is made now and has found no move.
    pub fn made(store_now: Timestamp) -> Self {
        Self { moved_to: None, not_before: after(store_now, LOOK_UP_TERM) }
    }

    /// The record of a look-up that has found now that the account has moved.
    pub fn moved(to: FoundHost, store_now: Timestamp) -> Self {
        Self { moved_to: Some(to), ..Self::made(store_now) }
    }
}

impl FoundHost {
    /// Whether it is certain that `account` was found.
    fn is_of(&self, account: Option<AccountId>) -> bool {
        self.account.zip(account).is_some_and(|(found, wanted)| found == wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn host(name: &str) -> AccountHost {
        AccountHost::stored(name)
    }

    fn request(of_host: &HostLookUp, account: Option<u64>, second: i64) -> LookUpDecision {
        let of_subject = Some(of_host.clone()).filter(|_| account.is_none());
        HostLookUp::request(Some(of_host.clone()), of_subject, account.map(AccountId), at(second)).0
    }

    fn moved(account: Option<u64>) -> HostLookUp {
        HostLookUp::moved(FoundHost { host: host("new"), account: account.map(AccountId) }, at(0))
    }

    #[test]
    fn an_account_is_looked_up_once_a_minute_wherever_it_is_sought() {
        let ask = |of_subject: &Option<HostLookUp>, second| {
            HostLookUp::request(None, of_subject.clone(), Some(AccountId(7)), at(second))
        };
        let (decision, granted) = ask(&None, 0);
        assert_eq!(decision, LookUpDecision::Granted);
        assert_eq!(ask(&granted, 59), (LookUpDecision::Later(Duration::from_secs(1)), granted.clone()));
        assert_eq!(ask(&granted, 60).0, LookUpDecision::Granted);
        let (one, other) = (host("a.amocrm.ru"), host("b.amocrm.ru"));
        assert_eq!(LookUpSubject::of(&one, Some(AccountId(7))), LookUpSubject::of(&other, Some(AccountId(7))));
        assert_ne!(LookUpSubject::of(&one, None), LookUpSubject::of(&other, None));
    }

    #[test]
    fn a_move_is_known_for_good() {
        for second in [1, 60, 100_000] {
            assert_eq!(request(&moved(Some(7)), Some(7), second), LookUpDecision::MovedTo(host("new")));
        }
    }

    #[test]
    fn a_move_is_not_told_where_either_number_is_not_known() {
        for (found, wanted) in [(None, Some(7)), (Some(7), None), (None, None)] {
            let (record, wanted) = (moved(found), wanted.map(AccountId));
            let of_subject = Some(record.clone()).filter(|_| wanted.is_none());
            let (decision, then) = HostLookUp::request(Some(record.clone()), of_subject, wanted, at(60));
            assert_eq!(decision, LookUpDecision::Granted, "{found:?} {wanted:?}");
            // What is known of the account that was at this host stays known.
            let kept = record.moved_to.filter(|_| wanted.is_none());
            assert_eq!(then.map(|then| then.moved_to), Some(kept), "{found:?} {wanted:?}");
        }
    }

    #[test]
    fn what_was_found_of_another_account_at_the_same_host_is_not_followed() {
        assert_eq!(request(&moved(Some(7)), Some(8), 1), LookUpDecision::Granted);
    }

    #[test]
    fn a_clock_that_was_set_back_delays_the_next_look_up_by_one_term_only() {
        let ahead = Some(HostLookUp { moved_to: None, not_before: at(10_000) });
        let (decision, record) = HostLookUp::request(None, ahead, None, at(0));
        assert_eq!(decision, LookUpDecision::Later(LOOK_UP_TERM));
        assert_eq!(HostLookUp::request(None, record, None, at(60)).0, LookUpDecision::Granted);
    }
}
