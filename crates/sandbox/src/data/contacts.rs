//! Contacts of an agency: some without a telephone, some without an e-mail, some with neither.

use rand::{Rng, RngExt as _};

use super::{Contact, fields, names};
use crate::UserId;

/// Where and when a contact came to be.
pub(crate) struct Origin {
    pub(crate) id: u64,
    pub(crate) field_base: u64,
    pub(crate) created_at: u64,
    pub(crate) present: u64,
    pub(crate) responsible: UserId,
}

/// Makes up one contact.
pub(crate) fn make(random: &mut impl Rng, origin: &Origin) -> Contact {
    let (first, last) = names::person(random);
    let (first_name, last_name) = match random.random_range(0..20) {
        0 => (first, ""),
        1 => ("", ""),
        _ => (first, last),
    };
    let name = format!("{first_name} {last_name}").trim().to_owned();
    let phone = random.random_bool(0.85).then(|| names::phone(random));
    let email = random.random_bool(0.7).then(|| format!("client{}@mail.example", origin.id));
    let position = random.random_bool(0.1).then(|| names::pick(random, &["Директор", "Власниця", "Solicitor"]));
    let fields = fields::of_contact(origin.field_base, phone.as_deref(), email.as_deref(), position);
    let mut search = name.to_lowercase();
    for part in [phone.as_deref(), email.as_deref()].into_iter().flatten() {
        search.push('\n');
        search.push_str(&part.to_lowercase());
    }
    if let Some(phone) = &phone {
        search.push('\n');
        search.extend(phone.chars().filter(char::is_ascii_digit));
    }
    Contact {
        id: origin.id,
        name,
        first_name: first_name.to_owned(),
        last_name: last_name.to_owned(),
        responsible_user_id: origin.responsible,
        created_by: origin.responsible.get(),
        created_at: origin.created_at,
        updated_at: (origin.created_at + random.random_range(0..30 * 86_400)).min(origin.present),
        fields,
        tags: Vec::new(),
        leads: Vec::new(),
        search,
    }
}
