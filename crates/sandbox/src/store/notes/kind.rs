//! The types of notes, and what the parameters of each are.

use serde_json::{Map, Value};

use crate::{UnknownMembers, store::FieldError};

/// A type of notes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NoteKind {
    /// As `note_type` names it.
    pub(crate) name: &'static str,
    /// Its number in webhooks, where it is known.
    pub(crate) number: Option<u8>,
    /// The type of the event that a new one writes.
    pub(crate) event: &'static str,
    params: &'static [Param],
}

/// A parameter of a note.
#[derive(Debug, PartialEq, Eq)]
struct Param {
    name: &'static str,
    r#type: Type,
    is_required: bool,
}

/// What a parameter must be.
#[derive(Debug, PartialEq, Eq)]
enum Type {
    Text,
    Int,
    /// The number of a user, or a name.
    User,
    OneOf(&'static [&'static str]),
}

const fn wanted(name: &'static str, r#type: Type) -> Param {
    Param { name, r#type, is_required: true }
}

const fn optional(name: &'static str, r#type: Type) -> Param {
    Param { name, r#type, is_required: false }
}

const fn kind(name: &'static str, number: Option<u8>, event: &'static str, params: &'static [Param]) -> NoteKind {
    NoteKind { name, number, event, params }
}

const CALL: &[Param] = &[
    optional("uniq", Type::Text),
    optional("duration", Type::Int),
    optional("source", Type::Text),
    optional("link", Type::Text),
    optional("phone", Type::Text),
    optional("call_result", Type::Text),
    optional("call_status", Type::Int),
    optional("call_responsible", Type::User),
];
const SERVICE: &[Param] = &[optional("service", Type::Text), wanted("text", Type::Text)];
const CASHIER: &[Param] =
    &[wanted("status", Type::OneOf(&["created", "shown", "canceled"])), wanted("text", Type::Text)];
const PLACE: &[Param] = &[
    wanted("text", Type::Text),
    optional("address", Type::Text),
    optional("longitude", Type::Text),
    optional("latitude", Type::Text),
];
const SMS: &[Param] = &[wanted("text", Type::Text), optional("phone", Type::Text)];
const FILE: &[Param] =
    &[wanted("file_uuid", Type::Text), optional("version_uuid", Type::Text), wanted("file_name", Type::Text)];

/// The types that can be written; amoCRM itself writes more.
static KINDS: [NoteKind; 10] = [
    kind("common", Some(4), "common_note_added", &[wanted("text", Type::Text)]),
    kind("call_in", Some(10), "incoming_call", CALL),
    kind("call_out", Some(11), "outgoing_call", CALL),
    kind("service_message", Some(25), "service_note_added", SERVICE),
    kind("extended_service_message", None, "service_note_added", SERVICE),
    kind("message_cashier", None, "message_to_cashier_note_added", CASHIER),
    kind("geolocation", None, "geo_note_added", PLACE),
    kind("sms_in", Some(102), "incoming_sms", SMS),
    kind("sms_out", Some(103), "outgoing_sms", SMS),
    kind("attachment", Some(5), "attachment_note_added", FILE),
];

impl NoteKind {
    /// The type of this name.
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        KINDS.iter().find(|kind| kind.name == name)
    }

    /// The parameters that this type has; what is wrong goes into `errors`.
    pub(super) fn check(
        &self,
        mut given: Map<String, Value>,
        unknown: UnknownMembers,
        errors: &mut Vec<FieldError>,
    ) -> Map<String, Value> {
        let mut params = Map::new();
        for param in self.params {
            let path = || format!("params.{}", param.name);
            match given.remove(param.name).filter(|value| !value.is_null()) {
                None if param.is_required => errors.push(FieldError::missing(path())),
                None => {}
                Some(value) => match param.r#type.refuses(&value) {
                    Some(refusal) => errors.push(refusal(path())),
                    None => drop(params.insert(param.name.to_owned(), value)),
                },
            }
        }
        if unknown == UnknownMembers::Refused {
            errors.extend(given.keys().map(|name| FieldError::extra(format!("params.{name}"))));
        }
        params
    }

    /// The parameters as they are read: those of a file have more members than were written.
    pub(crate) fn read(&self, params: &Map<String, Value>) -> Map<String, Value> {
        let mut read = params.clone();
        if let Some(name) = params.get("file_name").filter(|_| self.name == "attachment") {
            read.insert("original_name".to_owned(), name.clone());
            read.insert("text".to_owned(), name.clone());
            read.insert("is_drive_attachment".to_owned(), true.into());
        }
        read
    }
}

