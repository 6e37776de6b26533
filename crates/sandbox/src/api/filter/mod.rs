//! Which entities a request asks for, and in what order.

mod candidates;
mod custom_fields;
mod order;
mod stages;
#[cfg(test)]
mod tests;
mod text;

use super::{
    problem::BadParameter,
    query::{Numbers, Query},
};
use crate::{
    DefaultOrder, Switches,
    store::{Action, Company, Contact, Entity, FieldDefinition, Lead, Permissions, Tables},
};
use candidates::Candidates;
use custom_fields::CustomField;
use order::Order;
pub(crate) use stages::Stage;
use text::Text;

/// A member that `filter` and `order` know, and how to read it.
pub(crate) struct Field<E> {
    name: &'static str,
    read: fn(&E) -> Option<u64>,
    /// Whether `filter` takes only a range, `[from]` and `[to]`; a plain value finds nothing.
    is_range: bool,
}

/// A member that is one of some values, or within a range.
pub(crate) const fn one_of<E>(name: &'static str, read: fn(&E) -> Option<u64>) -> Field<E> {
    Field { name, read, is_range: false }
}

const fn range<E>(name: &'static str, read: fn(&E) -> Option<u64>) -> Field<E> {
    Field { name, read, is_range: true }
}

/// Entities that a list can be asked for.
pub(crate) trait Filtered: Entity {
    /// The members that `filter` knows.
    const FIELDS: &'static [Field<Self>];
    /// The members that `order` knows: the id, and times that their table has an index of.
    const ORDERS: &'static [&'static str];
}

impl Filtered for Lead {
    const FIELDS: &'static [Field<Self>] = &[
        one_of("id", |lead| Some(lead.card.id)),
        range("price", |lead| Some(lead.price)),
        one_of("pipeline_id", |lead| Some(lead.pipeline_id)),
        one_of("created_by", |lead| Some(lead.card.created_by)),
        one_of("updated_by", |lead| Some(lead.card.updated_by)),
        one_of("responsible_user_id", |lead| Some(lead.card.responsible_user_id.get())),
        range("created_at", |lead| Some(lead.card.created_at)),
        range("updated_at", |lead| Some(lead.card.updated_at)),
        range("closed_at", |lead| lead.closed_at),
        range("closest_task_at", |lead| lead.card.closest_task_at),
    ];
    const ORDERS: &'static [&'static str] = &["created_at", "updated_at", "id"];
}

/// What can be asked for of entities that have only a card.
const fn card_fields<E: Entity>() -> [Field<E>; 7] {
    [
        one_of("id", |entity: &E| Some(entity.card().id)),
        one_of("created_by", |entity: &E| Some(entity.card().created_by)),
        one_of("updated_by", |entity: &E| Some(entity.card().updated_by)),
        one_of("responsible_user_id", |entity: &E| Some(entity.card().responsible_user_id.get())),
        range("created_at", |entity: &E| Some(entity.card().created_at)),
        range("updated_at", |entity: &E| Some(entity.card().updated_at)),
        range("closest_task_at", |entity: &E| entity.card().closest_task_at),
    ]
}

impl Filtered for Contact {
    const FIELDS: &'static [Field<Self>] = &card_fields();
    const ORDERS: &'static [&'static str] = &["updated_at", "id"];
}

impl Filtered for Company {
    const FIELDS: &'static [Field<Self>] = &card_fields();
    const ORDERS: &'static [&'static str] = &["updated_at", "id"];
}

/// What a field of an entity must be.
pub(crate) struct Condition<E> {
    name: &'static str,
    read: fn(&E) -> Option<u64>,
    wanted: Numbers,
}

impl<E> Condition<E> {
    pub(crate) fn holds(&self, entity: &E) -> bool {
        self.wanted.matches((self.read)(entity))
    }
}

