//! An unsorted lead as amoCRM writes it.

use serde_json::{Value, json};

use super::metadata;
use crate::{
    api::{guard::Caller, list::SelfLink},
    store::{Fate, Kind, Unsorted},
};

/// The whole of it.
pub(super) fn whole(row: &Unsorted, caller: &Caller) -> Value {
    json!({
        "uid": row.uid(),
        "source_uid": row.source_uid,
        "source_name": row.source_name,
        "category": row.category.name(),
        "pipeline_id": row.pipeline_id,
        "created_at": row.created_at,
        "metadata": metadata::view(row.category, &row.metadata),
        "account_id": caller.account,
        "_links": link(row, caller),
        "_embedded": embedded(row, caller),
    })
}

/// What the answer to a decision says.
pub(super) fn decided(row: &Unsorted, caller: &Caller) -> Value {
    json!({
        "uid": row.uid(),
        "pipeline_id": row.pipeline_id,
        "category": row.category.name(),
        "created_at": row.created_at,
        "account_id": caller.account,
        "_links": link(row, caller),
        "_embedded": embedded(row, caller),
    })
}

/// What the answer to a new one says.
pub(super) fn added(row: &Unsorted, request_id: &str, caller: &Caller) -> Value {
    json!({
        "uid": row.uid(),
        "account_id": caller.account,
        "request_id": request_id,
        "_links": link(row, caller),
        "_embedded": embedded(row, caller),
    })
}

fn link(row: &Unsorted, caller: &Caller) -> SelfLink {
    SelfLink::new(&caller.host, format_args!("/api/v4/leads/unsorted/{}", row.uid()))
}

fn embedded(row: &Unsorted, caller: &Caller) -> Value {
    let entities = |kind: Kind, ids: &[u64]| {
        let entity = |&id: &u64| json!({"id": id, "_links": SelfLink::of(&caller.host, kind, id)});
        ids.iter().map(entity).collect::<Value>()
    };
    // What was linked is where it was put to.
    let (mut leads, mut contacts, mut companies) = (vec![row.lead], row.contacts.clone(), row.companies.clone());
    match row.fate {
        Fate::Linked(Kind::Lead, id) => leads = vec![id],
        Fate::Linked(Kind::Contact, id) => contacts = vec![id],
        Fate::Linked(Kind::Company, id) => companies = vec![id],
        _ => {}
    }
    json!({
        "leads": entities(Kind::Lead, &leads),
        "contacts": entities(Kind::Contact, &contacts),
        "companies": entities(Kind::Company, &companies),
    })
}
