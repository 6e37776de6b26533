//! Changing notes and tasks. As with entities, what is written down comes from comparing the row
//! before with the row after.

use super::{
    ByEntity, Context, OfEntity, Subject, Tables,
    differences::Differences,
    feed::{Before, ChangeKind, Snapshot},
};

/// A row that hangs on an entity, where it is kept, and what its changes mean.
pub(super) trait Attached: OfEntity {
    fn table_mut(tables: &mut Tables) -> &mut ByEntity<Self>;

    /// What its events are about.
    fn subject(&self) -> Subject;

    /// What webhooks are told of it.
    fn snapshot(&self) -> Snapshot;

    /// What webhooks tell of how it was before a change.
    fn before(&self) -> Before;

    /// What differs from how it was before; `None` if it was not there.
    fn differences(&self, old: Option<&Self>) -> Differences;

    /// What the change is to webhooks; they are not told of one that is nothing.
    fn kinds(&self, old: Option<&Self>) -> Vec<ChangeKind>;

    /// Makes other rows follow.
    fn settle(_tables: &mut Tables, _entity: Option<(super::Kind, u64)>) {}
}

/// Adds the row that `make` makes with its new id; gives that id.
pub(super) fn add<T: Attached>(tables: &mut Tables, context: &Context<'_>, make: impl FnOnce(u64) -> T) -> u64 {
    let id = T::table_mut(tables).next_id();
    let row = make(id);
    T::table_mut(tables).push(row.clone());
    record(tables, context, None, &row);
    id
}

/// Lets `change` change the row with this id.
pub(super) fn edit<T: Attached>(tables: &mut Tables, context: &Context<'_>, id: u64, change: impl FnOnce(&mut T)) {
    let Some(mut row) = T::table_mut(tables).get(id).cloned() else { return };
    change(&mut row);
    let Some(old) = T::table_mut(tables).replace(row.clone()) else { return };
    record(tables, context, Some(&old), &row);
}

fn record<T: Attached>(tables: &mut Tables, context: &Context<'_>, old: Option<&T>, new: &T) {
    let differences = new.differences(old);
    for (name, before, after) in differences.events {
        tables.events.note(context, new.subject(), name, before, after);
    }
    let kinds = new.kinds(old);
    if !kinds.is_empty() {
        tables.feed.add(context, new.snapshot(), old.map(T::before), kinds, differences.changed);
    }
    T::settle(tables, new.entity());
    if let Some(old) = old.filter(|old| old.entity() != new.entity()) {
        T::settle(tables, old.entity());
    }
}