/// What each field must be, where the request says so.
pub(crate) fn conditions<E>(query: &Query, fields: &[Field<E>]) -> Result<Vec<Condition<E>>, BadParameter> {
    let mut conditions = Vec::new();
    for &Field { name, read, is_range } in fields {
        match query.numbers(name)? {
            None => {}
            Some(Numbers::OneOf(_)) if is_range => {
                conditions.push(Condition { name, read, wanted: Numbers::OneOf(Vec::new()) });
            }
            Some(wanted) => conditions.push(Condition { name, read, wanted }),
        }
    }
    Ok(conditions)
}

/// What the field of this name must be, if the request says so.
fn wanted<'c, E>(conditions: &'c [Condition<E>], name: &str) -> Option<&'c Numbers> {
    conditions.iter().find(|condition| condition.name == name).map(|condition| &condition.wanted)
}

/// What a request says of the entities that it asks for.
struct Filter<'q, E> {
    conditions: Vec<Condition<E>>,
    text: Option<Text>,
    names: Vec<&'q str>,
    stages: Vec<Stage>,
    custom_fields: Vec<CustomField<'q>>,
    are_deleted: bool,
}

impl<'q, E: Filtered> Filter<'q, E> {
    fn of(query: &'q Query, definitions: &[FieldDefinition], switches: &Switches) -> Result<Self, BadParameter> {
        Ok(Self {
            conditions: conditions(query, E::FIELDS)?,
            text: Text::of(query),
            names: query.values(&["filter", "name"]),
            stages: Stage::all_of(query, &["filter", "statuses"]),
            custom_fields: custom_fields::of(query, definitions, switches)?,
            are_deleted: query.with().has("only_deleted"),
        })
    }

    /// Whether `entity` is as the request says.
    fn lets(&self, entity: &E, tables: &Tables, now: u64) -> bool {
        let card = entity.card();
        card.is_deleted == self.are_deleted
            && self.conditions.iter().all(|condition| condition.holds(entity))
            && (self.names.is_empty() || self.names.contains(&card.name.as_str()))
            && (self.stages.is_empty() || self.stages.iter().any(|stage| stage.has(entity.stage())))
            && self.custom_fields.iter().all(|field| field.is_in(card))
            && self.text.as_ref().is_none_or(|text| text.is_in(tables.search_lag.found_by(E::KIND, card, now)))
    }
}

/// The first entities that `query` asks for, in its order: all of them if there are not more than
/// `most`.
pub(crate) fn entities<'t, E: Filtered>(
    query: &Query,
    tables: &'t Tables,
    permissions: &Permissions<'_>,
    switches: &Switches,
    now: u64,
    most: usize,
) -> Result<Vec<&'t E>, BadParameter> {
    let filter = Filter::of(query, tables.fields.of(E::KIND), switches)?;
    let order = Order::of(query, E::FIELDS, E::ORDERS)?;
    let is_wanted = |entity: &&E| filter.lets(*entity, tables, now) && permissions.may(Action::View, *entity);
    let largest_id_first = switches.default_order == DefaultOrder::NewestFirst;
    Ok(match Candidates::of(E::table(tables), &filter.conditions, order.as_ref(), largest_id_first) {
        Candidates::Few(mut rows) => {
            rows.retain(is_wanted);
            if largest_id_first {
                rows.reverse();
            }
            if let Some(order) = order {
                order.sort(&mut rows);
            }
            rows.truncate(most);
            rows
        }
        Candidates::Ordered(rows) => rows.filter(is_wanted).take(most).collect(),
    })
}

/// Orders what was found by id as the query says, or as lists are ordered that nobody asks for an order of.
pub(crate) fn order_by_id<E>(
    query: &Query,
    found: &mut [&E],
    fields: &[Field<E>],
    orders: &[&'static str],
    switches: &Switches,
) -> Result<(), BadParameter> {
    if switches.default_order == DefaultOrder::NewestFirst {
        found.reverse();
    }
    order(query, found, fields, orders)
}

/// Orders by `order[…]`; without it they stay as they are.
pub(crate) fn order<E>(
    query: &Query,
    found: &mut [&E],
    fields: &[Field<E>],
    orders: &[&'static str],
) -> Result<(), BadParameter> {
    if let Some(order) = Order::of(query, fields, orders)? {
        order.sort(found);
    }
    Ok(())
}
