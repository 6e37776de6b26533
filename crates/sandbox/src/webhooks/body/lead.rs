//! A lead, `leads[add][0]` and so on.

use super::{card, custom_fields, form::Item};
use crate::{
    AccountId,
    store::{Before, ChangeKind, Kind, Lead, Tables},
};

/// A lead that was deleted is its place alone.
pub(super) fn write(
    item: &mut Item<'_>,
    lead: &Lead,
    (kind, before): (ChangeKind, Option<&Before>),
    account: AccountId,
    tables: &Tables,
) {
    let card = &lead.card;
    item.put("[id]", card.id);
    if kind == ChangeKind::Delete {
        item.put("[status_id]", lead.status_id);
        item.put("[pipeline_id]", lead.pipeline_id);
        return;
    }
    let before = before.filter(|_| kind != ChangeKind::Restore);
    let (old_pipeline, old_status) = before.and_then(|before| before.stage).unzip();
    item.put("[name]", &card.name);
    item.put("[status_id]", lead.status_id);
    item.put_some("[old_status_id]", old_status);
    item.put("[price]", lead.price);
    item.put("[responsible_user_id]", card.responsible_user_id);
    item.put("[last_modified]", card.updated_at);
    item.put("[modified_user_id]", card.updated_by);
    item.put("[created_user_id]", card.created_by);
    item.put("[date_create]", card.created_at);
    item.put("[pipeline_id]", lead.pipeline_id);
    item.put_some("[old_pipeline_id]", old_pipeline.filter(|_| kind == ChangeKind::Status));
    card::write_tags(item, &card.tags);
    item.put("[account_id]", account);
    custom_fields::write(item, &card.fields, tables.fields.of(Kind::Lead).rows());
    if kind == ChangeKind::Responsible {
        item.put_some("[old_responsible_user_id]", before.map(|before| before.responsible_user_id));
    }
    item.put("[created_at]", card.created_at);
    item.put("[updated_at]", card.updated_at);
}
