//! What the app sends to write something.

use amo_connect_domain::crm::write::{self, NewGuest};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::body_fields::{Fields, LONGEST_NAME, LONGEST_TEXT, required};
use crate::error::ApiError;

/// A body in a canonical form, and what it asks for.
pub(super) type ReadBody<T> = Result<(Vec<u8>, T), ApiError>;

/// Reads a body: `take` takes what it knows, and what is left is refused.
fn read<T>(body: Map<String, Value>, take: impl FnOnce(&mut Fields) -> Result<T, ApiError>) -> ReadBody<T> {
    let mut fields = Fields::of(body);
    let canonical = fields.canonical();
    let taken = take(&mut fields);
    // A name that is not known explains more than what is missing because of it.
    fields.none_left()?;
    Ok((canonical, taken?))
}

/// A lead to make. It has a `name`, or one of the members that begin with `guest`; without a name it is called as the
/// guest.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "it describes the body")]
pub(super) struct NewLead {
    /// Its title.
    #[schema(min_length = 1, max_length = 255, example = "Sunrise Hotel")]
    name: Option<String>,
    /// The name of the contact that is made with it.
    #[schema(min_length = 1, max_length = 255, example = "Olena Koval")]
    guest_name: Option<String>,
    /// The contact's phone number.
    #[schema(min_length = 1, max_length = 64, pattern = "[0-9]", example = "+380671234567")]
    guest_phone: Option<String>,
    /// The contact's e-mail address.
    #[schema(min_length = 3, max_length = 254, pattern = ".@.", example = "olena@example.com")]
    guest_email: Option<String>,
    /// The budget.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_u64, example = 12_500)]
    price: Option<u64>,
    /// Its pipeline; else the main one.
    #[schema(minimum = 1)]
    pipeline_id: Option<u64>,
    /// Its stage; else the pipeline's first.
    #[schema(minimum = 1)]
    stage_id: Option<u64>,
    /// The responsible person; else whoever connected.
    #[schema(minimum = 1)]
    responsible_user_id: Option<u64>,
    /// A first note.
    #[schema(min_length = 1, max_length = 4096, example = "Wants a balcony")]
    comment: Option<String>,
    /// The names of its tags.
    #[schema(max_items = 40, example = json!(["VIP"]))]
    tags: Option<Vec<String>>,
}

impl NewLead {
    /// The lead, and its comment.
    pub(super) fn read(body: Map<String, Value>) -> ReadBody<(write::NewLead, Option<String>)> {
        read(body, |fields| {
            let name = fields.line("name", LONGEST_NAME)?;
            let guest = NewGuest {
                name: fields.line("guestName", LONGEST_NAME)?,
                phone: fields.phone("guestPhone")?,
                email: fields.email("guestEmail")?,
            };
            let guest = (guest != NewGuest::default()).then_some(guest);
            if name.is_none() && guest.is_none() {
                return Err(ApiError::invalid("name", "is required, or one of guestName, guestPhone and guestEmail"));
            }
            let lead = write::NewLead {
                name,
                price: fields.price("price")?,
                pipeline: fields.id("pipelineId")?,
                stage: fields.id("stageId")?,
                responsible_user: fields.id("responsibleUserId")?,
                tags: fields.tags("tags")?,
                guest,
            };
            Ok((lead, fields.lines("comment", LONGEST_TEXT)?))
        })
    }
}

/// What changes of a lead, at least one member. What is left out stays.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "it describes the body")]
pub(super) struct LeadChange {
    /// Its title.
    #[schema(min_length = 1, max_length = 255)]
    name: Option<String>,
    /// The budget.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_u64)]
    price: Option<u64>,
    /// Its pipeline.
    #[schema(minimum = 1)]
    pipeline_id: Option<u64>,
    /// Its stage. 142 is won and 143 lost, in every pipeline.
    #[schema(minimum = 1, example = 142)]
    stage_id: Option<u64>,
    /// The responsible person.
    #[schema(minimum = 1)]
    responsible_user_id: Option<u64>,
    /// Why it is lost.
    #[schema(minimum = 1)]
    loss_reason_id: Option<u64>,
    /// The names of tags that it gets.
    #[schema(max_items = 40)]
    tags_to_add: Option<Vec<String>>,
    /// The names of tags that it loses.
    #[schema(max_items = 40)]
    tags_to_remove: Option<Vec<String>>,
}

impl LeadChange {
    pub(super) fn read(body: Map<String, Value>) -> ReadBody<write::LeadChange> {
        read(body, |fields| {
            let change = write::LeadChange {
                name: fields.line("name", LONGEST_NAME)?,
                price: fields.price("price")?,
                pipeline: fields.id("pipelineId")?,
                stage: fields.id("stageId")?,
                responsible_user: fields.id("responsibleUserId")?,
                loss_reason: fields.id("lossReasonId")?,
                tags_to_add: fields.tags("tagsToAdd")?,
                tags_to_remove: fields.tags("tagsToRemove")?,
            };
            if change.tags_to_add.iter().any(|tag| change.tags_to_remove.contains(tag)) {
                return Err(ApiError::invalid("tagsToRemove", "has a tag that tagsToAdd has, too"));
            }
            something(change, "name")
        })
    }
}

