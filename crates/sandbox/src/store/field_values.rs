//! The values of an entity's custom fields, and the JSON they are shown as.

use std::borrow::Cow;

use serde::{Serialize, ser::Serializer};
use serde_json::{Value, value::RawValue};

use super::{FieldDefinition, field::Shape};

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Datum {
    Text(String),
    Number(i64),
    Flag(bool),
    Object(Box<Value>),
}

impl Serialize for Datum {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Number(number) => serializer.serialize_i64(*number),
            Self::Flag(flag) => serializer.serialize_bool(*flag),
            Self::Object(object) => object.serialize(serializer),
        }
    }
}

/// One value of one field.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FieldValue {
    /// The id of the field.
    pub(crate) field: u64,
    pub(crate) value: Datum,
    /// The id of the choice.
    pub(crate) choice: Option<u64>,
}

impl FieldValue {
    /// The value as text, to search and filter by.
    pub(crate) fn shown(&self) -> Cow<'_, str> {
        match &self.value {
            Datum::Text(text) => text.into(),
            Datum::Number(number) => number.to_string().into(),
            Datum::Flag(flag) => flag.to_string().into(),
            Datum::Object(object) => object.to_string().into(),
        }
    }
}

/// All values of an entity, in the order of the definitions.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fields {
    values: Vec<FieldValue>,
    json: Option<Box<RawValue>>,
}

impl Fields {
    pub(crate) fn new(mut values: Vec<FieldValue>, definitions: &[FieldDefinition]) -> Self {
        let place = |value: &FieldValue| definitions.iter().position(|definition| definition.id == value.field);
        values.retain(|value| place(value).is_some());
        if !values.is_sorted_by_key(place) {
            values.sort_by_key(place);
        }
        let json = written(&values, definitions);
        Self { values, json }
    }

    pub(crate) fn values(&self) -> &[FieldValue] {
        &self.values
    }

    /// The values of one field.
    pub(crate) fn of(&self, field: u64) -> &[FieldValue] {
        let start = self.values.iter().position(|value| value.field == field).unwrap_or(self.values.len());
        let rest = self.values.get(start..).unwrap_or_default();
        rest.chunk_by(|one, next| one.field == next.field).next().unwrap_or_default()
    }

    /// The member `custom_fields_values`; `None` if no field has a value.
    pub(crate) fn json(&self) -> Option<&RawValue> {
        self.json.as_deref()
    }

    /// These values as the definitions have them now: without those of a field or of a choice that is
    /// gone, and with the names that choices have now.
    pub(super) fn redefined(&self, definitions: &[FieldDefinition]) -> Self {
        let values = self.values.iter().filter_map(|value| {
            let definition = definitions.iter().find(|definition| definition.id == value.field)?;
            let Some(id) = value.choice else { return Some(value.clone()) };
            let choice = definition.choice(id)?;
            let is_label = definition.kind.shape == Shape::Labelled;
            let datum = if is_label { value.value.clone() } else { Datum::Text(choice.value.clone()) };
            Some(FieldValue { value: datum, ..value.clone() })
        });
        Self::new(values.collect(), definitions)
    }

    /// These values with those of some fields replaced, each whole.
    pub(super) fn replaced(&self, written: Vec<(u64, Vec<FieldValue>)>, definitions: &[FieldDefinition]) -> Self {
        let mut values = self.values.clone();
        for (field, new) in written {
            values.retain(|value| value.field != field);
            values.extend(new);
        }
        Self::new(values, definitions)
    }
}

/// A field with its values in amoCRM's form.
#[derive(Serialize)]
struct FieldView<'a> {
    field_id: u64,
    field_name: &'a str,
    field_code: Option<&'a str>,
    field_type: &'a str,
    is_computed: bool,
    values: Vec<ValueView<'a>>,
}

/// A value; `enum_id` and `enum_code` come with choices alone.
#[derive(Serialize)]
#[serde(untagged)]
enum ValueView<'a> {
    Plain { value: &'a Datum },
    Chosen { value: &'a Datum, enum_id: u64, enum_code: Option<&'a str> },
    Bare(&'a Datum),
}

fn written(values: &[FieldValue], definitions: &[FieldDefinition]) -> Option<Box<RawValue>> {
    if values.is_empty() {
        return None;
    }
    let fields = values.chunk_by(|one, next| one.field == next.field).filter_map(|values| {
        let id = values.first()?.field;
        let definition = definitions.iter().find(|definition| definition.id == id)?;
        Some(FieldView {
            field_id: id,
            field_name: &definition.name,
            field_code: definition.code.as_deref(),
            field_type: definition.kind.name,
            is_computed: false,
            values: values.iter().map(|value| view(value, definition)).collect(),
        })
    });
    serde_json::value::to_raw_value(&fields.collect::<Vec<_>>()).ok()
}

fn view<'a>(value: &'a FieldValue, definition: &'a FieldDefinition) -> ValueView<'a> {
    let datum = &value.value;
    match value.choice {
        _ if definition.kind.shape == Shape::Bare => ValueView::Bare(datum),
        None => ValueView::Plain { value: datum },
        Some(enum_id) => {
            let enum_code = definition.choice(enum_id).and_then(|choice| choice.code.as_deref());
            ValueView::Chosen { value: datum, enum_id, enum_code }
        }
    }
}
