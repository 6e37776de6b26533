//! Custom fields that must have a value before a lead enters a stage.

use super::{Card, FieldDefinition, FieldError, Kind, Lead, NewLink, StageRef, Tables, card_changes::CardPlan};

/// Notes the fields that are required in `stage` and would have no value there: those of the lead, of its main contact
/// and of its company. `known` is the lead if it is there, `links` are those of a new one.
pub(super) fn check(
    stage: StageRef,
    (known, plan): (Option<&Lead>, &CardPlan),
    links: &[NewLink],
    tables: &Tables,
    errors: &mut Vec<FieldError>,
) {
    let card = known.map(|lead| &lead.card);
    let of_lead =
        |field: u64| plan.gives_value(field).unwrap_or_else(|| card.is_some_and(|card| has_value(card, field)));
    note(missing(Kind::Lead, stage, tables, of_lead), "", errors);
    for kind in [Kind::Contact, Kind::Company] {
        let mut new = links.iter().filter(|link| link.to.0 == kind);
        let first = new.clone().next();
        let main = new.find(|link| link.is_main).or(first).map(|link| link.to.1);
        let linked = card.and_then(|card| card.links.of(kind).first().copied()).or(main);
        let Some(other) = linked.and_then(|id| tables.card((kind, id))) else { continue };
        let path = format!("_embedded.{}.0.", kind.plural());
        note(missing(kind, stage, tables, |field| has_value(other, field)), &path, errors);
    }
}

fn has_value(card: &Card, field: u64) -> bool {
    !card.fields.of(field).is_empty()
}

/// The fields of `kind` that are required in the stage and have no value. Nobody can fill in what is hidden there.
fn missing(
    kind: Kind,
    stage: StageRef,
    tables: &Tables,
    has_value: impl Fn(u64) -> bool,
) -> impl Iterator<Item = &FieldDefinition> {
    let is_required = move |field: &&FieldDefinition| {
        field.required_statuses.contains(&stage) && !field.hidden_statuses.contains(&stage)
    };
    tables.fields.of(kind).iter().filter(is_required).filter(move |field| !has_value(field.id))
}

fn note<'d>(missing: impl Iterator<Item = &'d FieldDefinition>, path: &str, errors: &mut Vec<FieldError>) {
    errors.extend(missing.map(|field| FieldError {
        code: "FieldMissing",
        path: format!("{path}custom_fields_values"),
        detail: format!("The field {} ({}) is required in this stage.", field.id, field.name).into(),
    }));
}
