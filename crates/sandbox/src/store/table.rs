//! Rows by id, ascending, their index by time, and the counter that new ids come from.

use std::ops::{Deref, RangeInclusive};

use super::{Sequence, Time, Times, time_index::TimeIndex};

/// What a table keeps.
pub(crate) trait Row {
    fn id(&self) -> u64;

    /// Whether it is in the bin.
    fn is_deleted(&self) -> bool {
        false
    }

    /// The times that its table finds it by.
    fn times(&self) -> Option<Times> {
        None
    }
}

/// The rows of one kind.
pub(crate) struct Table<T> {
    rows: Vec<T>,
    times: TimeIndex,
    last_id: u64,
}

impl<T: Row> Table<T> {
    /// A table with `rows`, whose ids ascend. New ids are larger than theirs and than `floor`.
    pub(crate) fn new(rows: Vec<T>, floor: u64) -> Self {
        let last_id = rows.last().map_or(floor, |last| floor.max(last.id()));
        Self { times: TimeIndex::of(&rows), rows, last_id }
    }

    /// All rows by id, ascending; the deleted ones too.
    pub(crate) fn rows(&self) -> &[T] {
        &self.rows
    }

    /// The row with this id, even a deleted one.
    pub(crate) fn get(&self, id: u64) -> Option<&T> {
        self.rows.get(self.place(id)?)
    }

    /// The ids of the rows with a time within `range`, in this sequence; of the deleted ones too.
    pub(crate) fn by_time(
        &self,
        time: Time,
        range: RangeInclusive<u64>,
        sequence: Sequence,
    ) -> Box<dyn Iterator<Item = u64> + '_> {
        self.times.in_sequence(time, range, sequence)
    }

    /// The row with this id, unless it was deleted.
    pub(crate) fn live(&self, id: u64) -> Option<&T> {
        self.get(id).filter(|row| !row.is_deleted())
    }

    /// The id of the row that will be added next.
    pub(super) fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// Adds a row whose id came from [`Self::next_id`].
    pub(super) fn push(&mut self, row: T) {
        self.times.replace(row.id(), None, row.times());
        self.rows.push(row);
    }

    /// Puts a row where the one with its id was, and returns that one.
    pub(super) fn replace(&mut self, row: T) -> Option<T> {
        let place = self.place(row.id())?;
        let slot = self.rows.get_mut(place)?;
        self.times.replace(row.id(), slot.times(), row.times());
        Some(std::mem::replace(slot, row))
    }

    /// Lets `change` change the row with this id, except for its id, where nothing is written down
    /// about that.
    pub(super) fn change(&mut self, id: u64, change: impl FnOnce(&mut T)) {
        if let Some(row) = self.place(id).and_then(|place| self.rows.get_mut(place)) {
            follow(&mut self.times, row, change);
        }
    }

    /// Lets `change` change each row, except for its id.
    pub(super) fn each_mut(&mut self, mut change: impl FnMut(&mut T)) {
        for row in &mut self.rows {
            follow(&mut self.times, row, &mut change);
        }
    }

    /// Takes the row with this id out.
    pub(super) fn remove(&mut self, id: u64) -> Option<T> {
        let row = self.rows.remove(self.place(id)?);
        self.times.replace(id, row.times(), None);
        Some(row)
    }

    fn place(&self, id: u64) -> Option<usize> {
        self.rows.binary_search_by_key(&id, Row::id).ok()
    }
}

/// Lets `change` change a row; its index follows.
fn follow<T: Row>(times: &mut TimeIndex, row: &mut T, change: impl FnOnce(&mut T)) {
    let old = row.times();
    change(row);
    times.replace(row.id(), old, row.times());
}

impl<T> Deref for Table<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, PartialEq)]
    struct Pin {
        id: u64,
        updated: u64,
    }

    impl Row for Pin {
        fn id(&self) -> u64 {
            self.id
        }

        fn times(&self) -> Option<Times> {
            Some(Times { created: 1, updated: self.updated })
        }
    }

    fn pin(id: u64, updated: u64) -> Pin {
        Pin { id, updated }
    }

    #[test]
    fn the_index_by_time_is_that_of_the_rows_whatever_becomes_of_them() {
        let mut pins = Table::new(vec![pin(1, 30), pin(2, 20)], 0);
        let check = |pins: &Table<Pin>, expected: &[u64]| {
            let all = pins.by_time(Time::Updated, 0..=u64::MAX, Sequence::default()).collect::<Vec<_>>();
            assert_eq!(all, expected);
            assert_eq!(pins.times, TimeIndex::of(pins.rows()));
        };
        check(&pins, &[2, 1]);
        pins.push(pin(3, 25));
        check(&pins, &[2, 3, 1]);
        assert_eq!(pins.replace(pin(1, 10)), Some(pin(1, 30)));
        check(&pins, &[1, 2, 3]);
        pins.change(2, |pin| pin.updated = 40);
        check(&pins, &[1, 3, 2]);
        pins.each_mut(|pin| pin.updated = 100 - pin.updated);
        check(&pins, &[2, 3, 1]);
        assert_eq!(pins.remove(3), Some(pin(3, 75)));
        check(&pins, &[2, 1]);
        assert_eq!((pins.replace(pin(7, 1)), pins.remove(7)), (None, None));
        check(&pins, &[2, 1]);
    }
}
