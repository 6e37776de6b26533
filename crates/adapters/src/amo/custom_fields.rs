//! `custom_fields_values` of a lead. They can be most of its bytes, so they are skipped where nobody asks for them.

use amo_connect_domain::crm::custom_field::{CustomField, CustomValue};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use super::loose::List;
use super::members::{Id, Text};

/// What is read of a lead's `custom_fields_values`.
pub(super) trait MaybeFields {
    /// The fields; `None` if they were skipped.
    fn read(self) -> Option<Vec<CustomField>>;
}

/// Nothing.
#[derive(Default, Deserialize)]
#[serde(transparent)]
pub(super) struct Skipped(IgnoredAny);

/// All of them.
#[derive(Default, Deserialize)]
#[serde(transparent)]
pub(super) struct Fields(List<RawField>);

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawField {
    field_id: Id,
    field_name: Text,
    field_code: Text,
    field_type: Text,
    values: List<Map<String, Value>>,
}

impl MaybeFields for Skipped {
    fn read(self) -> Option<Vec<CustomField>> {
        let Self(IgnoredAny) = self;
        None
    }
}

impl MaybeFields for Fields {
    /// amoCRM writes `null` or an empty list for a lead without any.
    fn read(self) -> Option<Vec<CustomField>> {
        Some(self.0.0.unwrap_or_default().into_iter().filter_map(RawField::read).collect())
    }
}

impl RawField {
    fn read(self) -> Option<CustomField> {
        Some(CustomField {
            id: self.field_id.0?,
            name: self.field_name.0,
            code: self.field_code.0,
            kind: self.field_type.0,
            values: self.values.0.unwrap_or_default().into_iter().map(value).collect(),
        })
    }
}

fn value(mut item: Map<String, Value>) -> CustomValue {
    let member = |name: &str| item.get(name).unwrap_or(&Value::Null);
    let choice = Id::deserialize(member("enum_id")).unwrap_or_default().0;
    let choice_code = Text::deserialize(member("enum_code")).unwrap_or_default().0;
    let value = match item.remove("value") {
        Some(value) => value,
        // An item of a chained list has no `value`: it is one.
        None if item.contains_key("catalog_id") => Value::Object(item),
        None => Value::Null,
    };
    CustomValue { value, choice, choice_code }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(json: &Value) -> Vec<CustomField> {
        let fields: Fields = serde_json::from_str(&json.to_string()).unwrap();
        fields.read().unwrap()
    }

    #[test]
    fn a_value_is_as_amocrm_has_it() {
        for (item, value, choice, code) in [
            (json!({"value": "x"}), json!("x"), None, None),
            (json!({"value": ""}), json!(""), None, None),
            (json!({"value": true}), json!(true), None, None),
            (json!({"value": 1_795_428_000}), json!(1_795_428_000), None, None),
            (json!({"value": {"name": "LLC"}}), json!({"name": "LLC"}), None, None),
            (json!({"value": "Sea", "enum_id": 7, "enum_code": "sea"}), json!("Sea"), Some(7), Some("sea")),
            (json!({"value": "Sea", "enum_id": "7", "enum_code": null}), json!("Sea"), Some(7), None),
            (
                json!({"catalog_id": 1, "catalog_element_id": 2}),
                json!({"catalog_id": 1, "catalog_element_id": 2}),
                None,
                None,
            ),
            (json!({"enum_id": 7}), json!(null), Some(7), None),
        ] {
            let fields = read(&json!([{"field_id": 5, "values": [item]}]));
            let expected = CustomValue { value, choice, choice_code: code.map(str::to_owned) };
            assert_eq!(fields[0].values, [expected], "{item}");
        }
    }

    #[test]
    fn what_is_odd_is_left_out_and_loses_no_other_field() {
        let known = json!({"field_id": "5", "field_name": "View", "field_code": "", "field_type": "select"});
        let found =
            read(&json!([7, null, {"field_name": "no id"}, {"field_id": 0}, known, {"field_id": 6, "values": 1}]));
        let text = |text: &str| Some(text.to_owned());
        let view = CustomField { id: 5, name: text("View"), code: None, kind: text("select"), values: Vec::new() };
        let bare = CustomField { id: 6, name: None, kind: None, ..view.clone() };
        assert_eq!(found, [view, bare]);
        for nothing in [json!(null), json!([]), json!({}), json!("x")] {
            assert_eq!(read(&nothing), [], "{nothing}");
        }
    }

    #[test]
    fn skipped_fields_are_not_read() {
        let skipped: Skipped = serde_json::from_str(r#"[{"field_id":5}]"#).unwrap();
        assert!(skipped.read().is_none());
        assert!(serde_json::from_str::<Skipped>("[}").is_err());
    }
}
