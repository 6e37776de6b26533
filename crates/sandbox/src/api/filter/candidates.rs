//! Which rows of a table are looked at for a list: the few that ids or times name, or the table in the
//! order that is asked for, of which the beginning will do. So a page of a long table costs about as
//! much as one of a short table.

use super::{Condition, Filtered, Order, wanted};
use crate::{
    api::query::Numbers,
    store::{Sequence, Table, Time},
};

/// The members that a table has an index of.
const TIMES: [(&str, Time); 2] = [("created_at", Time::Created), ("updated_at", Time::Updated)];

/// Rows with a time within a range are few if not more than one of so many is. To find more by their
/// ids takes longer than to go through the table.
const ONE_OF: usize = 16;

/// Rows of a table, among them all that meet the conditions.
pub(super) enum Candidates<'t, E> {
    /// By id, ascending, whatever the order that is asked for.
    Few(Vec<&'t E>),
    /// In the order that is asked for.
    Ordered(Box<dyn Iterator<Item = &'t E> + 't>),
}

impl<'t, E: Filtered> Candidates<'t, E> {
    /// The rows to look at. Without an `order`, and among rows that are equal by it, the smallest id
    /// comes first, or the largest.
    pub(super) fn of(
        table: &'t Table<E>,
        conditions: &[Condition<E>],
        order: Option<&Order<E>>,
        largest_id_first: bool,
    ) -> Self {
        few(table, conditions)
            .map_or_else(|| Self::Ordered(ordered(table, conditions, order, largest_id_first)), Self::Few)
    }
}

/// The rows with one of the ids, or with a time within the range, that the conditions name, if they
/// are few.
fn few<'t, E: Filtered>(table: &'t Table<E>, conditions: &[Condition<E>]) -> Option<Vec<&'t E>> {
    if let Some(Numbers::OneOf(ids)) = wanted(conditions, "id") {
        return Some(rows(table, ids.clone()));
    }
    let most = table.len() / ONE_OF;
    TIMES.into_iter().find_map(|(name, time)| {
        let range = wanted(conditions, name)?.bounds();
        let ids: Vec<_> = table.by_time(time, range, Sequence::default()).take(most + 1).collect();
        (ids.len() <= most).then(|| rows(table, ids))
    })
}

/// The rows with these ids, each once.
fn rows<E: Filtered>(table: &Table<E>, mut ids: Vec<u64>) -> Vec<&E> {
    ids.sort_unstable();
    ids.dedup();
    ids.into_iter().filter_map(|id| table.get(id)).collect()
}

/// The rows in the order that is asked for, without those whose time the conditions exclude where the
/// order is by that time.
fn ordered<'t, E: Filtered>(
    table: &'t Table<E>,
    conditions: &[Condition<E>],
    order: Option<&Order<E>>,
    largest_id_first: bool,
) -> Box<dyn Iterator<Item = &'t E> + 't> {
    let Some(order) = order else { return by_id(table, largest_id_first) };
    let Some((name, time)) = TIMES.into_iter().find(|(name, _)| *name == order.name) else {
        return by_id(table, order.is_descending);
    };
    let range = wanted(conditions, name).map_or(0..=u64::MAX, Numbers::bounds);
    let sequence = Sequence { latest_first: order.is_descending, largest_id_first };
    Box::new(table.by_time(time, range, sequence).filter_map(|id| table.get(id)))
}

fn by_id<E: Filtered>(table: &Table<E>, largest_first: bool) -> Box<dyn Iterator<Item = &E> + '_> {
    let rows = table.rows().iter();
    if largest_first { Box::new(rows.rev()) } else { Box::new(rows) }
}
