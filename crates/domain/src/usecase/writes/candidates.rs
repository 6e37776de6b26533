//! Which objects in amoCRM may be what a sending made whose answer was lost.
//!
//! It was made by the user of the grant, near the sending, on the same lead, with the same content. amoCRM's clock is
//! another one than the store's: what has the same content and was made near the sending by clocks that agree is it;
//! what was made near it by clocks that differ much is a reason to doubt. So is what has another content by now.

use std::time::Duration;

use jiff::Timestamp;

use crate::clock::{CLOCK_SKEW, after, before};
use crate::idempotency::{ABSENCE_TERM, Doubt};

/// By how much clocks that agree differ at most. amoCRM's times are whole seconds besides.
const AGREEMENT: Duration = Duration::from_secs(31);

/// An object that amoCRM has.
pub(super) struct Candidate {
    pub(super) id: u64,
    pub(super) author: Option<u64>,
    pub(super) made_at: Option<Timestamp>,
    pub(super) likeness: Likeness,
}

/// How far an object has the content that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Likeness {
    /// It has that content.
    Equal,
    /// It has another one, and has changed since it was made.
    Changed,
    /// It has had another one from the beginning.
    Other,
}

impl Likeness {
    pub(super) fn of(is_equal: bool, has_changed: bool) -> Self {
        match (is_equal, has_changed) {
            (true, _) => Self::Equal,
            (false, true) => Self::Changed,
            (false, false) => Self::Other,
        }
    }
}

/// What was found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// What it made, if there is one alone.
    pub(super) equal: Vec<u64>,
    /// What keeps it from being certain that nothing was made.
    pub(super) similar: Vec<u64>,
    /// Whether not all was looked through.
    pub(super) is_cut: bool,
}

impl Found {
    /// Adds `candidate` if it may be it.
    pub(super) fn add(&mut self, origin: &Origin, candidate: &Candidate) {
        let Candidate { id, author, made_at, likeness } = *candidate;
        if origin.author.is_some_and(|theirs| author != Some(theirs)) {
            return;
        }
        let is_near = |skew| made_at.is_some_and(|at| origin.is_near(at, skew));
        match likeness {
            Likeness::Equal if is_near(AGREEMENT) => self.equal.push(id),
            Likeness::Equal | Likeness::Changed if is_near(CLOCK_SKEW) => self.similar.push(id),
            Likeness::Equal | Likeness::Changed | Likeness::Other => {}
        }
    }
}

/// By whom, and when, something was made that may be it.
pub(super) struct Origin {
    author: Option<u64>,
    sent_at: Timestamp,
}

impl Origin {
    pub(super) fn of(author: Option<u64>, doubt: Doubt) -> Self {
        Self { author, sent_at: doubt.sent_at }
    }

    /// Nothing that was made before this is looked at.
    pub(super) fn first(&self) -> Timestamp {
        before(self.sent_at, CLOCK_SKEW)
    }

    /// Whether what was made then, and earlier, cannot be it.
    pub(super) fn is_after(&self, made_at: Option<Timestamp>) -> bool {
        made_at.is_some_and(|at| at < self.first())
    }

    /// Whether what was made then, and later, cannot be it.
    pub(super) fn is_before(&self, made_at: Option<Timestamp>) -> bool {
        made_at.is_some_and(|at| at > after(self.sent_at, ABSENCE_TERM + CLOCK_SKEW))
    }

    fn is_near(&self, made_at: Timestamp, skew: Duration) -> bool {
        (before(self.sent_at, skew)..=after(self.sent_at, ABSENCE_TERM + skew)).contains(&made_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn origin(author: Option<u64>) -> Origin {
        Origin::of(author, Doubt { sent_at: at(1_000), absence_counts: false, presence_counts: true })
    }

    /// Whether what was made so counts as equal, and as similar.
    fn counts(author: Option<u64>, second: i64, likeness: Likeness) -> (bool, bool) {
        let mut found = Found::default();
        found.add(&origin(Some(5)), &Candidate { id: 1, author, made_at: Some(at(second)), likeness });
        (!found.equal.is_empty(), !found.similar.is_empty())
    }

    #[test]
    fn what_is_equal_and_near_is_it_and_further_away_a_reason_to_doubt() {
        for (second, expected) in [
            (1_000, (true, false)),
            (969, (true, false)),
            (968, (false, true)),
            (700, (false, true)),
            (699, (false, false)),
            (1_106, (true, false)),
            (1_107, (false, true)),
            (1_375, (false, true)),
            (1_376, (false, false)),
        ] {
            assert_eq!(counts(Some(5), second, Likeness::Equal), expected, "{second}");
        }
    }

    #[test]
    fn what_has_changed_since_is_a_reason_to_doubt_and_what_was_always_another_is_none() {
        for (second, expected) in [(1_000, true), (700, true), (699, false), (1_375, true), (1_376, false)] {
            assert_eq!(counts(Some(5), second, Likeness::Changed), (false, expected), "{second}");
            assert_eq!(counts(Some(5), second, Likeness::Other), (false, false), "{second}");
        }
    }

    #[test]
    fn what_somebody_else_made_is_not_it() {
        for author in [Some(6), None] {
            assert_eq!(counts(author, 1_000, Likeness::Equal), (false, false), "{author:?}");
        }
        let mut found = Found::default();
        let theirs = Candidate { id: 1, author: Some(6), made_at: Some(at(1_000)), likeness: Likeness::Equal };
        found.add(&origin(None), &theirs);
        assert_eq!(found.equal, [1], "where nobody knows who made it");
        found.add(&origin(Some(6)), &Candidate { made_at: None, ..theirs });
        assert_eq!(found.equal, [1], "without a time");
    }

    #[test]
    fn lists_are_looked_through_as_far_as_it_may_be() {
        let origin = origin(Some(5));
        assert!(origin.is_after(Some(at(699))) && !origin.is_after(Some(at(700))) && !origin.is_after(None));
        assert!(origin.is_before(Some(at(1_376))) && !origin.is_before(Some(at(1_375))) && !origin.is_before(None));
    }
}
