//! Which leads and contacts a request asks for, and in what order.

use super::{
    problem::BadParameter,
    query::{Numbers, Query},
};
use crate::store::{Action, Contact, Lead, Permissions};

/// The text of `query`, in lower case.
fn wanted_text(query: &Query) -> Option<String> {
    query.text("query").map(str::to_lowercase)
}

/// A field and how to read it.
type Field<T> = (&'static str, fn(&T) -> Option<u64>);

const LEAD_FIELDS: [Field<Lead>; 10] = [
    ("id", |lead| Some(lead.card.id)),
    ("price", |lead| Some(lead.price)),
    ("pipeline_id", |lead| Some(lead.pipeline_id)),
    ("created_by", |lead| Some(lead.card.created_by)),
    ("updated_by", |lead| Some(lead.card.updated_by)),
    ("responsible_user_id", |lead| Some(lead.card.responsible_user_id.get())),
    ("created_at", |lead| Some(lead.card.created_at)),
    ("updated_at", |lead| Some(lead.card.updated_at)),
    ("closed_at", |lead| lead.closed_at),
    ("closest_task_at", |lead| lead.card.closest_task_at),
];

const CONTACT_FIELDS: [Field<Contact>; 5] = [
    ("id", |contact| Some(contact.card.id)),
    ("created_by", |contact| Some(contact.card.created_by)),
    ("responsible_user_id", |contact| Some(contact.card.responsible_user_id.get())),
    ("created_at", |contact| Some(contact.card.created_at)),
    ("updated_at", |contact| Some(contact.card.updated_at)),
];

/// What a field of an entry must be.
struct Condition<T> {
    read: fn(&T) -> Option<u64>,
    wanted: Numbers,
}

impl<T> Condition<T> {
    fn holds(&self, entry: &T) -> bool {
        self.wanted.matches((self.read)(entry))
    }
}

/// What each of `fields` must be, where the request says so.
fn conditions<T>(query: &Query, fields: &[Field<T>]) -> Result<Vec<Condition<T>>, BadParameter> {
    let mut conditions = Vec::new();
    for &(name, read) in fields {
        if let Some(wanted) = query.numbers(name)? {
            conditions.push(Condition { read, wanted });
        }
    }
    Ok(conditions)
}

/// The leads that `query` asks for, in its order.
pub(crate) fn leads<'a>(
    query: &Query,
    all: &'a [Lead],
    permissions: &Permissions<'_>,
) -> Result<Vec<&'a Lead>, BadParameter> {
    let conditions = conditions(query, &LEAD_FIELDS)?;
    let text = wanted_text(query);
    let names = query.values(&["filter", "name"]);
    let stages = stages(query);
    let fields = custom_fields(query);
    let deleted = query.with().has("only_deleted");
    let mut found: Vec<_> = all
        .iter()
        .filter(|lead| lead.card.is_deleted == deleted)
        .filter(|lead| permissions.may(Action::View, *lead))
        .filter(|lead| conditions.iter().all(|condition| condition.holds(lead)))
        .filter(|lead| names.is_empty() || names.contains(&lead.card.name.as_str()))
        .filter(|lead| stages.is_empty() || stages.iter().any(|stage| stage.has(lead)))
        .filter(|lead| fields.iter().all(|field| field.is_in(lead)))
        .filter(|lead| text.as_ref().is_none_or(|text| lead.card.search.contains(text)))
        .collect();
    order(query, &mut found, &LEAD_FIELDS)?;
    Ok(found)
}

/// The contacts that `query` asks for, in its order.
pub(crate) fn contacts<'a>(
    query: &Query,
    all: &'a [Contact],
    permissions: &Permissions<'_>,
) -> Result<Vec<&'a Contact>, BadParameter> {
    let conditions = conditions(query, &CONTACT_FIELDS)?;
    let text = wanted_text(query);
    let names = query.values(&["filter", "name"]);
    let mut found: Vec<_> = all
        .iter()
        .filter(|contact| !contact.card.is_deleted)
        .filter(|contact| permissions.may(Action::View, *contact))
        .filter(|contact| conditions.iter().all(|condition| condition.holds(contact)))
        .filter(|contact| names.is_empty() || names.contains(&contact.card.name.as_str()))
        .filter(|contact| text.as_ref().is_none_or(|text| contact.card.search.contains(text)))
        .collect();
    order(query, &mut found, &CONTACT_FIELDS)?;
    Ok(found)
}

/// Orders by `order[created_at|updated_at|id]`; without it by id, ascending, as the lists are.
fn order<T>(query: &Query, found: &mut [&T], fields: &[Field<T>]) -> Result<(), BadParameter> {
    for name in ["created_at", "updated_at", "id"] {
        let Some(&direction) = query.values(&["order", name]).first() else { continue };
        let Some((_, read)) = fields.iter().find(|(field, _)| *field == name) else { continue };
        match direction {
            "asc" => found.sort_by_key(|entry| read(entry)),
            "desc" => found.sort_by_key(|entry| std::cmp::Reverse(read(entry))),
            _ => {
                let path = format!("order.{name}");
                return Err(BadParameter::new(path, "This value should be asc or desc."));
            }
        }
        return Ok(());
    }
    Ok(())
}

/// `filter[statuses][n]`: a pipeline, and a stage of it.
struct Stage<'a> {
    pipelines: Vec<&'a str>,
    stages: Vec<&'a str>,
}

impl Stage<'_> {
    fn has(&self, lead: &Lead) -> bool {
        let among =
            |wanted: &[&str], id: u64| wanted.is_empty() || wanted.iter().any(|wanted| *wanted == id.to_string());
        among(&self.pipelines, lead.pipeline_id) && among(&self.stages, lead.status_id)
    }
}

fn stages(query: &Query) -> Vec<Stage<'_>> {
    let stage = |mut group: std::collections::BTreeMap<_, _>| Stage {
        pipelines: group.remove("pipeline_id").unwrap_or_default(),
        stages: group.remove("status_id").unwrap_or_default(),
    };
    query.groups("statuses").into_iter().map(stage).collect()
}

/// `filter[custom_fields_values][ID]`: one of some values, or a number within a range.
struct CustomField<'a> {
    id: u64,
    values: Vec<&'a str>,
    from: Option<f64>,
    to: Option<f64>,
}

impl CustomField<'_> {
    fn is_in(&self, lead: &Lead) -> bool {
        lead.card.fields.of(self.id).iter().any(|value| {
            let shown = value.shown();
            let number = shown.parse::<f64>().ok();
            let above = self.from.is_none_or(|from| number.is_some_and(|it| it >= from));
            let below = self.to.is_none_or(|to| number.is_some_and(|it| it <= to));
            let listed = self.values.is_empty() || self.values.contains(&&*shown);
            above && below && listed
        })
    }
}

fn custom_fields(query: &Query) -> Vec<CustomField<'_>> {
    query
        .members("custom_fields_values")
        .into_iter()
        .filter_map(|id| {
            let end = |end| query.values(&["filter", "custom_fields_values", id, end]);
            let number = |end_name| end(end_name).first().and_then(|value| value.parse().ok());
            Some(CustomField {
                id: id.parse().ok()?,
                values: query.values(&["filter", "custom_fields_values", id]),
                from: number("from"),
                to: number("to"),
            })
        })
        .collect()
}
