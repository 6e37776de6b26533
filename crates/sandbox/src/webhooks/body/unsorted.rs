//! An unsorted lead, `unsorted[add][0]` and so on. The names of most members are inferred.

use serde_json::json;

use super::form::Item;
use crate::{
    AccountId,
    store::{Fate, Kind, Unsorted},
};

/// One that is gone says what became of it, and with which entities.
pub(super) fn write(item: &mut Item<'_>, row: &Unsorted, account: AccountId) {
    item.put("[uid]", row.uid());
    item.put("[source]", &row.source_name);
    item.put("[source_uid]", &row.source_uid);
    item.put("[category]", row.category.name());
    item.put("[pipeline_id]", row.pipeline_id);
    item.put("[account_id]", account);
    item.put("[created_at]", row.created_at);
    let came = json!({"leads": [row.lead], "contacts": row.contacts, "companies": row.companies});
    let (action, result) = match row.fate {
        Fate::Waits => return item.put_json("[data]", &came),
        Fate::Accepted => ("accept", came),
        Fate::Declined => ("decline", came),
        Fate::Linked(Kind::Lead, id) => ("accept", json!({"leads": [id]})),
        Fate::Linked(Kind::Contact, id) => ("accept", json!({"contacts": [id]})),
        Fate::Linked(Kind::Company, id) => ("accept", json!({"companies": [id]})),
    };
    item.put("[action]", action);
    item.put_json(&format!("[{action}_result]"), &result);
}
