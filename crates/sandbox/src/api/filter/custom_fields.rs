//! `filter[custom_fields_values][ID]`: some values, or a range of numbers or dates.

use super::{BadParameter, Query};
use crate::{
    Switches,
    store::{Card, Datum, FieldDefinition, FieldValue},
};

/// What a custom field must be.
pub(super) struct CustomField<'q> {
    id: u64,
    /// Whether its values are named by the ids of choices.
    has_choices: bool,
    values: Vec<&'q str>,
    from: Option<f64>,
    to: Option<f64>,
}

/// What `query` asks of the custom fields.
pub(super) fn of<'q>(
    query: &'q Query,
    definitions: &[FieldDefinition],
    switches: &Switches,
) -> Result<Vec<CustomField<'q>>, BadParameter> {
    let asked = query.members("custom_fields_values");
    if !asked.is_empty() && !switches.custom_fields_filter {
        return Err(BadParameter::InvalidFilter);
    }
    let field = |name: &'q str| {
        let id = name.parse().ok()?;
        let end = |end| query.values(&["filter", "custom_fields_values", name, end]);
        let number = |end_name| end(end_name).first().and_then(|value| value.parse().ok());
        Some(CustomField {
            id,
            has_choices: definitions.iter().any(|known| known.id == id && known.is_chosen()),
            values: query.values(&["filter", "custom_fields_values", name]),
            from: number("from"),
            to: number("to"),
        })
    };
    Ok(asked.into_iter().filter_map(field).collect())
}

impl CustomField<'_> {
    /// Whether a value of the card is as wanted.
    pub(super) fn is_in(&self, card: &Card) -> bool {
        card.fields.of(self.id).iter().any(|value| self.is_wanted(value) && self.is_within(value))
    }

    fn is_wanted(&self, value: &FieldValue) -> bool {
        let choice = value.choice.filter(|_| self.has_choices).map(|choice| choice.to_string());
        let shown = match &value.value {
            Datum::Flag(flag) => u8::from(*flag).to_string().into(),
            _ => value.shown(),
        };
        let is_it = |wanted: &&str| *wanted == shown || choice.as_deref() == Some(*wanted);
        self.values.is_empty() || self.values.iter().any(is_it)
    }

    fn is_within(&self, value: &FieldValue) -> bool {
        let number = value.shown().parse::<f64>().ok();
        let above = self.from.is_none_or(|from| number.is_some_and(|it| it >= from));
        let below = self.to.is_none_or(|to| number.is_some_and(|it| it <= to));
        above && below
    }
}
