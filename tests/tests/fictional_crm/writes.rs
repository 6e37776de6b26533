//! What Harbour is told to write, and what it says of that.

use amo_connect_adapters::http::Answer;
use amo_connect_domain::crm::write::{NewGuest, Write, WriteField};
use amo_connect_domain::idempotency::WrittenObject;
use amo_connect_domain::ports::AmoError;
use jiff::Timestamp;
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::wire;

/// Where a write goes.
pub(crate) fn address(write: &Write) -> (Method, String) {
    match write {
        Write::Lead(_) => (Method::POST, "/deals".to_owned()),
        Write::LeadChange(deal, _) => (Method::PATCH, format!("/deals/{deal}")),
        Write::Note(remark) => (Method::POST, format!("/deals/{}/remarks", remark.lead)),
        Write::Task(_) => (Method::POST, "/errands".to_owned()),
        Write::TaskChange(errand, _) => (Method::PATCH, format!("/errands/{errand}")),
    }
}

/// What it says; `column` is Harbour's name for its stage. What is unset is left out.
pub(crate) fn body(write: &Write, column: Option<String>) -> Value {
    match write {
        Write::Lead(deal) => object([
            ("title", deal.title().map(Value::from)),
            ("amount", deal.price.map(Value::from)),
            ("board", deal.pipeline.map(Value::from)),
            ("column", column.map(Value::from)),
            ("agent", deal.responsible_user.map(Value::from)),
            ("labels", labels(&deal.tags)),
            ("person", deal.guest.as_ref().map(person)),
        ]),
        Write::LeadChange(_, change) => {
            let (added, removed) = (labels(&change.tags_to_add), labels(&change.tags_to_remove));
            let has_labels = added.is_some() || removed.is_some();
            object([
                ("title", change.name.as_deref().map(Value::from)),
                ("amount", change.price.map(Value::from)),
                ("board", change.pipeline.map(Value::from)),
                ("column", column.map(Value::from)),
                ("agent", change.responsible_user.map(Value::from)),
                ("lost_for", change.loss_reason.map(Value::from)),
                ("labels", has_labels.then(|| object([("add", added), ("drop", removed)]))),
            ])
        }
        Write::Note(remark) => json!({ "words": remark.text }),
        Write::Task(errand) => object([
            ("deal", Some(errand.lead.into())),
            ("what", Some(errand.text.as_str().into())),
            ("due", Some(second(errand.complete_till))),
            ("kind", errand.kind.map(Value::from)),
            ("agent", errand.responsible_user.map(Value::from)),
        ]),
        Write::TaskChange(_, change) => object([
            ("what", change.text.as_deref().map(Value::from)),
            ("due", change.complete_till.map(second)),
            ("done", change.is_completed.map(Value::from)),
            ("outcome", change.result.as_deref().map(Value::from)),
        ]),
    }
}

/// An object of those members that are set.
fn object<const N: usize>(members: [(&str, Option<Value>); N]) -> Value {
    members.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

fn labels(texts: &[String]) -> Option<Value> {
    (!texts.is_empty()).then(|| json!(texts))
}

fn person(guest: &NewGuest) -> Value {
    object([
        ("name", guest.name.as_deref().map(Value::from)),
        ("phone", guest.phone.as_deref().map(Value::from)),
        ("email", guest.email.as_deref().map(Value::from)),
    ])
}

fn second(moment: Timestamp) -> Value {
    moment.as_second().into()
}

/// The answer to whoever has made something.
#[derive(Deserialize)]
struct Made {
    no: u64,
}

/// What became of a write. What Harbour does not say for certain is in doubt.
pub(crate) fn outcome(answer: &Answer, write: &Write) -> Result<Option<WrittenObject>, AmoError> {
    let whole = answer.whole().map_err(wire::lost_tokens)?;
    let makes = write.kind().makes().is_some();
    match (answer.status.as_u16(), wire::refused(answer).as_deref()) {
        (201, _) if makes => match serde_json::from_slice(whole) {
            Ok(Made { no }) => Ok(Some(WrittenObject { id: no, is_new: true })),
            Err(_) => Err(AmoError::OutcomeUnknown),
        },
        (204, _) if !makes => Ok(None),
        (401, _) => Err(AmoError::AccessRefused),
        (403, Some("right")) => Err(AmoError::Forbidden),
        (422, Some(member)) => Err(AmoError::Refused { field: field(member) }),
        (503, Some("pace")) | (300..=499, _) => Err(wire::refusal(answer)),
        _ => Err(AmoError::OutcomeUnknown),
    }
}

/// What Harbour calls a part of a write.
fn field(member: &str) -> Option<WriteField> {
    Some(match member {
        "title" => WriteField::Name,
        "person.name" => WriteField::GuestName,
        "person.phone" => WriteField::GuestPhone,
        "person.email" => WriteField::GuestEmail,
        "amount" => WriteField::Price,
        "board" => WriteField::Pipeline,
        "column" => WriteField::Stage,
        "agent" => WriteField::ResponsibleUser,
        "lost_for" => WriteField::LossReason,
        "labels" => WriteField::Tags,
        "labels.add" => WriteField::TagsToAdd,
        "labels.drop" => WriteField::TagsToRemove,
        "words" | "what" => WriteField::Text,
        "due" => WriteField::CompleteTill,
        "kind" => WriteField::TaskType,
        "done" => WriteField::IsCompleted,
        "outcome" => WriteField::Result,
        _ => return None,
    })
}
