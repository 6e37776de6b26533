//! Rows that hang on entities: found by their id, and by the entity without a look at all others.

use std::collections::HashMap;

use super::{Kind, Row, Table};

/// A row that hangs on an entity.
pub(crate) trait OfEntity: Row + Clone {
    /// The entity; a task may have none.
    fn entity(&self) -> Option<(Kind, u64)>;
}

/// A table of such rows.
pub(crate) struct ByEntity<T> {
    rows: Table<T>,
    /// The ids of the rows of each entity, ascending.
    ids: HashMap<(Kind, u64), Vec<u64>>,
}

impl<T: OfEntity> ByEntity<T> {
    /// As [`Table::new`].
    pub(crate) fn new(rows: Vec<T>, floor: u64) -> Self {
        let mut ids: HashMap<_, Vec<u64>> = HashMap::new();
        for row in &rows {
            if let Some(entity) = row.entity() {
                ids.entry(entity).or_default().push(row.id());
            }
        }
        Self { rows: Table::new(rows, floor), ids }
    }

    /// All rows by id, ascending; the deleted ones too.
    pub(crate) fn rows(&self) -> &[T] {
        self.rows.rows()
    }

    /// The row with this id, unless it was deleted.
    pub(crate) fn live(&self, id: u64) -> Option<&T> {
        self.rows.live(id)
    }

    /// The row with this id, even a deleted one.
    pub(crate) fn get(&self, id: u64) -> Option<&T> {
        self.rows.get(id)
    }

    /// The rows of one entity by id, ascending; the deleted ones too.
    pub(crate) fn of(&self, entity: (Kind, u64)) -> impl Iterator<Item = &T> {
        let ids = self.ids.get(&entity).map(Vec::as_slice).unwrap_or_default();
        ids.iter().filter_map(|&id| self.rows.get(id))
    }

    pub(super) fn next_id(&mut self) -> u64 {
        self.rows.next_id()
    }

    /// Adds a row whose id came from [`Self::next_id`].
    pub(super) fn push(&mut self, row: T) {
        self.place(&row);
        self.rows.push(row);
    }

    /// Puts a row where the one with its id was, and returns that one.
    pub(super) fn replace(&mut self, row: T) -> Option<T> {
        let old = self.rows.get(row.id())?.entity();
        if old != row.entity() {
            if let Some(ids) = old.and_then(|old| self.ids.get_mut(&old)) {
                ids.retain(|&id| id != row.id());
            }
            self.place(&row);
        }
        self.rows.replace(row)
    }

    fn place(&mut self, row: &T) {
        let Some(entity) = row.entity() else { return };
        let ids = self.ids.entry(entity).or_default();
        ids.insert(ids.partition_point(|&id| id < row.id()), row.id());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone)]
    struct Pin(u64, Option<u64>);

    impl Row for Pin {
        fn id(&self) -> u64 {
            self.0
        }

        fn is_deleted(&self) -> bool {
            false
        }
    }

    impl OfEntity for Pin {
        fn entity(&self) -> Option<(Kind, u64)> {
            self.1.map(|id| (Kind::Lead, id))
        }
    }

    #[test]
    fn a_row_that_moves_to_another_entity_is_found_there_and_no_longer_here() {
        let mut pins = ByEntity::new(vec![Pin(1, Some(7)), Pin(2, None), Pin(4, Some(8))], 0);
        let of = |pins: &ByEntity<Pin>, id| pins.of((Kind::Lead, id)).map(|pin| pin.0).collect::<Vec<_>>();
        assert_eq!((of(&pins, 7), of(&pins, 8), of(&pins, 9)), (vec![1], vec![4], vec![]));
        assert_eq!(pins.next_id(), 5);
        pins.push(Pin(5, Some(8)));
        pins.replace(Pin(1, Some(8)));
        pins.replace(Pin(2, Some(8)));
        pins.replace(Pin(4, None));
        assert_eq!((of(&pins, 7), of(&pins, 8)), (vec![], vec![1, 2, 5]));
        assert!(pins.replace(Pin(6, None)).is_none());
    }
}