/// A note to make.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "it describes the body")]
pub(super) struct NewNote {
    /// What it says.
    #[schema(min_length = 1, max_length = 4096, example = "Wants a balcony")]
    text: String,
}

impl NewNote {
    /// Its text.
    pub(super) fn read(body: Map<String, Value>) -> ReadBody<String> {
        read(body, |fields| required("text", fields.lines("text", LONGEST_TEXT)?))
    }
}

/// A task to make.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "it describes the body")]
pub(super) struct NewTask {
    /// What is to be done.
    #[schema(min_length = 1, max_length = 4096, example = "Call back")]
    text: String,
    /// When it is due, with its zone; amoCRM keeps whole seconds.
    #[schema(format = DateTime, example = "2026-11-24T09:00:00Z")]
    complete_till: String,
    /// amoCRM's number of its type: 1 is a call, 2 a meeting, others are the account's own.
    #[schema(minimum = 1, example = 1)]
    type_id: Option<u64>,
    /// The responsible person; else whoever connected.
    #[schema(minimum = 1)]
    responsible_user_id: Option<u64>,
}

impl NewTask {
    /// The task on `lead`.
    pub(super) fn read(lead: u64, body: Map<String, Value>) -> ReadBody<write::NewTask> {
        read(body, |fields| {
            let (text, till) = (fields.lines("text", LONGEST_TEXT), fields.moment("completeTill"));
            Ok(write::NewTask {
                lead,
                text: required("text", text?)?,
                complete_till: required("completeTill", till?)?,
                kind: fields.id("typeId")?,
                responsible_user: fields.id("responsibleUserId")?,
            })
        })
    }
}

/// What changes of a task, at least one member. What is left out stays.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "it describes the body")]
pub(super) struct TaskChange {
    /// Whether it is completed.
    #[schema(example = true)]
    is_completed: Option<bool>,
    /// What came of it.
    #[schema(min_length = 1, max_length = 4096, example = "She will come")]
    result: Option<String>,
    /// When it is due, with its zone; amoCRM keeps whole seconds.
    #[schema(format = DateTime)]
    complete_till: Option<String>,
    /// What is to be done.
    #[schema(min_length = 1, max_length = 4096)]
    text: Option<String>,
}

impl TaskChange {
    pub(super) fn read(body: Map<String, Value>) -> ReadBody<write::TaskChange> {
        read(body, |fields| {
            let change = write::TaskChange {
                is_completed: fields.flag("isCompleted")?,
                result: fields.lines("result", LONGEST_TEXT)?,
                complete_till: fields.moment("completeTill")?,
                text: fields.lines("text", LONGEST_TEXT)?,
            };
            something(change, "isCompleted")
        })
    }
}

