//! An unsorted lead, `unsorted[add][0]` and so on.

use serde_json::{Value, json};

use super::form::Item;
use crate::{
    AccountId,
    store::{Fate, Kind, Lead, Tables, Unsorted},
};

/// One that is gone says what became of it, and with which entities.
pub(super) fn write(item: &mut Item<'_>, row: &Unsorted, account: AccountId, tables: &Tables) {
    let came = json!({"leads": [row.lead], "contacts": row.contacts, "companies": row.companies});
    let (action, result) = match row.fate {
        Fate::Waits => return write_waiting(item, row, account, tables),
        Fate::Accepted => ("accept", came),
        Fate::Declined => ("decline", came),
        Fate::Linked(Kind::Lead, id) => ("accept", json!({"leads": [id]})),
        Fate::Linked(Kind::Contact, id) => ("accept", json!({"contacts": [id]})),
        Fate::Linked(Kind::Company, id) => ("accept", json!({"companies": [id]})),
    };
    item.put("[action]", action);
    item.put("[uid]", row.uid());
    item.put("[category]", row.category.name());
    item.put("[created_at]", row.created_at);
    item.put_json(&format!("[{action}_result]"), &result);
}

/// One that waits says how it came, and what it is now.
fn write_waiting(item: &mut Item<'_>, row: &Unsorted, account: AccountId, tables: &Tables) {
    let lead = tables.leads.get(row.lead);
    item.put("[uid]", row.uid());
    item.put("[category]", row.category.name());
    item.put("[account_id]", account);
    item.put_some("[user_id]", lead.map(|lead| lead.card.created_by));
    item.put("[source]", &row.source_name);
    item.put("[pipeline_id]", row.pipeline_id);
    item.put_json("[source_data]", &row.metadata.clone().into());
    let named = |kind: Kind, ids: &[u64]| -> Value {
        let card = |&id: &u64| tables.card((kind, id)).map(|card| json!({"id": id, "name": card.name}));
        ids.iter().filter_map(card).collect()
    };
    let data = json!({
        "leads": lead.map(data_of_lead).into_iter().collect::<Value>(),
        "contacts": named(Kind::Contact, &row.contacts),
        "companies": named(Kind::Company, &row.companies),
        "pipeline_id": row.pipeline_id,
        "source": row.source_name,
        "source_uid": row.source_uid,
        "created_at": row.created_at,
    });
    item.put_json("[data]", &data);
}

fn data_of_lead(lead: &Lead) -> Value {
    json!({
        "id": lead.card.id,
        "status_id": lead.status_id,
        "pipeline_id": lead.pipeline_id,
        "name": lead.card.name,
        "created_user_id": lead.card.created_by,
        "date_create": lead.card.created_at,
    })
}
