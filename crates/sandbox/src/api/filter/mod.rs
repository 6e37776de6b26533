//! Which entities a request asks for, and in what order.

mod custom_fields;
mod stages;
mod text;

use super::{
    problem::BadParameter,
    query::{Numbers, Query},
};
use crate::{
    DefaultOrder, Switches,
    store::{Action, Company, Contact, Entity, Lead, Permissions, Tables},
};
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
    /// The members that `order` knows.
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
    for field in fields {
        match query.numbers(field.name)? {
            None => {}
            Some(Numbers::OneOf(_)) if field.is_range => {
                conditions.push(Condition { read: field.read, wanted: Numbers::OneOf(Vec::new()) });
            }
            Some(wanted) => conditions.push(Condition { read: field.read, wanted }),
        }
    }
    Ok(conditions)
}

/// The entities that `query` asks for, in its order.
pub(crate) fn entities<'t, E: Filtered>(
    query: &Query,
    tables: &'t Tables,
    permissions: &Permissions<'_>,
    switches: &Switches,
    now: u64,
) -> Result<Vec<&'t E>, BadParameter> {
    let conditions = conditions(query, E::FIELDS)?;
    let text = Text::of(query);
    let names = query.values(&["filter", "name"]);
    let stages = Stage::all_of(query, &["filter", "statuses"]);
    let fields = custom_fields::of(query, tables.fields.of(E::KIND), switches)?;
    let deleted = query.with().has("only_deleted");
    let is_wanted = |entity: &&E| {
        let card = entity.card();
        card.is_deleted == deleted
            && conditions.iter().all(|condition| condition.holds(entity))
            && (names.is_empty() || names.contains(&card.name.as_str()))
            && (stages.is_empty() || stages.iter().any(|stage| stage.has(entity.stage())))
            && fields.iter().all(|field| field.is_in(card))
            && text.as_ref().is_none_or(|text| text.is_in(tables.search_lag.found_by(E::KIND, card, now)))
            && permissions.may(Action::View, *entity)
    };
    let table = E::table(tables);
    let mut found: Vec<_> = match query.numbers("id")? {
        // Some ids are looked up: the table may be long.
        Some(Numbers::OneOf(mut ids)) => {
            ids.sort_unstable();
            ids.dedup();
            ids.into_iter().filter_map(|id| table.get(id)).filter(is_wanted).collect()
        }
        _ => table.rows().iter().filter(is_wanted).collect(),
    };
    if switches.default_order == DefaultOrder::NewestFirst {
        found.reverse();
    }
    order(query, &mut found, E::FIELDS, E::ORDERS)?;
    Ok(found)
}

/// Orders by `order[…]`; without it they stay as they are.
pub(crate) fn order<E>(
    query: &Query,
    found: &mut [&E],
    fields: &[Field<E>],
    orders: &[&str],
) -> Result<(), BadParameter> {
    for name in orders {
        let Some(&direction) = query.values(&["order", name]).first() else { continue };
        let Some(Field { read, .. }) = fields.iter().find(|field| field.name == *name) else { continue };
        match direction {
            "asc" => found.sort_by_key(|entity| read(entity)),
            "desc" => found.sort_by_key(|entity| std::cmp::Reverse(read(entity))),
            _ => {
                let path = format!("order.{name}");
                return Err(BadParameter::new(path, "This value should be asc or desc."));
            }
        }
        return Ok(());
    }
    Ok(())
}
