//! amoCRM's JSON in the domain's terms. One odd field or entry never loses the page around it.

use amo_connect_domain::ids::AccountId;
use amo_connect_domain::lead::{AmoLead, Contact, LeadPage, Pipeline, Stage};
use jiff::Timestamp;
use serde_json::Value;

/// The answer of `GET /api/v4/account`.
pub(super) fn account(answer: &Value) -> Option<AccountId> {
    id(&answer["id"]).map(AccountId)
}

/// The host of an account that was looked up.
pub(super) fn domain(answer: &Value) -> Option<&str> {
    answer["domain"].as_str()
}

/// A list of leads.
pub(super) fn leads(answer: &Value) -> Option<LeadPage> {
    let leads = embedded(answer, "leads")?.iter().filter_map(|entry| lead(entry).flatten()).collect();
    Some(LeadPage { leads, has_more: answer["_links"]["next"].is_object() })
}

/// A list of contacts.
pub(super) fn contacts(answer: &Value) -> Option<Vec<Contact>> {
    Some(embedded(answer, "contacts")?.iter().filter_map(contact).collect())
}

/// The list of pipelines.
pub(super) fn pipelines(answer: &Value) -> Option<Vec<Pipeline>> {
    Some(embedded(answer, "pipelines")?.iter().filter_map(pipeline).collect())
}

/// A number of amoCRM's that names something; never 0.
pub(super) fn id(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok()).filter(|id| *id != 0)
}

/// One lead; `Some(None)` if it was deleted.
#[expect(clippy::option_option, reason = "no lead, and nothing that is one, are two answers")]
pub(super) fn lead(value: &Value) -> Option<Option<AmoLead>> {
    let number = id(&value["id"])?;
    Some((value["is_deleted"] != true).then(|| existing(number, value)))
}

fn existing(number: u64, value: &Value) -> AmoLead {
    AmoLead {
        id: number,
        name: text(&value["name"]),
        price: value["price"].as_number().cloned(),
        pipeline: id(&value["pipeline_id"]),
        stage: id(&value["status_id"]),
        responsible_user: id(&value["responsible_user_id"]),
        created_at: time(&value["created_at"]),
        updated_at: time(&value["updated_at"]),
        contact: main_contact(value),
    }
}

fn main_contact(lead: &Value) -> Option<u64> {
    let contacts = embedded(lead, "contacts")?;
    let main = contacts.iter().find(|contact| contact["is_main"] == true).and_then(|contact| id(&contact["id"]));
    main.or_else(|| contacts.iter().find_map(|contact| id(&contact["id"])))
}

fn contact(value: &Value) -> Option<Contact> {
    Some(Contact {
        id: id(&value["id"])?,
        name: text(&value["name"]),
        phone: first_of(value, "PHONE"),
        email: first_of(value, "EMAIL"),
    })
}

fn first_of(contact: &Value, field_code: &str) -> Option<String> {
    let fields = contact["custom_fields_values"].as_array()?;
    let values = fields.iter().filter(|field| field["field_code"] == field_code).filter_map(|f| f["values"].as_array());
    values.flatten().find_map(|entry| text(&entry["value"]))
}

fn pipeline(value: &Value) -> Option<Pipeline> {
    let stages = embedded(value, "statuses").map_or_else(Vec::new, |all| all.iter().filter_map(stage).collect());
    Some(Pipeline {
        id: id(&value["id"])?,
        name: text(&value["name"]).unwrap_or_default(),
        sort: value["sort"].as_i64().unwrap_or_default(),
        is_main: value["is_main"] == true,
        is_unsorted_on: value["is_unsorted_on"] == true,
        is_archived: value["is_archive"] == true,
        stages,
    })
}

fn stage(value: &Value) -> Option<Stage> {
    Some(Stage {
        id: id(&value["id"])?,
        name: text(&value["name"]).unwrap_or_default(),
        sort: value["sort"].as_i64().unwrap_or_default(),
        is_editable: value["is_editable"] == true,
        color: text(&value["color"]),
        kind: value["type"].as_i64(),
    })
}

fn embedded<'a>(value: &'a Value, name: &str) -> Option<&'a Vec<Value>> {
    value["_embedded"][name].as_array()
}

/// A text that says something; phone numbers come as numbers, too.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn time(value: &Value) -> Option<Timestamp> {
    Timestamp::from_second(value.as_i64()?).ok()
}