/// A change that changes something. `first` is named if it does not.
fn something<T: Default + PartialEq>(change: T, first: &str) -> Result<T, ApiError> {
    if change == T::default() { Err(ApiError::invalid(first, "or another member is required")) } else { Ok(change) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::body_fields::{HIGHEST_PRICE, MOST_TAGS};
    use super::*;

    fn members(body: &Value) -> Map<String, Value> {
        body.as_object().unwrap().clone()
    }

    fn refused<T>(read: ReadBody<T>, body: &Value) -> String {
        let Err(error) = read else { panic!("{body} is taken") };
        error.field().unwrap_or_default().to_owned()
    }

    #[test]
    fn bad_members_of_a_lead_are_named() {
        for (body, field) in [
            (json!({}), "name"),
            (json!({ "name": null }), "name"),
            (json!({ "name": "   " }), "name"),
            (json!({ "name": "a\u{0}b" }), "name"),
            (json!({ "name": "a\nb" }), "name"),
            (json!({ "name": 7 }), "name"),
            (json!({ "name": "a".repeat(256) }), "name"),
            (json!({ "guestName": "\u{3000}" }), "guestName"),
            (json!({ "guestPhone": "1".repeat(400) }), "guestPhone"),
            (json!({ "guestPhone": "call me" }), "guestPhone"),
            (json!({ "guestEmail": "olena" }), "guestEmail"),
            (json!({ "name": "a", "price": -1 }), "price"),
            (json!({ "name": "a", "price": 1.5 }), "price"),
            (json!({ "name": "a", "price": "1" }), "price"),
            (json!({ "name": "a", "price": HIGHEST_PRICE + 1 }), "price"),
            (json!({ "name": "a", "price": 1e300 }), "price"),
            (json!({ "name": "a", "pipelineId": 0 }), "pipelineId"),
            (json!({ "name": "a", "stageId": true }), "stageId"),
            (json!({ "name": "a", "responsibleUserId": "me" }), "responsibleUserId"),
            (json!({ "name": "a", "tags": "VIP" }), "tags"),
            (json!({ "name": "a", "tags": [7] }), "tags"),
            (json!({ "name": "a", "tags": [" "] }), "tags"),
            (json!({ "name": "a", "tags": vec!["a"; MOST_TAGS + 1] }), "tags"),
            (json!({ "name": "a", "comment": "a".repeat(4097) }), "comment"),
            (json!({ "Name": "a" }), "Name"),
            (json!({ "name": "a", "id": 7 }), "id"),
        ] {
            assert_eq!(refused(NewLead::read(members(&body)), &body), field, "{body}");
        }
    }

    #[test]
    fn a_lead_is_taken_as_it_is() {
        let body = json!({
            "name": " Готель 🏖 שלום ", "guestPhone": "+38 (067) 123-45-67", "price": HIGHEST_PRICE, "stageId": 142,
            "tags": ["VIP", "sea", "VIP"], "comment": "First line\nsecond\tline", "guestEmail": null,
        });
        let (_, (lead, comment)) = NewLead::read(members(&body)).unwrap();
        assert_eq!(lead.name.as_deref(), Some("Готель 🏖 שלום"));
        assert_eq!((lead.price, lead.stage, lead.pipeline), (Some(HIGHEST_PRICE), Some(142), None));
        assert_eq!(lead.tags, ["VIP", "sea"]);
        let guest = NewGuest { phone: Some("+38 (067) 123-45-67".to_owned()), ..NewGuest::default() };
        assert_eq!(lead.guest, Some(guest));
        assert_eq!(comment.as_deref(), Some("First line\nsecond\tline"));
    }

    #[test]
    fn bad_members_of_a_change_are_named() {
        for (body, field) in [
            (json!({}), "name"),
            (json!({ "price": null }), "name"),
            (json!({ "tagsToAdd": [] }), "name"),
            (json!({ "tagsToAdd": ["a"], "tagsToRemove": ["a"] }), "tagsToRemove"),
            (json!({ "lossReasonId": -3 }), "lossReasonId"),
            (json!({ "tags": ["a"] }), "tags"),
        ] {
            assert_eq!(refused(LeadChange::read(members(&body)), &body), field, "{body}");
        }
    }

    #[test]
    fn bad_members_of_a_task_are_named() {
        for (body, field) in [
            (json!({}), "text"),
            (json!({ "text": "a" }), "completeTill"),
            (json!({ "text": "a", "completeTill": "2026-11-24T09:00:00" }), "completeTill"),
            (json!({ "text": "a", "completeTill": "2026-11-24" }), "completeTill"),
            (json!({ "text": "a", "completeTill": 1_795_000_000 }), "completeTill"),
            (json!({ "text": "a", "completeTill": "2100-01-01T00:00:00Z" }), "completeTill"),
            (json!({ "text": "a", "completeTill": "1969-01-01T00:00:00Z" }), "completeTill"),
            (json!({ "text": "a", "completeTill": "2026-11-24T09:00:00Z", "typeId": 0 }), "typeId"),
        ] {
            assert_eq!(refused(NewTask::read(1, members(&body)), &body), field, "{body}");
        }
        for (body, field) in [
            (json!({}), "isCompleted"),
            (json!({ "isCompleted": 1 }), "isCompleted"),
            (json!({ "result": "" }), "result"),
            (json!({ "text": 1 }), "text"),
        ] {
            assert_eq!(refused(TaskChange::read(members(&body)), &body), field, "{body}");
        }
        for (body, field) in [(json!({}), "text"), (json!({ "text": "\t" }), "text"), (json!({ "Text": "a" }), "Text")]
        {
            assert_eq!(refused(NewNote::read(members(&body)), &body), field, "{body}");
        }
    }

    #[test]
    fn a_zone_may_be_any() {
        let body = json!({ "text": "a", "completeTill": "2026-11-24T11:00:00+02:00" });
        let (_, task) = NewTask::read(7, members(&body)).unwrap();
        assert_eq!((task.lead, task.complete_till.to_string().as_str()), (7, "2026-11-24T09:00:00Z"));
    }

    #[test]
    fn the_order_of_members_makes_no_other_request() {
        let canonical = |body: Value| NewLead::read(members(&body)).unwrap().0;
        let first = canonical(json!({ "name": "a", "price": 1 }));
        assert_eq!(canonical(json!({ "price": 1, "guestName": null, "name": "a" })), first);
        assert_ne!(canonical(json!({ "name": "a", "price": 2 })), first);
    }
}
