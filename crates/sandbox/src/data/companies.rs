//! Companies of an agency, each of one lead.

use super::values;
use crate::store::{Card, Company, FieldDefinition, Lead, PerKind};

/// How much larger the id of a company is than that of its lead.
pub(crate) const STEP: u64 = 50_000_000;

const NAMES: [&str; 5] =
    ["ТОВ «Затишна оселя»", "ООО «Новострой»", "Harbour Estates Ltd", "ФОП Мельник", "Brick & Sons"];

/// Makes up the company of a lead, and links the two.
pub(crate) fn make(lead: &mut Lead, field_base: u64, definitions: &[FieldDefinition]) -> Company {
    let id = lead.card.id + STEP;
    lead.card.links.companies.push(id);
    let mut card = Card {
        id,
        name: NAMES[usize::try_from(id).unwrap_or_default() % NAMES.len()].to_owned(),
        fields: values::of_company(field_base, id, definitions),
        tags: Vec::new(),
        links: PerKind { leads: vec![lead.card.id], ..PerKind::default() },
        closest_task_at: None,
        updated_at: lead.card.created_at,
        ..lead.card.clone()
    };
    card.search = card.own_text(definitions);
    Company { card }
}
