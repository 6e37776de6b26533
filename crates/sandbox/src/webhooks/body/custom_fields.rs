//! The values of custom fields in the form of API v2.

use jiff::{Timestamp, tz::TimeZone};

use super::form::Item;
use crate::store::{Datum, FieldDefinition, FieldValue, Fields};

pub(super) fn write(item: &mut Item<'_>, fields: &Fields, definitions: &[FieldDefinition]) {
    let filled = definitions.iter().map(|definition| (definition, fields.of(definition.id)));
    for (place, (definition, values)) in filled.filter(|(_, values)| !values.is_empty()).enumerate() {
        let path = format!("[custom_fields][{place}]");
        item.put(&format!("{path}[id]"), definition.id);
        item.put(&format!("{path}[name]"), &definition.name);
        for (place, value) in values.iter().enumerate() {
            // The choice of a radio button is no list.
            let path = match definition.kind.name {
                "radiobutton" => format!("{path}[values]"),
                _ => format!("{path}[values][{place}]"),
            };
            write_value(item, &path, value, definition.kind.name);
        }
        item.put_some(&format!("{path}[code]"), definition.code.as_deref());
    }
}

fn write_value(item: &mut Item<'_>, path: &str, value: &FieldValue, kind: &str) {
    let own = format!("{path}[value]");
    match (&value.value, kind) {
        (Datum::Number(seconds), "birthday") => item.put(&own, birthday(*seconds)),
        (Datum::Number(seconds), "date" | "date_time") => item.put(path, seconds),
        (Datum::Object(members), "chained_list") => item.put_json(path, members),
        (Datum::Object(members), _) => item.put_json(&own, members),
        (Datum::Flag(flag), _) => item.put(&own, u8::from(*flag)),
        (Datum::Number(number), _) => item.put(&own, number),
        (Datum::Text(text), _) => item.put(&own, text),
    }
    item.put_some(&format!("{path}[enum]"), value.choice);
}

/// A day as `12.01.1980`.
fn birthday(seconds: i64) -> String {
    let day = Timestamp::from_second(seconds).map(|time| time.to_zoned(TimeZone::UTC).date());
    day.map_or_else(|_| seconds.to_string(), |day| format!("{:02}.{:02}.{:04}", day.day(), day.month(), day.year()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        store::{Choice, FieldKind},
        webhooks::body::form::Form,
    };

    fn field(id: u64, kind: &str, code: Option<&str>) -> FieldDefinition {
        FieldDefinition {
            code: code.map(str::to_owned),
            choices: vec![Choice { id: 70, value: "One".to_owned(), code: None, sort: 1 }],
            ..FieldDefinition::new(id, format!("F{id}"), FieldKind::named(kind).unwrap())
        }
    }

    /// The names and values of a form.
    fn written(definitions: &[FieldDefinition], values: Vec<FieldValue>) -> Vec<(String, String)> {
        let mut form = Form::new();
        write(&mut form.at(String::new()), &Fields::new(values, definitions), definitions);
        let form = form.finish();
        url::form_urlencoded::parse(form.as_bytes()).into_owned().collect()
    }

    #[test]
    fn every_type_has_the_shape_of_api_v2() {
        let kinds = [
            ("text", Datum::Text("Валера".to_owned()), None, vec![("[0][value]", "Валера")]),
            ("checkbox", Datum::Flag(false), None, vec![("[0][value]", "0")]),
            ("date", Datum::Number(1_412_380_800), None, vec![("[0]", "1412380800")]),
            ("date_time", Datum::Number(1_412_380_861), None, vec![("[0]", "1412380861")]),
            ("birthday", Datum::Number(316_483_200), None, vec![("[0][value]", "12.01.1980")]),
            ("select", Datum::Text("One".to_owned()), Some(70), vec![("[0][value]", "One"), ("[0][enum]", "70")]),
            ("radiobutton", Datum::Text("One".to_owned()), Some(70), vec![("[value]", "One"), ("[enum]", "70")]),
            (
                "legal_entity",
                Datum::Object(Box::new(json!({"name": "ТОВ", "kpp": null}))),
                None,
                vec![("[0][value][name]", "ТОВ")],
            ),
            ("chained_list", Datum::Object(Box::new(json!({"catalog_id": 5}))), None, vec![("[0][catalog_id]", "5")]),
        ];
        for (kind, value, choice, expected) in kinds {
            let definitions = [field(9, "text", None), field(5, kind, Some("CODE"))];
            let written = written(&definitions, vec![FieldValue { field: 5, value, choice }]);
            let values = expected.iter().map(|(path, value)| (format!("[values]{path}"), (*value).to_owned()));
            let mut all = vec![("[id]".to_owned(), "5".to_owned()), ("[name]".to_owned(), "F5".to_owned())];
            all.extend(values);
            all.push(("[code]".to_owned(), "CODE".to_owned()));
            let all: Vec<_> =
                all.into_iter().map(|(path, value)| (format!("[custom_fields][0]{path}"), value)).collect();
            assert_eq!(written, all, "{kind}");
        }
    }

    #[test]
    fn several_values_and_fields_are_counted() {
        let definitions = [field(5, "multitext", None), field(6, "text", None)];
        let text = |field, text: &str, choice| FieldValue { field, value: Datum::Text(text.to_owned()), choice };
        let values = vec![text(5, "a", Some(70)), text(5, "b", Some(71)), text(6, "c", None)];
        let names: Vec<_> = written(&definitions, values).into_iter().map(|(name, _)| name).collect();
        assert_eq!(
            names,
            [
                "[custom_fields][0][id]",
                "[custom_fields][0][name]",
                "[custom_fields][0][values][0][value]",
                "[custom_fields][0][values][0][enum]",
                "[custom_fields][0][values][1][value]",
                "[custom_fields][0][values][1][enum]",
                "[custom_fields][1][id]",
                "[custom_fields][1][name]",
                "[custom_fields][1][values][0][value]",
            ]
        );
    }
}
