//! What an account holds, as API v4 writes it.

use amo_connect_domain::crm::contact::{Contact, Reached};
use amo_connect_domain::crm::custom_field::{CustomField, CustomValue};
use amo_connect_domain::crm::lead::{AmoLead, Tag};
use amo_connect_domain::crm::pipeline::{Pipeline, Stage, StageKind};
use serde_json::{Value, json};

pub(super) fn leads(leads: impl IntoIterator<Item = Value>, has_more: bool) -> Value {
    let leads: Vec<Value> = leads.into_iter().collect();
    let mut links = json!({"self": {"href": "http://amo/api/v4/leads?page=1"}});
    if has_more {
        links["next"] = json!({"href": "http://amo/api/v4/leads?page=2"});
    }
    json!({"_page": 1, "_links": links, "_embedded": {"leads": leads}})
}

pub(super) fn deleted(lead: &AmoLead) -> Value {
    let mut lead = self::lead(lead);
    lead["is_deleted"] = true.into();
    lead
}

pub(super) fn lead(lead: &AmoLead) -> Value {
    let contacts: Vec<Value> = match lead.contact {
        Some(main) => vec![json!({"id": main + 1, "is_main": false}), json!({"id": main, "is_main": true})],
        None => Vec::new(),
    };
    json!({
        "id": lead.id,
        "name": lead.name,
        "price": lead.price,
        "responsible_user_id": lead.responsible_user,
        "pipeline_id": lead.pipeline,
        "status_id": lead.stage,
        "created_at": lead.created_at.map(jiff::Timestamp::as_second),
        "updated_at": lead.updated_at.map(jiff::Timestamp::as_second),
        "closed_at": lead.closed_at.map(jiff::Timestamp::as_second),
        "is_deleted": false,
        "custom_fields_values": custom_fields(lead.custom_fields.as_deref().unwrap_or_default()),
        "_embedded": {"tags": lead.tags.iter().map(tag).collect::<Vec<_>>(), "companies": [], "contacts": contacts},
    })
}

fn tag(tag: &Tag) -> Value {
    json!({"id": tag.id, "name": tag.name, "color": tag.color})
}

/// The fields that have a value; `null` if none has.
fn custom_fields(fields: &[CustomField]) -> Value {
    let written = fields.iter().map(|field| {
        json!({
            "field_id": field.id, "field_name": field.name, "field_code": field.code, "field_type": field.kind,
            "is_computed": false, "values": field.values.iter().map(custom_value).collect::<Vec<_>>(),
        })
    });
    if fields.is_empty() { Value::Null } else { written.collect() }
}

fn custom_value(value: &CustomValue) -> Value {
    let mut written = json!({"value": value.value});
    if let Some(choice) = value.choice {
        written["enum_id"] = choice.into();
        written["enum_code"] = json!(value.choice_code);
    }
    written
}

pub(super) fn contacts(contacts: &[Contact]) -> Value {
    let contacts: Vec<Value> = contacts.iter().map(contact).collect();
    json!({"_page": 1, "_embedded": {"contacts": contacts}})
}

fn contact(contact: &Contact) -> Value {
    let value = |one: &Reached| json!({"value": one.value, "enum_id": 1, "enum_code": one.kind});
    let field = |code: &str, values: &[Reached]| {
        let values: Vec<Value> = values.iter().map(value).collect();
        json!({"field_id": 1, "field_code": code, "field_type": "multitext", "values": values})
    };
    let all = [("PHONE", &contact.phones), ("EMAIL", &contact.emails)];
    let fields: Vec<Value> =
        all.into_iter().filter(|(_, values)| !values.is_empty()).map(|(code, values)| field(code, values)).collect();
    let fields = if fields.is_empty() { Value::Null } else { fields.into() };
    json!({"id": contact.id, "name": contact.name, "first_name": "", "custom_fields_values": fields})
}

pub(super) fn pipelines(pipelines: &[Pipeline]) -> Value {
    let pipelines: Vec<Value> = pipelines.iter().map(pipeline).collect();
    json!({"_total_items": pipelines.len(), "_embedded": {"pipelines": pipelines}})
}

fn pipeline(pipeline: &Pipeline) -> Value {
    let stages: Vec<Value> = pipeline.stages.iter().map(|stage| self::stage(stage, pipeline.id)).collect();
    json!({
        "id": pipeline.id, "name": pipeline.name, "sort": pipeline.sort, "is_main": pipeline.is_main,
        "is_unsorted_on": pipeline.is_unsorted_on, "is_archive": pipeline.is_archived,
        "_embedded": {"statuses": stages},
    })
}

fn stage(stage: &Stage, pipeline: u64) -> Value {
    json!({
        "id": stage.id, "name": stage.name, "sort": stage.sort, "type": type_number(stage), "pipeline_id": pipeline,
        "is_editable": stage.is_editable, "color": stage.color,
    })
}

fn type_number(stage: &Stage) -> i64 {
    stage.type_number.unwrap_or(i64::from(stage.kind == StageKind::Unsorted))
}