impl Type {
    /// What is wrong with `value`, as an error at a path.
    fn refuses(&self, value: &Value) -> Option<fn(String) -> FieldError> {
        match self {
            Self::Text if !value.is_string() => Some(|path| FieldError::invalid_type(path, "string")),
            Self::Int if !value.is_u64() => Some(|path| FieldError::invalid_type(path, "int")),
            Self::User if !(value.is_u64() || value.is_string()) => {
                Some(|path| FieldError::invalid_type(path, "int|string"))
            }
            Self::OneOf(choices) if !value.as_str().is_some_and(|text| choices.contains(&text)) => {
                Some(FieldError::not_supported_choice)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(kind: &str, params: Value, unknown: UnknownMembers) -> (Value, Vec<(&'static str, String)>) {
        let Value::Object(params) = params else { panic!("no object") };
        let mut errors = Vec::new();
        let params = NoteKind::named(kind).unwrap().check(params, unknown, &mut errors);
        (params.into(), errors.into_iter().map(|error| (error.code, error.path)).collect())
    }

    #[test]
    fn parameters_are_checked_by_the_type_of_the_note() {
        let good = json!({"uniq": "u", "duration": 60, "source": "PBX", "link": null, "phone": "+380", "call_responsible": "Ann"});
        let (params, errors) = check("call_in", good, UnknownMembers::Ignored);
        assert_eq!(errors, []);
        assert_eq!(
            params,
            json!({"uniq": "u", "duration": 60, "source": "PBX", "phone": "+380", "call_responsible": "Ann"})
        );
        for (kind, params, code, path) in [
            ("common", json!({}), "FieldMissing", "params.text"),
            ("common", json!({"text": null}), "FieldMissing", "params.text"),
            ("common", json!({"text": 5}), "InvalidType", "params.text"),
            ("call_out", json!({"duration": "60"}), "InvalidType", "params.duration"),
            ("call_out", json!({"call_responsible": true}), "InvalidType", "params.call_responsible"),
            ("message_cashier", json!({"status": "paid", "text": "x"}), "NotSupportedChoice", "params.status"),
            ("geolocation", json!({"text": "x", "latitude": 50.4}), "InvalidType", "params.latitude"),
            ("attachment", json!({"file_name": "a.pdf"}), "FieldMissing", "params.file_uuid"),
        ] {
            let (_, errors) = check(kind, params, UnknownMembers::Ignored);
            assert_eq!(errors, [(code, path.to_owned())], "{kind}");
        }
    }

    #[test]
    fn an_unknown_parameter_is_dropped_or_refused() {
        let params = json!({"text": "x", "colour": "red"});
        assert_eq!(check("common", params.clone(), UnknownMembers::Ignored), (json!({"text": "x"}), vec![]));
        let (_, errors) = check("common", params, UnknownMembers::Refused);
        assert_eq!(errors, [("ExtraField", "params.colour".to_owned())]);
    }

    #[test]
    fn a_file_is_read_with_more_members_than_it_was_written_with() {
        let kind = NoteKind::named("attachment").unwrap();
        let Value::Object(params) = json!({"file_uuid": "u", "file_name": "a.pdf"}) else { panic!() };
        let read = json!({"file_uuid": "u", "file_name": "a.pdf", "original_name": "a.pdf", "text": "a.pdf", "is_drive_attachment": true});
        assert_eq!(Value::Object(kind.read(&params)), read);
    }
}
