//! Contacts of an agency: some without a telephone, some without an e-mail, some with neither.

use rand::{Rng, RngExt as _};

use super::{names, values};
use crate::{
    UserId,
    store::{Card, Contact, FieldDefinition, PerKind},
};

/// Where and when a contact came to be.
pub(crate) struct Origin<'a> {
    pub(crate) id: u64,
    pub(crate) field_base: u64,
    pub(crate) definitions: &'a [FieldDefinition],
    pub(crate) created_at: u64,
    pub(crate) present: u64,
    pub(crate) responsible: UserId,
}

/// Makes up one contact.
pub(crate) fn make(random: &mut impl Rng, origin: &Origin<'_>) -> Contact {
    let (first, last) = names::person(random);
    let (first_name, last_name) = match random.random_range(0..20) {
        0 => (first, ""),
        1 => ("", ""),
        _ => (first, last),
    };
    let phone = random.random_bool(0.85).then(|| names::phone(random));
    let email = random.random_bool(0.7).then(|| format!("client{}@mail.example", origin.id));
    let position = random.random_bool(0.1).then(|| names::pick(random, &["Директор", "Власниця", "Solicitor"]));
    let fields =
        values::of_contact(origin.field_base, phone.as_deref(), email.as_deref(), position, origin.definitions);
    let mut card = Card {
        id: origin.id,
        name: format!("{first_name} {last_name}").trim().to_owned(),
        responsible_user_id: origin.responsible,
        created_by: origin.responsible.get(),
        updated_by: origin.responsible.get(),
        created_at: origin.created_at,
        updated_at: (origin.created_at + random.random_range(0..30 * 86_400)).min(origin.present),
        closest_task_at: None,
        is_deleted: false,
        fields,
        tags: Vec::new(),
        links: PerKind::default(),
        search: String::new(),
    };
    card.search = card.own_text(origin.definitions);
    Contact { card, first_name: first_name.to_owned(), last_name: last_name.to_owned() }
}
