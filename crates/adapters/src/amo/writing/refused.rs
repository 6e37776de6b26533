//! What amoCRM does not accept, in our names: one table for all writes.

use amo_connect_domain::crm::write::{NewLead, Write, WriteField};
use amo_connect_domain::ports::AmoError;
use serde::Deserialize;

use super::super::loose::{List, Object};
use super::super::members::Text;
use super::super::repair::repaired;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Refusal {
    #[serde(rename = "validation-errors")]
    items: List<RefusedItem>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RefusedItem {
    errors: List<FieldError>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct FieldError {
    path: Text,
}

/// What the refusal of `write` means. One that names the lead or the task itself says that it is not there.
pub(super) fn refusal(write: &Write, body: &[u8]) -> AmoError {
    let paths = paths(body);
    let named: Vec<Named> = paths.iter().filter_map(|path| named(write, path)).collect();
    let field = named.iter().find_map(|named| match named {
        Named::Field(field) => Some(*field),
        Named::Target => None,
    });
    match field {
        None if named.contains(&Named::Target) => AmoError::NotFound,
        field => AmoError::Refused { field },
    }
}

fn paths(body: &[u8]) -> Vec<String> {
    let Ok(Object(refusal)) = serde_json::from_str::<Object<Refusal>>(&repaired(body)) else { return Vec::new() };
    let items = refusal.and_then(|refusal| refusal.items.0).unwrap_or_default();
    let errors = items.into_iter().flat_map(|item| item.errors.0.unwrap_or_default());
    errors.filter_map(|error| error.path.0).collect()
}

/// What a path names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Named {
    Field(WriteField),
    /// What is changed, or what a note or a task is made on.
    Target,
}

fn named(write: &Write, path: &str) -> Option<Named> {
    let mut steps = path.split('.').skip_while(|step| is_index(step));
    let field = match (steps.next()?, write) {
        // There are two words for it.
        ("id" | "entity_id", Write::LeadChange(..) | Write::TaskChange(..) | Write::Note(_) | Write::Task(_)) => {
            return Some(Named::Target);
        }
        ("name", _) => WriteField::Name,
        ("price", _) => WriteField::Price,
        ("pipeline_id", _) => WriteField::Pipeline,
        ("status_id", _) => WriteField::Stage,
        ("responsible_user_id", _) => WriteField::ResponsibleUser,
        ("loss_reason_id", _) => WriteField::LossReason,
        ("tags_to_add", _) => WriteField::TagsToAdd,
        ("tags_to_delete", _) => WriteField::TagsToRemove,
        ("text" | "params", _) => WriteField::Text,
        ("complete_till", _) => WriteField::CompleteTill,
        ("task_type_id", _) => WriteField::TaskType,
        ("is_completed", _) => WriteField::IsCompleted,
        ("result", _) => WriteField::Result,
        ("_embedded", Write::Lead(lead)) => of_embedded(lead, steps)?,
        _ => return None,
    };
    Some(Named::Field(field))
}

fn of_embedded<'p>(lead: &NewLead, mut steps: impl Iterator<Item = &'p str>) -> Option<WriteField> {
    match steps.next()? {
        "tags" => return Some(WriteField::Tags),
        "contacts" => {}
        _ => return None,
    }
    let mut steps = steps.skip_while(|step| is_index(step));
    match steps.next()? {
        "name" | "first_name" | "last_name" => Some(WriteField::GuestName),
        "responsible_user_id" => Some(WriteField::ResponsibleUser),
        // The phone number is sent first.
        "custom_fields_values" => {
            let has_phone = lead.guest.as_ref().is_some_and(|guest| guest.phone.is_some());
            let is_first = steps.next().is_none_or(|index| index == "0");
            Some(if has_phone && is_first { WriteField::GuestPhone } else { WriteField::GuestEmail })
        }
        _ => None,
    }
}

