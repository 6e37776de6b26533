//! Values of custom fields as requests write them, read by the type of the field.

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde_json::Value;

use super::{Datum, FieldDefinition, FieldError, FieldValue, field::Shape};

/// The longest value of a field of the type `text`, in characters. The UI takes longer ones.
const LONGEST_TEXT: usize = 256;

/// The most elements in a field of the type `chained_list`.
const MOST_ELEMENTS: usize = 5;

/// A field and the values it gets; without values it is cleared.
#[derive(Debug)]
pub(crate) struct FieldInput {
    pub(crate) field_id: Option<u64>,
    pub(crate) field_code: Option<String>,
    pub(crate) values: Vec<Value>,
}

/// What the values are, field by field; what is wrong goes into `errors`.
pub(super) fn check(
    inputs: Vec<FieldInput>,
    definitions: &[FieldDefinition],
    errors: &mut Vec<FieldError>,
) -> Vec<(u64, Vec<FieldValue>)> {
    let mut checked = Vec::with_capacity(inputs.len());
    for (place, input) in inputs.into_iter().enumerate() {
        let path = format!("custom_fields_values.{place}");
        let Some(definition) = find(&input, definitions) else {
            let member = if input.field_code.is_some() { "field_code" } else { "field_id" };
            errors.push(FieldError::not_supported_choice(format!("{path}.{member}")));
            continue;
        };
        let mut values = Vec::new();
        for (place, value) in input.values.into_iter().enumerate() {
            match read(value, definition) {
                Ok(value) => values.extend(value),
                Err(error) => {
                    let path = format!("{path}.values.{place}.{}", error.path);
                    errors.push(FieldError { path: path.trim_end_matches('.').to_owned(), ..error });
                }
            }
        }
        if definition.kind.shape == Shape::Bare && values.len() > MOST_ELEMENTS {
            errors.push(FieldError::too_many(format!("{path}.values"), MOST_ELEMENTS));
        }
        if matches!(definition.kind.shape, Shape::Text | Shape::Number | Shape::Flag | Shape::Date | Shape::Choice) {
            values.truncate(1);
        }
        checked.push((definition.id, values));
    }
    checked
}

fn find<'d>(input: &FieldInput, definitions: &'d [FieldDefinition]) -> Option<&'d FieldDefinition> {
    definitions.iter().find(|definition| match (input.field_id, &input.field_code) {
        (Some(id), _) => definition.id == id,
        (None, code) => code.is_some() && definition.code == *code,
    })
}

/// Reads one value; `None` if it is empty. The path of an error is relative to the value.
pub(crate) fn read(item: Value, definition: &FieldDefinition) -> Result<Option<FieldValue>, FieldError> {
    let Value::Object(mut members) = item else { return Err(FieldError::invalid_type("", "array")) };
    let shape = definition.kind.shape;
    let choice = match shape {
        Shape::Choice | Shape::Choices | Shape::Labelled => choice(&members, shape, definition)?,
        _ => None,
    };
    let value = match shape {
        Shape::Bare => return Ok(Some(value(definition, Datum::Object(Box::new(element(members)?)), None))),
        Shape::Choice | Shape::Choices => {
            let found = choice.and_then(|id| definition.choice(id));
            return match found {
                Some(found) => Ok(Some(value(definition, Datum::Text(found.value.clone()), choice))),
                None => Err(FieldError::missing("value")),
            };
        }
        _ => members.remove("value"),
    };
    let Some(given) = value.filter(|value| !value.is_null() && value != "") else { return Ok(None) };
    let datum = match shape {
        Shape::Number => Datum::Text(number(&given)?),
        Shape::Flag => Datum::Flag(flag(&given)?),
        Shape::Date => Datum::Number(date(&given)?),
        Shape::Object => Datum::Object(Box::new(object(given, definition)?)),
        _ => Datum::Text(text(given, definition)?),
    };
    Ok(Some(self::value(definition, datum, choice)))
}

fn value(definition: &FieldDefinition, value: Datum, choice: Option<u64>) -> FieldValue {
    FieldValue { field: definition.id, value, choice }
}

