//! Rows by the times at which they were made and changed: those of a time are found, and all of them
//! gone through by time, without a look at the others.

use std::{
    collections::{BTreeSet, btree_set::Range},
    iter,
    ops::{Bound, RangeInclusive},
};

use super::Row;

/// A time that rows are found by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Time {
    Created,
    Updated,
}

/// The times of a row, in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Times {
    pub(crate) created: u64,
    pub(crate) updated: u64,
}

impl Times {
    const fn of(self, time: Time) -> u64 {
        match time {
            Time::Created => self.created,
            Time::Updated => self.updated,
        }
    }
}

/// What comes first: of the times, and among rows of one time of the ids. By default the smaller.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Sequence {
    pub(crate) latest_first: bool,
    pub(crate) largest_id_first: bool,
}

/// A time, and the id of a row that has it.
type Entry = (u64, u64);

/// The ids of the rows of a table by their times.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct TimeIndex {
    created: BTreeSet<Entry>,
    updated: BTreeSet<Entry>,
}

impl TimeIndex {
    /// The index of `rows`.
    pub(super) fn of<T: Row>(rows: &[T]) -> Self {
        let entries = |time| rows.iter().filter_map(|row| Some((row.times()?.of(time), row.id()))).collect();
        Self { created: entries(Time::Created), updated: entries(Time::Updated) }
    }

    /// Notes that the row with this id has the times `new` now, and had `old` before.
    pub(super) fn replace(&mut self, id: u64, old: Option<Times>, new: Option<Times>) {
        for (time, entries) in [(Time::Created, &mut self.created), (Time::Updated, &mut self.updated)] {
            let (old, new) = (old.map(|times| times.of(time)), new.map(|times| times.of(time)));
            if old == new {
                continue;
            }
            if let Some(old) = old {
                entries.remove(&(old, id));
            }
            if let Some(new) = new {
                entries.insert((new, id));
            }
        }
    }

    /// The ids of the rows with a `time` within `range`, in this sequence.
    pub(super) fn in_sequence(
        &self,
        time: Time,
        range: RangeInclusive<u64>,
        sequence: Sequence,
    ) -> Box<dyn Iterator<Item = u64> + '_> {
        match (sequence.latest_first, sequence.largest_id_first) {
            (false, false) => Box::new(self.ids(time, range)),
            (true, true) => Box::new(self.ids(time, range).rev()),
            (latest_first, _) => Box::new(turned(self.entries(time), range, latest_first)),
        }
    }

    /// The ids of the rows with a `time` within `range`, by that time, those of one time by id.
    fn ids(&self, time: Time, range: RangeInclusive<u64>) -> impl DoubleEndedIterator<Item = u64> {
        within(self.entries(time), range).map(|&(_, id)| id)
    }

    const fn entries(&self, time: Time) -> &BTreeSet<Entry> {
        match time {
            Time::Created => &self.created,
            Time::Updated => &self.updated,
        }
    }
}

/// The entries with a time within `times`.
fn within(entries: &BTreeSet<Entry>, times: RangeInclusive<u64>) -> Range<'_, Entry> {
    let (first, last) = times.into_inner();
    let start = Bound::Included((first, 0));
    // There is nothing between two ends in the wrong order; the set would panic.
    let end = if first <= last { Bound::Included((last, u64::MAX)) } else { Bound::Excluded((first, 0)) };
    entries.range((start, end))
}

/// The ids of the entries with a time within `times`: the times from one end, and the ids of one time
/// from the other.
fn turned(entries: &BTreeSet<Entry>, times: RangeInclusive<u64>, latest_first: bool) -> impl Iterator<Item = u64> {
    let step = |range: &mut Range<'_, Entry>, backwards: bool| {
        if backwards { range.next_back().copied() } else { range.next().copied() }
    };
    let (first, last) = (*times.start(), *times.end());
    let mut rest = within(entries, times);
    let mut of_one_time: Option<Range<'_, Entry>> = None;
    iter::from_fn(move || {
        if let Some((_, id)) = of_one_time.as_mut().and_then(|range| step(range, !latest_first)) {
            return Some(id);
        }
        let (time, id) = step(&mut rest, latest_first)?;
        // Most rows are the only ones of their second.
        if step(&mut rest.clone(), latest_first).is_none_or(|(next, _)| next != time) {
            of_one_time = None;
            return Some(id);
        }
        let ends = if latest_first {
            (Bound::Included((first, 0)), Bound::Excluded((time, 0)))
        } else {
            (Bound::Excluded((time, u64::MAX)), Bound::Included((last, u64::MAX)))
        };
        rest = entries.range(ends);
        let range = of_one_time.insert(within(entries, time..=time));
        step(range, !latest_first).map(|(_, id)| id)
    })
}

