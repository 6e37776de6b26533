//! Which events a request asks for. Lists may be written with commas.

use std::borrow::Cow;

use crate::{
    api::{
        filter::Stage,
        problem::BadParameter,
        query::{Numbers, Query},
    },
    store::{Event, EventValue, Events, Kind, Subject},
};

/// The most entities and the most authors that a filter may name, and the most ids.
const MOST_NAMED: usize = 10;
const MOST_IDS: usize = 100;

/// What the filters of a request ask for.
pub(super) struct Wanted<'q> {
    ids: Vec<&'q str>,
    types: Vec<&'q str>,
    entities: Vec<&'q str>,
    entity_ids: Vec<u64>,
    authors: Option<Numbers>,
    times: Option<Numbers>,
    before: Values<'q>,
    after: Values<'q>,
}

impl<'q> Wanted<'q> {
    pub(super) fn of(query: &'q Query) -> Result<Self, BadParameter> {
        let wanted = Self {
            ids: query.listed("id"),
            types: types(query),
            entities: query.listed("entity"),
            entity_ids: match query.numbers("entity_id")? {
                Some(Numbers::OneOf(ids)) => ids,
                _ => Vec::new(),
            },
            authors: query.numbers("created_by")?,
            times: query.times("created_at")?,
            before: Values::of(query, "value_before"),
            after: Values::of(query, "value_after"),
        };
        wanted.check()?;
        Ok(wanted)
    }

    fn check(&self) -> Result<(), BadParameter> {
        let bad = |name: &str, detail| Err(BadParameter::new(format!("filter.{name}"), detail));
        if !self.entities.iter().all(|entity| is_entity(entity)) {
            return bad("entity", "The value you selected is not a valid choice.");
        }
        if !self.entity_ids.is_empty() && self.entities.len() != 1 {
            return bad("entity", "Exactly one entity is wanted with entity_id.");
        }
        if self.entity_ids.len() > MOST_NAMED {
            return bad("entity_id", "This collection should contain 10 elements or less.");
        }
        if matches!(&self.authors, Some(Numbers::OneOf(authors)) if authors.len() > MOST_NAMED) {
            return bad("created_by", "This collection should contain 10 elements or less.");
        }
        if self.ids.len() > MOST_IDS {
            return bad("id", "This collection should contain 100 elements or less.");
        }
        Ok(())
    }

    /// The events that are asked for, the latest first. Those of some entities, and those with some
    /// ids, are found without a look at all others.
    pub(super) fn find<'e>(&self, events: &'e Events) -> Vec<&'e Event> {
        let has = |event: &&Event| self.has(event);
        let mut found: Vec<_> = if !self.ids.is_empty() {
            self.ids.iter().filter_map(|id| events.get(id)).filter(has).collect()
        } else if let (false, Some(entity)) = (self.entity_ids.is_empty(), self.entities.first()) {
            let subjects = self.entity_ids.iter().filter_map(|&id| subject(entity, id));
            subjects.flat_map(|subject| events.of(subject)).filter(has).collect()
        } else {
            return events.rows().iter().rev().filter(has).collect();
        };
        found.sort_unstable_by(|one, other| other.id.cmp(&one.id));
        found.dedup_by(|one, other| one.id == other.id);
        found
    }

    fn has(&self, event: &Event) -> bool {
        let among = |list: &[&str], word: &str| list.is_empty() || list.contains(&word);
        among(&self.types, &event.name)
            && among(&self.entities, event.subject.singular())
            && (self.entity_ids.is_empty() || self.entity_ids.contains(&event.subject.id()))
            && self.authors.as_ref().is_none_or(|authors| authors.matches(Some(event.created_by)))
            && self.times.as_ref().is_none_or(|times| times.matches(Some(event.created_at)))
            && self.before.are_in(&event.before)
            && self.after.are_in(&event.after)
    }
}

/// The types that are asked for. Those of single custom fields exclude all others.
fn types(query: &Query) -> Vec<&str> {
    let mut types = query.listed("type");
    let is_of_field = |name: &&str| {
        let id = name.strip_prefix("custom_field_").and_then(|rest| rest.strip_suffix("_value_changed"));
        id.is_some_and(|id| id.parse::<u64>().is_ok())
    };
    if types.iter().any(is_of_field) {
        types.retain(is_of_field);
    }
    types
}

/// Whether a filter may name this entity.
fn is_entity(name: &str) -> bool {
    let catalog = || name.strip_prefix("catalog_").is_some_and(|id| id.parse::<u64>().is_ok());
    matches!(name, "lead" | "contact" | "company" | "customer" | "task") || catalog()
}

fn subject(entity: &str, id: u64) -> Option<Subject> {
    let kind = Kind::ALL.into_iter().find(|kind| kind.singular() == entity);
    let task = (entity == "task").then_some(Subject::Task(id));
    kind.map(|kind| Subject::Card(kind, id)).or(task)
}

/// What `filter[value_before]` or `filter[value_after]` asks for.
struct Values<'q> {
    stages: Vec<Stage>,
    users: Vec<&'q str>,
    fields: Vec<&'q str>,
    others: Vec<&'q str>,
}

impl<'q> Values<'q> {
    fn of(query: &'q Query, side: &str) -> Self {
        let listed = |name| query.listed_at(&["filter", side, name]);
        Self {
            stages: Stage::all_of(query, &["filter", side, "leads_statuses"]),
            users: listed("responsible_user_id"),
            fields: listed("custom_field_values"),
            others: listed("value"),
        }
    }

    /// Whether one of the values is as asked for, if anything is.
    fn are_in(&self, values: &[EventValue]) -> bool {
        let asks =
            !(self.stages.is_empty() && self.users.is_empty() && self.fields.is_empty() && self.others.is_empty());
        !asks || values.iter().any(|value| self.has(value))
    }

    fn has(&self, value: &EventValue) -> bool {
        match value {
            EventValue::LeadStatus { id, pipeline_id } => {
                self.stages.iter().any(|stage| stage.has(Some((*pipeline_id, *id))))
            }
            EventValue::ResponsibleUser { id } => self.users.contains(&id.to_string().as_str()),
            EventValue::CustomFieldValue { enum_id, text, .. } => {
                let choice = enum_id.map(|id| id.to_string());
                self.fields.iter().any(|wanted| *wanted == text || Some(*wanted) == choice.as_deref())
                    || self.others.contains(&text.as_str())
            }
            other => shown(other).is_some_and(|shown| self.others.contains(&&*shown)),
        }
    }
}

/// What `value` compares of the values that are one number or one text.
fn shown(value: &EventValue) -> Option<Cow<'_, str>> {
    match value {
        EventValue::SaleFieldValue { sale } => Some(sale.to_string().into()),
        EventValue::TaskDeadline { timestamp } => Some(timestamp.to_string().into()),
        EventValue::TaskType { id } => Some(id.to_string().into()),
        EventValue::NameFieldValue { name } | EventValue::Tag { name } => Some(name.into()),
        EventValue::Task { text } => Some(text.into()),
        _ => None,
    }
}
