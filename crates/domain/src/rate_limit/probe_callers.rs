//! Which account probes for the integration while its circuit is open.

use std::time::Duration;

use jiff::Timestamp;

use super::OpenCircuit;
use crate::clock::{after, before, left};

/// So long after it asked, an account counts as one that has a caller.
pub const CALLER_TERM: Duration = Duration::from_mins(1);

/// How old the record of a caller may be before it is renewed.
const RENEWAL: Duration = Duration::from_secs(15);

/// Which accounts have asked since the circuit of the integration is open.
///
/// A banned account tells nothing about the others, so while an account without a ban has a caller, only such an
/// account probes for the integration. Otherwise the one of the banned accounts whose own probe is longest due does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ProbeCallers {
    /// When an account without a ban last asked.
    pub unbanned_at: Option<Timestamp>,
    /// Of the banned accounts, the first in line.
    pub banned: Option<BannedCaller>,
}

/// A banned account whose own probe is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct BannedCaller {
    /// Since when its own probe is due. It names the account.
    pub due: Timestamp,
    /// When it last asked.
    pub asked_at: Timestamp,
}

/// Whether something happened so lately. What is dated in the future did not.
fn is_within(term: Duration, at: Timestamp, now: Timestamp) -> bool {
    before(now, term) < at && at <= now
}

impl ProbeCallers {
    /// Notes that an account asks, whose own circuit is `own`. Returns how long it must not probe for the integration
    /// because another account does.
    pub(super) fn ask(&mut self, own: Option<OpenCircuit>, now: Timestamp) -> Option<Duration> {
        let term_left = |asked_at| left(after(asked_at, CALLER_TERM), now);
        let Some(own) = own else {
            if !self.unbanned_at.is_some_and(|at| is_within(RENEWAL, at, now)) {
                self.unbanned_at = Some(now);
            }
            return None;
        };
        if own.forbids(now).is_some() {
            return None;
        }
        let due = own.probe_at;
        let first = self.banned.filter(|first| is_within(CALLER_TERM, first.asked_at, now) && first.due <= due);
        if !first.is_some_and(|first| first.due < due || is_within(RENEWAL, first.asked_at, now)) {
            self.banned = Some(BannedCaller { due, asked_at: now });
        }
        let unbanned = self.unbanned_at.filter(|at| is_within(CALLER_TERM, *at, now));
        let ahead = first.filter(|first| first.due < due).map(|first| first.asked_at);
        unbanned.max(ahead).map(term_left)
    }

    /// An account whose own circuit is `own` probes: it is not the first in line any more.
    pub(super) fn begin_probe(&mut self, own: Option<OpenCircuit>) {
        self.banned = self.banned.filter(|first| own.is_none_or(|own| own.probe_at != first.due));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: u64) -> Timestamp {
        Timestamp::from_second(1_795_428_000).unwrap() + Duration::from_secs(second)
    }

    /// The circuit of an account whose own probe is due at this second.
    fn due(second: u64) -> OpenCircuit {
        OpenCircuit { since: at(0), probe_at: at(second), probing: false, banned_probes: 0 }
    }

    fn seconds(wait: Option<Duration>) -> Option<u64> {
        wait.map(|wait| wait.as_secs())
    }

    #[test]
    fn banned_accounts_wait_for_a_minute_after_one_without_a_ban_asked() {
        let mut callers = ProbeCallers::default();
        assert_eq!(callers.ask(None, at(100)), None);
        for (second, wait) in [(100, Some(60)), (159, Some(1)), (160, None)] {
            assert_eq!(seconds(callers.ask(Some(due(10)), at(second))), wait, "{second}");
        }
        assert_eq!(callers.ask(None, at(170)), None, "it may always");
    }

    #[test]
    fn of_banned_accounts_the_one_that_is_longest_due_is_the_first() {
        let mut callers = ProbeCallers::default();
        assert_eq!(callers.ask(Some(due(20)), at(30)), None, "nobody else has asked");
        assert_eq!(callers.ask(Some(due(10)), at(31)), None);
        assert_eq!(seconds(callers.ask(Some(due(20)), at(32))), Some(59));
        assert_eq!(callers.ask(Some(due(40)), at(33)), None, "its own is not due: that decides");
        callers.begin_probe(Some(due(10)));
        assert_eq!(callers.ask(Some(due(20)), at(34)), None);
    }

    #[test]
    fn the_first_one_is_the_next_if_it_does_not_ask_for_a_minute() {
        let mut callers = ProbeCallers::default();
        callers.ask(Some(due(10)), at(20));
        assert!(callers.ask(Some(due(15)), at(79)).is_some());
        assert_eq!(callers.ask(Some(due(15)), at(80)), None);
    }

    #[test]
    fn one_that_is_due_later_never_takes_the_place_of_the_first() {
        let mut callers = ProbeCallers::default();
        callers.ask(Some(due(10)), at(20));
        for second in [40, 41] {
            assert!(callers.ask(Some(due(15)), at(second)).is_some(), "{second}");
        }
    }

    #[test]
    fn the_record_of_a_caller_is_written_every_quarter_of_a_minute_at_most() {
        for own in [None, Some(due(10))] {
            let mut callers = ProbeCallers::default();
            let mut written = 0;
            for second in 20..80 {
                let before = callers;
                callers.ask(own, at(second));
                written += usize::from(callers != before);
            }
            assert_eq!(written, 4, "{own:?}");
        }
    }

    #[test]
    fn a_caller_that_is_dated_in_the_future_is_none() {
        let mut callers = ProbeCallers { unbanned_at: Some(at(500)), banned: None };
        callers.banned = Some(BannedCaller { due: at(1), asked_at: at(500) });
        assert_eq!(callers.ask(Some(due(10)), at(100)), None);
    }
}
