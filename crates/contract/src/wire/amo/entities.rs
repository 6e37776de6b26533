//! What an account holds, as API v4 writes it.

use amo_connect_domain::crm::account::{AmoAccount, User};
use amo_connect_domain::crm::contact::{Contact, Reached};
use amo_connect_domain::crm::custom_field::{CustomField, CustomValue};
use amo_connect_domain::crm::event::Event;
use amo_connect_domain::crm::lead::{AmoLead, AmoLeadDetails, Tag};
use amo_connect_domain::crm::note::Note;
use amo_connect_domain::crm::page::Page;
use amo_connect_domain::crm::pipeline::{Pipeline, Stage, StageKind};
use amo_connect_domain::crm::task::Task;
use jiff::Timestamp;
use serde_json::{Value, json};

pub(super) fn leads(leads: impl IntoIterator<Item = Value>, has_more: bool) -> Value {
    list("leads", leads.into_iter(), has_more)
}

fn list(name: &str, entries: impl Iterator<Item = Value>, has_more: bool) -> Value {
    let address = |page| json!({"href": format!("http://amo/api/v4/{name}?page={page}")});
    let mut links = json!({"self": address(1)});
    if has_more {
        links["next"] = address(2);
    }
    json!({"_page": 1, "_links": links, "_embedded": {name: entries.collect::<Vec<_>>()}})
}

fn second(moment: Option<Timestamp>) -> Option<i64> {
    moment.map(Timestamp::as_second)
}

pub(super) fn account(account: &AmoAccount) -> Value {
    json!({
        "id": account.number.0, "name": account.name, "subdomain": "example", "currency": account.currency,
        "current_user_id": account.user,
    })
}

pub(super) fn users(page: &Page<User>) -> Value {
    let user = |user: &User| {
        json!({
            "id": user.id, "name": user.name, "email": user.email, "lang": "uk",
            "rights": {"is_admin": user.is_admin, "is_free": false, "is_active": user.is_active},
        })
    };
    list("users", page.items.iter().map(user), page.has_more)
}

pub(super) fn notes(page: &Page<Note>) -> Value {
    list("notes", page.items.iter().map(note), page.has_more)
}

pub(super) fn note(note: &Note) -> Value {
    json!({
        "id": note.id, "entity_id": 5, "note_type": note.kind, "params": note.params,
        "created_by": note.created_by.unwrap_or_default(), "created_at": second(note.created_at),
        "updated_at": second(note.updated_at),
    })
}

pub(super) fn tasks(page: &Page<Task>) -> Value {
    list("tasks", page.items.iter().map(task), page.has_more)
}

pub(super) fn task(task: &Task) -> Value {
    json!({
        "id": task.id, "entity_id": task.lead, "entity_type": task.lead.map(|_| "leads"), "text": task.text,
        "task_type_id": task.kind, "complete_till": second(task.complete_till), "is_completed": task.is_completed,
        "result": task.result.as_ref().map_or(json!([]), |text| json!({"text": text})),
        "responsible_user_id": task.responsible_user, "created_by": task.created_by.unwrap_or_default(),
        "created_at": second(task.created_at), "updated_at": second(task.updated_at), "duration": 0,
    })
}

pub(super) fn events(page: &Page<Event>) -> Value {
    let event = |event: &Event| {
        json!({
            "id": event.id, "type": event.kind, "entity_id": 5, "entity_type": "lead", "value_before": event.before,
            "value_after": event.after, "created_by": event.created_by.unwrap_or_default(),
            "created_at": second(event.created_at),
        })
    };
    list("events", page.items.iter().map(event), page.has_more)
}

/// A lead with all of its contacts, and the list of at most one reason why it was lost.
pub(super) fn details(AmoLeadDetails { lead, contacts, loss_reason }: &AmoLeadDetails) -> Value {
    let mut written = self::lead(lead);
    let contact = |id: &u64| json!({"id": id, "is_main": Some(*id) == lead.contact});
    written["_embedded"]["contacts"] = contacts.iter().map(contact).collect();
    let reason = loss_reason.iter().map(|reason| json!({"id": reason.id, "name": reason.name, "sort": 10}));
    written["_embedded"]["loss_reason"] = reason.collect();
    written
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
        "created_by": lead.created_by.unwrap_or_default(),
        "created_at": second(lead.created_at),
        "updated_at": second(lead.updated_at),
        "closed_at": second(lead.closed_at),
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