#[cfg(test)]
mod tests {
    use rand::{Rng, RngExt as _, SeedableRng, rngs::ChaCha8Rng};

    use super::*;

    #[derive(Debug, Clone)]
    struct Pin(u64, Option<Times>);

    impl Row for Pin {
        fn id(&self) -> u64 {
            self.0
        }

        fn times(&self) -> Option<Times> {
            self.1
        }
    }

    /// Times of which many are equal, and at both ends of what there can be.
    fn times(random: &mut impl Rng) -> Option<Times> {
        let mut time = || [0, 5, 6, 7, 8, u64::MAX - 1, u64::MAX][random.random_range(0..7)];
        let times = Times { created: time(), updated: time() };
        random.random_bool(0.9).then_some(times)
    }

    /// What the index has to give, found by looking at all rows and sorting them.
    fn plain(rows: &[Pin], time: Time, range: &RangeInclusive<u64>, sequence: Sequence) -> Vec<u64> {
        let mut ids: Vec<_> = rows.iter().filter_map(|row| Some((row.times()?.of(time), row.id()))).collect();
        ids.retain(|(time, _)| range.contains(time));
        let key = |turned: bool, number: u64| if turned { u64::MAX - number } else { number };
        ids.sort_by_key(|&(time, id)| (key(sequence.latest_first, time), key(sequence.largest_id_first, id)));
        ids.into_iter().map(|(_, id)| id).collect()
    }

    fn sequences() -> impl Iterator<Item = Sequence> {
        let both = [false, true];
        both.into_iter()
            .flat_map(move |latest_first| both.map(|largest_id_first| Sequence { latest_first, largest_id_first }))
    }

    #[test]
    fn rows_are_gone_through_in_every_sequence_as_if_all_were_sorted() {
        let mut random = ChaCha8Rng::seed_from_u64(7);
        let rows: Vec<_> = (1..200).map(|id| Pin(id, times(&mut random))).collect();
        let index = TimeIndex::of(&rows);
        let mut found = 0;
        let ends = [0, 1, 5, 7, 8, u64::MAX - 1, u64::MAX];
        for (from, to) in ends.into_iter().flat_map(|from| ends.map(|to| (from, to))) {
            for (time, sequence) in sequences().flat_map(|by| [(Time::Created, by), (Time::Updated, by)]) {
                let range = from..=to;
                let expected = plain(&rows, time, &range, sequence);
                found += expected.len();
                let given: Vec<_> = index.in_sequence(time, range, sequence).collect();
                assert_eq!(given, expected, "{time:?} from {from} to {to}, {sequence:?}");
            }
        }
        assert!(found > 10_000, "there was something to find: {found}");
    }

    #[test]
    fn the_index_follows_rows_that_come_change_and_go() {
        let mut random = ChaCha8Rng::seed_from_u64(8);
        let mut rows: Vec<Pin> = Vec::new();
        let mut index = TimeIndex::default();
        for id in 1..500 {
            let new = times(&mut random);
            if rows.is_empty() || random.random_bool(0.4) {
                index.replace(id, None, new);
                rows.push(Pin(id, new));
            } else if random.random_bool(0.7) {
                let place = random.random_range(0..rows.len());
                index.replace(rows[place].0, rows[place].1, new);
                rows[place].1 = new;
            } else {
                let Pin(id, old) = rows.swap_remove(random.random_range(0..rows.len()));
                index.replace(id, old, None);
            }
            assert_eq!(index, TimeIndex::of(&rows));
        }
        assert!(rows.len() > 20);
    }
}
