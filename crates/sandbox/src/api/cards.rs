//! Contacts and companies as amoCRM writes them.

use serde::Serialize;

use super::{
    entity_read::{FieldsView, Linked, Readable, linked},
    guard::Caller,
    list::SelfLink,
    query::With,
};
use crate::{
    AccountId, UserId,
    store::{Card, Company, Contact, Entity, Kind, Tables, Tag},
};

/// A contact or a company; only contacts have what may be missing.
#[derive(Serialize)]
pub(crate) struct View<'a> {
    id: u64,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_name: Option<&'a str>,
    responsible_user_id: UserId,
    group_id: u64,
    created_by: u64,
    updated_by: u64,
    created_at: u64,
    updated_at: u64,
    closest_task_at: Option<u64>,
    is_deleted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_unsorted: Option<bool>,
    custom_fields_values: FieldsView<'a>,
    account_id: AccountId,
    _links: SelfLink,
    _embedded: Embedded<'a>,
}

#[derive(Serialize)]
struct Embedded<'a> {
    tags: &'a [Tag],
    #[serde(skip_serializing_if = "Option::is_none")]
    companies: Option<Vec<Linked>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    contacts: Option<Vec<Linked>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    leads: Option<Vec<Linked>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    customers: Option<[(); 0]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    catalog_elements: Option<[(); 0]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    social_profiles: Option<[(); 0]>,
}

fn view<'a, E: Entity>(entity: &'a E, tables: &Tables, caller: &Caller, with: &With<'_>) -> View<'a> {
    let card = entity.card();
    View {
        id: card.id,
        name: &card.name,
        first_name: None,
        last_name: None,
        responsible_user_id: card.responsible_user_id,
        group_id: tables.group_of(card.responsible_user_id),
        created_by: card.created_by,
        updated_by: card.updated_by,
        created_at: card.created_at,
        updated_at: card.updated_at,
        closest_task_at: card.closest_task_at,
        is_deleted: card.is_deleted,
        is_unsorted: None,
        custom_fields_values: FieldsView(&card.fields, caller.switches.empty_custom_fields),
        account_id: caller.account,
        _links: SelfLink::of(&caller.host, E::KIND, card.id),
        _embedded: embedded(card, E::KIND, tables, caller, with),
    }
}

/// A contact always shows its company.
fn embedded<'a>(card: &'a Card, kind: Kind, tables: &Tables, caller: &Caller, with: &With<'_>) -> Embedded<'a> {
    let is_contact = kind == Kind::Contact;
    let linked = |kind: Kind| linked(card, kind, tables, &caller.host);
    let nothing = |name| with.has(name).then_some([]);
    Embedded {
        tags: &card.tags,
        companies: is_contact.then(|| linked(Kind::Company)),
        contacts: (!is_contact && with.has("contacts")).then(|| linked(Kind::Contact)),
        leads: with.has("leads").then(|| linked(Kind::Lead)),
        customers: nothing("customers"),
        catalog_elements: nothing("catalog_elements"),
        social_profiles: nothing("social_profiles").filter(|_| is_contact),
    }
}

/// What follows the names of a deleted one.
const OF_CARDS: [&str; 11] = [
    "responsible_user_id",
    "group_id",
    "created_by",
    "updated_by",
    "created_at",
    "updated_at",
    "closest_task_at",
    "is_deleted",
    "custom_fields_values",
    "account_id",
    "_links",
];

impl Readable for Contact {
    type View<'t> = View<'t>;

    const DELETED_MEMBERS: &'static [&'static [&'static str]] =
        &[&["id", "name", "first_name", "last_name"], &OF_CARDS];

    fn view<'t>(&'t self, tables: &'t Tables, caller: &'t Caller, with: &With<'_>) -> View<'t> {
        View {
            first_name: Some(&self.first_name),
            last_name: Some(&self.last_name),
            is_unsorted: Some(false),
            ..view(self, tables, caller, with)
        }
    }
}

impl Readable for Company {
    type View<'t> = View<'t>;

    const DELETED_MEMBERS: &'static [&'static [&'static str]] = &[&["id", "name"], &OF_CARDS];

    fn view<'t>(&'t self, tables: &'t Tables, caller: &'t Caller, with: &With<'_>) -> View<'t> {
        view(self, tables, caller, with)
    }
}
