//! Contacts and companies, both `contacts[add][0]` and so on, told apart by `type`.

use super::{custom_fields, form::Item};
use crate::{
    AccountId,
    store::{Before, Card, ChangeKind, Kind, Tables, Tag},
};

/// One that was deleted is its number and its type.
pub(super) fn write(
    item: &mut Item<'_>,
    card: &Card,
    entity: Kind,
    (kind, before): (ChangeKind, Option<&Before>),
    account: AccountId,
    tables: &Tables,
) {
    item.put("[id]", card.id);
    if kind == ChangeKind::Delete {
        item.put("[type]", entity.singular());
        return;
    }
    let before = before.filter(|_| kind != ChangeKind::Restore);
    item.put("[name]", &card.name);
    item.put("[responsible_user_id]", card.responsible_user_id);
    item.put_some("[old_responsible_user_id]", before.map(|before| before.responsible_user_id));
    item.put("[date_create]", card.created_at);
    item.put("[last_modified]", card.updated_at);
    item.put("[created_user_id]", card.created_by);
    item.put("[modified_user_id]", card.updated_by);
    let company = card.links.companies.first().filter(|_| entity == Kind::Contact);
    if let Some(company) = company.and_then(|&id| tables.companies.live(id)) {
        item.put("[company_name]", &company.card.name);
        item.put("[linked_company_id]", company.card.id);
    }
    item.put("[account_id]", account);
    custom_fields::write(item, &card.fields, tables.fields.of(entity).rows());
    write_tags(item, &card.tags);
    for lead in card.links.leads.iter().filter(|&&id| tables.leads.live(id).is_some()) {
        item.put(&format!("[linked_leads_id][{lead}][ID]"), lead);
    }
    item.put("[created_at]", card.created_at);
    item.put("[updated_at]", card.updated_at);
    item.put("[type]", entity.singular());
}

/// The tags of an entity.
pub(super) fn write_tags(item: &mut Item<'_>, tags: &[Tag]) {
    for (place, tag) in tags.iter().enumerate() {
        item.put(&format!("[tags][{place}][id]"), tag.id);
        item.put(&format!("[tags][{place}][name]"), &tag.name);
    }
}