/// The choice that is named by `enum_id`, `enum_code` or, unless it is only a label, the value. A
/// label that is not named is the first.
fn choice(
    members: &serde_json::Map<String, Value>,
    shape: Shape,
    definition: &FieldDefinition,
) -> Result<Option<u64>, FieldError> {
    let given = |name: &str| members.get(name).filter(|value| !value.is_null());
    let mut choices = definition.choices.iter();
    let (path, found) = if let Some(id) = given("enum_id") {
        ("enum_id", choices.find(|choice| id.as_u64() == Some(choice.id)))
    } else if let Some(code) = given("enum_code") {
        ("enum_code", choices.find(|choice| choice.code.is_some() && code.as_str() == choice.code.as_deref()))
    } else if shape == Shape::Labelled {
        ("enum_id", choices.next())
    } else if let Some(value) = given("value") {
        ("value", choices.find(|choice| value.as_str() == Some(&choice.value)))
    } else {
        return Ok(None);
    };
    found.map(|choice| Some(choice.id)).ok_or_else(|| FieldError::not_supported_choice(path))
}

fn text(value: Value, definition: &FieldDefinition) -> Result<String, FieldError> {
    let text = match value {
        Value::String(text) => text,
        Value::Number(number) => number.to_string(),
        _ => return Err(FieldError::invalid_type("value", "string")),
    };
    if definition.kind.name == "text" && text.chars().count() > LONGEST_TEXT {
        return Err(FieldError::too_long("value", LONGEST_TEXT));
    }
    Ok(text)
}

fn number(value: &Value) -> Result<String, FieldError> {
    match value {
        Value::Number(number) => Ok(number.to_string()),
        Value::String(text) if text.trim().parse::<f64>().is_ok_and(f64::is_finite) => Ok(text.trim().to_owned()),
        _ => Err(FieldError::invalid_type("value", "numeric")),
    }
}

fn flag(value: &Value) -> Result<bool, FieldError> {
    let number = value.as_u64().filter(|&number| number < 2).map(|number| number == 1);
    value.as_bool().or(number).ok_or_else(|| FieldError::invalid_type("value", "bool"))
}

/// Seconds since 1970, a moment in RFC 3339, or a day.
fn date(value: &Value) -> Result<i64, FieldError> {
    let moment = value.as_i64().or_else(|| value.as_str().and_then(moment));
    moment.ok_or_else(|| FieldError::invalid_type("value", "int"))
}

/// Seconds since 1970, a moment in RFC 3339, or a day, as text.
pub(crate) fn moment(text: &str) -> Option<i64> {
    let text = text.trim();
    let moment = || text.parse::<Timestamp>().ok();
    let day = || text.parse::<Date>().ok()?.to_zoned(TimeZone::UTC).ok().map(|day| day.timestamp());
    text.parse().ok().or_else(|| moment().or_else(day).map(Timestamp::as_second))
}

/// An object with what its type cannot do without.
fn object(value: Value, definition: &FieldDefinition) -> Result<Value, FieldError> {
    let Value::Object(members) = &value else { return Err(FieldError::invalid_type("value", "array")) };
    let required = match definition.kind.name {
        "legal_entity" => Some("name"),
        "file" => Some("file_uuid"),
        _ => None,
    };
    if let Some(name) = required
        && members.get(name).and_then(Value::as_str).is_none_or(str::is_empty)
    {
        return Err(FieldError::missing(format!("value.{name}")));
    }
    // 1 is a private person, 2 a company.
    let entity_type = members.get("entity_type").filter(|kind| !kind.is_null());
    if definition.kind.name == "legal_entity" && entity_type.is_some_and(|kind| !matches!(kind.as_u64(), Some(1 | 2))) {
        return Err(FieldError::not_supported_choice("value.entity_type"));
    }
    Ok(value)
}

/// An element of a list (catalog), by its ids.
fn element(members: serde_json::Map<String, Value>) -> Result<Value, FieldError> {
    for name in ["catalog_id", "catalog_element_id"] {
        match members.get(name) {
            None => return Err(FieldError::missing(name)),
            Some(id) if id.as_u64().is_none() => return Err(FieldError::invalid_type(name, "int")),
            Some(_) => {}
        }
    }
    Ok(members.into())
}
