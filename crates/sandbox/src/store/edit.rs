//! The only functions that change a row. What they write down (events, what webhooks are told)
//! comes from comparing the row before with the row after, so that nothing is forgotten.

use super::{
    Card, Company, Contact, Context, Entity, EventValue, Kind, Lead, Row, Tables, differences::Differences,
    feed::ChangeKind, unsorted,
};
use crate::LeadAddedValue;

/// Adds the row that `make` makes with its new id; gives that id.
pub(super) fn add<E: Entity>(tables: &mut Tables, context: &Context<'_>, make: impl FnOnce(u64, &Tables) -> E) -> u64 {
    let id = E::table_mut(tables).next_id();
    let mut row = make(id, tables);
    row.card_mut().search = row.searchable(tables);
    E::table_mut(tables).push(row.clone());
    let name = format!("{}_added", E::KIND.singular());
    tables.search_lag.note(context, (E::KIND, id), "");
    // What amoCRM's feed shows of a new entity is a note of its own.
    let after = if E::KIND == Kind::Lead && context.switches.lead_added_value == LeadAddedValue::Empty {
        Vec::new()
    } else {
        vec![EventValue::Note { id: tables.notes.next_id() }]
    };
    tables.events.note(context, (E::KIND, id), name, Vec::new(), after);
    tables.feed.add(context, row.snapshot(), None, vec![ChangeKind::Add], Vec::new());
    id
}

/// Lets `change` change the row with this id.
pub(super) fn edit<E: Entity>(
    tables: &mut Tables,
    context: &Context<'_>,
    id: u64,
    change: impl FnOnce(&mut E, &Tables),
) {
    let Some(mut row) = E::table(tables).get(id).cloned() else { return };
    change(&mut row, tables);
    row.card_mut().search = row.searchable(tables);
    let Some(old) = E::table_mut(tables).replace(row.clone()) else { return };
    if old.card().search != row.card().search {
        tables.search_lag.note(context, (E::KIND, id), &old.card().search);
    }
    let differences = Differences::between(&old, &row, tables.fields.of(E::KIND));
    for (name, before, after) in differences.events {
        tables.events.note(context, (E::KIND, id), name, before, after);
    }
    tables.feed.add(context, row.snapshot(), Some(old.before()), kinds(&old, &row), differences.changed);
    let (was, is) = (old.card(), row.card());
    if E::KIND == Kind::Contact && (was.search != is.search || was.is_deleted != is.is_deleted) {
        refresh_leads_of(tables, Some(context), row.card());
    }
    if E::KIND == Kind::Lead {
        unsorted::lead_changed(id, tables, context);
    }
}

/// Shows the values of a field as its definition has them now. That is no change of the entities that
/// have such values: nothing is written down.
pub(super) fn refresh_field(tables: &mut Tables, kind: Kind, field: u64) {
    match kind {
        Kind::Lead => refresh_field_of::<Lead>(tables, field),
        Kind::Contact => refresh_field_of::<Contact>(tables, field),
        Kind::Company => refresh_field_of::<Company>(tables, field),
    }
}

fn refresh_field_of<E: Entity>(tables: &mut Tables, field: u64) {
    let has_value = |row: &&E| !row.card().fields.of(field).is_empty();
    let ids: Vec<_> = E::table(tables).iter().filter(has_value).map(Row::id).collect();
    for id in ids {
        let Some(mut row) = E::table(tables).get(id).cloned() else { continue };
        let fields = row.card().fields.redefined(tables.fields.of(E::KIND));
        row.card_mut().fields = fields;
        row.card_mut().search = row.searchable(tables);
        let old = E::table_mut(tables).replace(row.clone());
        if E::KIND == Kind::Contact && old.is_some_and(|old| old.card().search != row.card().search) {
            refresh_leads_of(tables, None, row.card());
        }
    }
}

/// Makes `closest_task_at` of an entity follow its tasks. That is no change of its own: no event and
/// no webhook tells it.
pub(super) fn follow_tasks(tables: &mut Tables, entity: (Kind, u64)) {
    let open = tables.tasks.of(entity).filter(|task| !task.is_completed && !task.is_deleted);
    let closest = open.map(|task| task.complete_till).min();
    let (kind, id) = entity;
    match kind {
        Kind::Lead => tables.leads.change(id, |lead| lead.card.closest_task_at = closest),
        Kind::Contact => tables.contacts.change(id, |contact| contact.card.closest_task_at = closest),
        Kind::Company => tables.companies.change(id, |company| company.card.closest_task_at = closest),
    }
}

/// Leads are found by what is known of their contacts. Without a context the search does not lag.
fn refresh_leads_of(tables: &mut Tables, context: Option<&Context<'_>>, contact: &Card) {
    for &id in &contact.links.leads {
        if let Some(mut lead) = tables.leads.get(id).cloned() {
            lead.card.search = lead.searchable(tables);
            if let Some(old) = tables.leads.replace(lead)
                && let Some(context) = context
            {
                tables.search_lag.note(context, (Kind::Lead, id), &old.card.search);
            }
        }
    }
}

fn kinds<E: Entity>(old: &E, new: &E) -> Vec<ChangeKind> {
    match (old.card().is_deleted, new.card().is_deleted) {
        (false, true) => return vec![ChangeKind::Delete],
        (true, false) => return vec![ChangeKind::Restore],
        _ => {}
    }
    let mut kinds = vec![ChangeKind::Update];
    if old.stage() != new.stage() {
        kinds.push(ChangeKind::Status);
    }
    if old.card().responsible_user_id != new.card().responsible_user_id {
        kinds.push(ChangeKind::Responsible);
    }
    kinds
}
