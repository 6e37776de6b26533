//! Bundles: turns that were reserved with another one, and that nobody has used yet.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::Instant;
use crate::host::AccountHost;

/// By how much a call may be late. A call sent later could fall into the same second at amoCRM as the
/// calls of the next one.
const LATE: Duration = Duration::from_millis(20);

/// When a turn of the store's comes, by the clock of this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Due {
    /// It has surely come: the store had read its clock before it answered.
    pub(super) from: Instant,
    /// It has come, if the answer took no longer than it had to. The lateness of a call is judged by this.
    pub(super) at: Instant,
}

impl Due {
    /// Whether it was missed.
    pub(super) fn is_over(self, now: Instant) -> bool {
        now.since(self.at) > LATE
    }

    fn later(self, by: Duration) -> Self {
        Self { from: self.from + by, at: self.at + by }
    }
}

/// The turns of a reservation after its first one.
#[derive(Debug)]
pub(super) struct Bundle {
    next: Due,
    left: u32,
    apart: Duration,
}

impl Bundle {
    /// So many turns after the one that is due at `first`.
    pub(super) fn after(first: Due, left: u32, apart: Duration) -> Self {
        Self { next: first.later(apart), left, apart }
    }

    /// The next turn that was not missed. Those that were are lost.
    fn next(&mut self, now: Instant) -> Option<Due> {
        while self.left > 0 && self.next.is_over(now) {
            self.skip();
        }
        (self.left > 0).then_some(self.next)
    }

    fn skip(&mut self) {
        self.left -= 1;
        self.next = self.next.later(self.apart);
    }
}

/// The bundles of this process, at most one for each account.
#[derive(Debug, Default)]
pub(super) struct Bundles(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    bundles: HashMap<AccountHost, Bundle>,
    /// How often turns were given up.
    voided: u64,
}

/// What was given up before the store was asked for a reservation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Asked(u64);

impl Bundles {
    /// The store is about to be asked for a reservation.
    pub(super) fn ask(&self) -> Asked {
        Asked(self.all().voided)
    }

    /// Keeps `bundle` until its last turn is over, unless turns were given up since it was `asked` for.
    pub(super) fn keep(&self, account: &AccountHost, bundle: Bundle, asked: Asked, now: Instant) {
        let mut kept = self.all();
        kept.bundles.retain(|_, bundle| bundle.next(now).is_some());
        if kept.voided == asked.0 {
            kept.bundles.insert(account.clone(), bundle);
        }
    }

    /// When the next turn of `account` comes, if there is one.
    pub(super) fn next(&self, account: &AccountHost, now: Instant) -> Option<Due> {
        self.all().bundles.get_mut(account)?.next(now)
    }

    /// The turn of `account` that has come.
    pub(super) fn take(&self, account: &AccountHost, now: Instant) -> Option<Due> {
        let mut kept = self.all();
        let bundle = kept.bundles.get_mut(account)?;
        let due = bundle.next(now).filter(|due| due.from <= now)?;
        bundle.skip();
        Some(due)
    }

    /// Gives up the turns of `account`: its calls are delayed or banned.
    pub(super) fn void(&self, account: &AccountHost) {
        let mut kept = self.all();
        kept.bundles.remove(account);
        kept.voided += 1;
    }

    /// Gives up all turns: a ban of one account may be one of them all.
    pub(super) fn void_all(&self) {
        let mut kept = self.all();
        kept.bundles.clear();
        kept.voided += 1;
    }

    fn all(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Instant {
        Instant::at(Duration::from_millis(millis))
    }

    fn account(name: &str) -> AccountHost {
        AccountHost::stored(name)
    }

    /// Two turns after one at 1000 ms, 150 ms apart; the answer came 4 ms after the store read its clock.
    fn kept() -> Bundles {
        let bundles = Bundles::default();
        let first = Due { from: at(1_004), at: at(1_000) };
        let bundle = Bundle::after(first, 2, Duration::from_millis(150));
        bundles.keep(&account("a"), bundle, bundles.ask(), at(1_004));
        bundles
    }

    #[test]
    fn a_turn_is_taken_once_and_in_its_own_time() {
        for (asked, turn) in [(1_004, None), (1_153, None), (1_154, Some(1_150)), (1_170, Some(1_150)), (1_171, None)] {
            let bundles = kept();
            assert_eq!(bundles.take(&account("a"), at(asked)).map(|due| due.at), turn.map(at), "{asked}");
            assert_eq!(bundles.take(&account("a"), at(asked)), None, "{asked}");
            assert_eq!(bundles.next(&account("a"), at(1_300)).map(|due| due.at), Some(at(1_300)), "{asked}");
        }
        assert_eq!(kept().take(&account("b"), at(1_154)), None, "another account's");
    }

    #[test]
    fn turns_that_nobody_used_lapse() {
        let bundles = kept();
        assert_eq!(bundles.next(&account("a"), at(1_100)).map(|due| due.from), Some(at(1_154)));
        assert_eq!(bundles.next(&account("a"), at(1_171)).map(|due| due.from), Some(at(1_304)));
        assert_eq!(bundles.next(&account("a"), at(1_321)), None);
        assert_eq!(bundles.take(&account("a"), at(1_321)), None);
        let bundle = Bundle::after(Due { from: at(1_400), at: at(1_400) }, 1, Duration::ZERO);
        bundles.keep(&account("b"), bundle, bundles.ask(), at(1_400));
        assert_eq!(bundles.all().bundles.len(), 1, "an account that nobody calls any more is not kept");
    }

    #[test]
    fn voided_turns_are_not_used() {
        let bundles = kept();
        bundles.void(&account("b"));
        assert!(bundles.next(&account("a"), at(1_154)).is_some());
        bundles.void(&account("a"));
        assert_eq!(bundles.take(&account("a"), at(1_154)), None);
        let bundles = kept();
        bundles.void_all();
        assert_eq!(bundles.take(&account("a"), at(1_154)), None);
    }

    #[test]
    fn a_bundle_that_was_asked_for_before_turns_were_given_up_is_not_kept() {
        for void in [|bundles: &Bundles| bundles.void(&account("a")), Bundles::void_all] {
            let bundles = Bundles::default();
            let due = Due { from: at(1_000), at: at(1_000) };
            let asked = bundles.ask();
            void(&bundles);
            bundles.keep(&account("a"), Bundle::after(due, 1, Duration::ZERO), asked, at(1_000));
            assert_eq!(bundles.take(&account("a"), at(1_000)), None);
            bundles.keep(&account("a"), Bundle::after(due, 1, Duration::ZERO), bundles.ask(), at(1_000));
            assert_eq!(bundles.take(&account("a"), at(1_000)), Some(due));
        }
    }
}