fn is_index(step: &str) -> bool {
    !step.is_empty() && step.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use amo_connect_domain::crm::write::{LeadChange, NewGuest, NewNote, NewTask, TaskChange};
    use jiff::Timestamp;
    use serde_json::json;

    use super::*;

    fn refused(write: &Write, paths: &[&str]) -> AmoError {
        let errors: Vec<_> = paths.iter().map(|path| json!({ "code": "InvalidType", "path": path })).collect();
        let body = json!({ "validation-errors": [{ "request_id": "0", "errors": errors }], "status": 400 });
        refusal(write, body.to_string().as_bytes())
    }

    fn guest(phone: Option<&str>) -> Write {
        let guest = NewGuest { phone: phone.map(str::to_owned), email: Some("o@example.com".into()), name: None };
        Write::Lead(NewLead { guest: Some(guest), ..NewLead::default() })
    }

    #[test]
    fn each_path_is_one_of_our_fields() {
        let (change, task_change) =
            (Write::LeadChange(1, LeadChange::default()), Write::TaskChange(1, TaskChange::default()));
        let note = Write::Note(NewNote { lead: 1, text: "x".into() });
        let till = Timestamp::UNIX_EPOCH;
        let task =
            Write::Task(NewTask { lead: 1, text: "x".into(), complete_till: till, kind: None, responsible_user: None });
        for (write, path, field) in [
            (&guest(None), "name", WriteField::Name),
            (&guest(None), "0.price", WriteField::Price),
            (&guest(None), "pipeline_id", WriteField::Pipeline),
            (&guest(None), "status_id", WriteField::Stage),
            (&guest(None), "responsible_user_id", WriteField::ResponsibleUser),
            (&guest(None), "_embedded.tags.1.name", WriteField::Tags),
            (&guest(None), "_embedded.contacts.0.name", WriteField::GuestName),
            (&guest(None), "_embedded.contacts.0.responsible_user_id", WriteField::ResponsibleUser),
            (&guest(Some("1")), "_embedded.contacts.0.custom_fields_values.0.values.0.value", WriteField::GuestPhone),
            (&guest(Some("1")), "_embedded.contacts.0.custom_fields_values.1.values.0.value", WriteField::GuestEmail),
            (&guest(None), "_embedded.contacts.0.custom_fields_values.0.values.0.value", WriteField::GuestEmail),
            (&change, "loss_reason_id", WriteField::LossReason),
            (&change, "tags_to_add.0.name", WriteField::TagsToAdd),
            (&change, "tags_to_delete.0.name", WriteField::TagsToRemove),
            (&note, "params.text", WriteField::Text),
            (&task, "complete_till", WriteField::CompleteTill),
            (&task, "task_type_id", WriteField::TaskType),
            (&task_change, "result.text", WriteField::Result),
            (&task_change, "is_completed", WriteField::IsCompleted),
        ] {
            assert_eq!(refused(write, &[path]), AmoError::Refused { field: Some(field) }, "{path}");
        }
        for (write, path) in
            [(&change, "id"), (&task_change, "id"), (&note, "entity_id"), (&note, "id"), (&task, "entity_id")]
        {
            assert_eq!(refused(write, &[path]), AmoError::NotFound, "{path}");
        }
    }

    #[test]
    fn what_amocrm_does_not_name_is_refused_without_a_name() {
        let write = guest(None);
        for paths in [&[][..], &["custom_fields_values.0"], &["_embedded.companies.0.name"], &[""]] {
            assert_eq!(refused(&write, paths), AmoError::Refused { field: None }, "{paths:?}");
        }
        assert_eq!(refused(&write, &["odd", "price"]), AmoError::Refused { field: Some(WriteField::Price) });
        for body in ["", "<html>", "[]", r#"{"validation-errors":7}"#, r#"{"title":"Bad Request","status":400}"#] {
            assert_eq!(refusal(&write, body.as_bytes()), AmoError::Refused { field: None }, "{body}");
        }
    }
}
