//! `GET /api/v4/contacts` and `GET /api/v4/contacts/{id}`.

use actix_web::{
    Error, HttpRequest, HttpResponse,
    web::{Data, Path},
};
use serde::Serialize;
use serde_json::value::RawValue;

use super::{
    filter,
    guard::Caller,
    list::{self, SelfLink},
    query::With,
};
use crate::{
    AccountId, UserId,
    store::{Contact, Kind, Tables, Tag},
    world::World,
};

/// A contact as amoCRM writes it.
#[derive(Serialize)]
struct View<'a> {
    id: u64,
    name: &'a str,
    first_name: &'a str,
    last_name: &'a str,
    responsible_user_id: UserId,
    group_id: u64,
    created_by: u64,
    updated_by: u64,
    created_at: u64,
    updated_at: u64,
    closest_task_at: Option<u64>,
    is_deleted: bool,
    is_unsorted: bool,
    custom_fields_values: Option<&'a RawValue>,
    account_id: AccountId,
    _links: SelfLink,
    _embedded: Embedded<'a>,
}

#[derive(Serialize)]
struct Embedded<'a> {
    tags: &'a [Tag],
    companies: Vec<Linked>,
    #[serde(skip_serializing_if = "Option::is_none")]
    leads: Option<Vec<Linked>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    customers: Option<[(); 0]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    catalog_elements: Option<[(); 0]>,
}

#[derive(Serialize)]
struct Linked {
    id: u64,
    _links: SelfLink,
}

fn view<'a>(contact: &'a Contact, tables: &Tables, caller: &Caller, with: &With<'_>) -> View<'a> {
    let card = &contact.card;
    let linked = |kind: Kind| {
        let link = |&id: &u64| Linked { id, _links: SelfLink::of(&caller.host, kind, id) };
        card.links.of(kind).iter().map(link).collect::<Vec<_>>()
    };
    View {
        id: card.id,
        name: &card.name,
        first_name: &contact.first_name,
        last_name: &contact.last_name,
        responsible_user_id: card.responsible_user_id,
        group_id: tables.group_of(card.responsible_user_id),
        created_by: card.created_by,
        updated_by: card.updated_by,
        created_at: card.created_at,
        updated_at: card.updated_at,
        closest_task_at: card.closest_task_at,
        is_deleted: card.is_deleted,
        is_unsorted: false,
        custom_fields_values: card.fields.json(),
        account_id: caller.account,
        _links: SelfLink::of(&caller.host, Kind::Contact, card.id),
        _embedded: Embedded {
            tags: &card.tags,
            companies: linked(Kind::Company),
            leads: with.has("leads").then(|| linked(Kind::Lead)),
            customers: with.has("customers").then_some([]),
            catalog_elements: with.has("catalog_elements").then_some([]),
        },
    }
}

/// The contacts of the account, or those asked for.
pub(crate) async fn list(request: HttpRequest, world: Data<World>, caller: Caller) -> Result<HttpResponse, Error> {
    let tables = caller.account(&world)?.store.read();
    let permissions = tables.permissions(&caller.author);
    let find = |query: &_| filter::contacts(query, tables.contacts.rows(), &permissions);
    list::page(&request, &caller, "contacts", find, |contact, with| view(contact, &tables, &caller, with))
}

/// One contact; 204 if there is none of this number.
pub(crate) async fn one(
    request: HttpRequest,
    world: Data<World>,
    caller: Caller,
    id: Path<String>,
) -> Result<HttpResponse, Error> {
    let tables = caller.account(&world)?.store.read();
    let find = |id| tables.contacts.live(id);
    let permissions = tables.permissions(&caller.author);
    Ok(list::one_entity(&request, &caller, &permissions, &id, find, |contact, with| {
        view(contact, &tables, &caller, with)
    }))
}
