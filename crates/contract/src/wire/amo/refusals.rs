//! How amoCRM refuses what is written (`amocrm-data.md`, Errors): an error has the path of a member.

use amo_connect_domain::crm::write::{NewLead, Write, WriteField};
use serde_json::{Value, json};

/// The refusal of this member of `write`.
pub(super) fn of_field(write: &Write, field: WriteField) -> Value {
    validation(&path(write, field))
}

/// The refusal of a write to something that is not there; `None` where amoCRM says 404. A task names its lead in the
/// body, and so amoCRM judges it as any other member.
pub(super) fn of_target(write: &Write) -> Option<Value> {
    match write {
        Write::Task(_) => Some(validation("entity_id")),
        Write::LeadChange(..) | Write::TaskChange(..) => Some(validation("id")),
        Write::Lead(_) | Write::Note(_) => None,
    }
}

fn validation(path: &str) -> Value {
    let error =
        json!({"code": "NotSupportedChoice", "path": path, "detail": "The value you selected is not a valid choice."});
    json!({
        "validation-errors": [{"request_id": "0", "errors": [error]}],
        "title": "Bad Request",
        "type": "https://httpstatus.es/400",
        "status": 400,
        "detail": "Request validation failed",
    })
}

fn path(write: &Write, field: WriteField) -> String {
    let plain = match field {
        WriteField::Name => "name",
        WriteField::GuestName => "_embedded.contacts.0.name",
        WriteField::GuestPhone => return of_contact(0),
        WriteField::GuestEmail => return of_contact(usize::from(has_phone(write))),
        WriteField::Price => "price",
        WriteField::Pipeline => "pipeline_id",
        WriteField::Stage => "status_id",
        WriteField::ResponsibleUser => "responsible_user_id",
        WriteField::LossReason => "loss_reason_id",
        WriteField::Tags => "_embedded.tags.0.name",
        WriteField::TagsToAdd => "tags_to_add.0.name",
        WriteField::TagsToRemove => "tags_to_delete.0.name",
        WriteField::Text if matches!(write, Write::Note(_)) => "params.text",
        WriteField::Text => "text",
        WriteField::CompleteTill => "complete_till",
        WriteField::TaskType => "task_type_id",
        WriteField::IsCompleted => "is_completed",
        WriteField::Result => "result.text",
    };
    plain.to_owned()
}

/// The value of the contact's custom field at this place of the list.
fn of_contact(place: usize) -> String {
    format!("_embedded.contacts.0.custom_fields_values.{place}.values.0.value")
}

fn has_phone(write: &Write) -> bool {
    matches!(write, Write::Lead(NewLead { guest: Some(guest), .. }) if guest.phone.is_some())
}
