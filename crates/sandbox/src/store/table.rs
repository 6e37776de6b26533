//! Rows by id, ascending, and the counter that new ids come from.

use std::ops::Deref;

/// What a table keeps.
pub(crate) trait Row {
    fn id(&self) -> u64;

    /// Whether it is in the bin.
    fn is_deleted(&self) -> bool {
        false
    }
}

/// The rows of one kind.
pub(crate) struct Table<T> {
    rows: Vec<T>,
    last_id: u64,
}

impl<T: Row> Table<T> {
    /// A table with `rows`, whose ids ascend. New ids are larger than theirs and than `floor`.
    pub(crate) fn new(rows: Vec<T>, floor: u64) -> Self {
        let last_id = rows.last().map_or(floor, |last| floor.max(last.id()));
        Self { rows, last_id }
    }

    /// All rows by id, ascending; the deleted ones too.
    pub(crate) fn rows(&self) -> &[T] {
        &self.rows
    }

    /// The row with this id, even a deleted one.
    pub(crate) fn get(&self, id: u64) -> Option<&T> {
        self.rows.get(self.place(id)?)
    }

    /// The row with this id, to change what nothing is written down about.
    pub(super) fn get_mut(&mut self, id: u64) -> Option<&mut T> {
        let place = self.place(id)?;
        self.rows.get_mut(place)
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
        self.rows.push(row);
    }

    /// Puts a row where the one with its id was, and returns that one.
    pub(super) fn replace(&mut self, row: T) -> Option<T> {
        let place = self.place(row.id())?;
        self.rows.get_mut(place).map(|slot| std::mem::replace(slot, row))
    }

    /// Lets `change` change each row, except for its id.
    pub(super) fn each_mut(&mut self, change: impl FnMut(&mut T)) {
        self.rows.iter_mut().for_each(change);
    }

    /// Takes the row with this id out.
    pub(super) fn remove(&mut self, id: u64) -> Option<T> {
        let place = self.place(id)?;
        Some(self.rows.remove(place))
    }

    fn place(&self, id: u64) -> Option<usize> {
        self.rows.binary_search_by_key(&id, Row::id).ok()
    }
}

impl<T> Deref for Table<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.rows
    }
}
