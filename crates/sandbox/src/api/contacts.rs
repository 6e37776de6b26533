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
    data::{Account, Contact, Tag},
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
    companies: [(); 0],
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

fn view<'a>(contact: &'a Contact, account: &Account, host: &str, with: &With<'_>) -> View<'a> {
    let lead = |&id: &u64| Linked { id, _links: SelfLink::new(host, &format!("/api/v4/leads/{id}")) };
    View {
        id: contact.id,
        name: &contact.name,
        first_name: &contact.first_name,
        last_name: &contact.last_name,
        responsible_user_id: contact.responsible_user_id,
        group_id: 0,
        created_by: contact.created_by,
        updated_by: contact.created_by,
        created_at: contact.created_at,
        updated_at: contact.updated_at,
        closest_task_at: None,
        is_deleted: false,
        is_unsorted: false,
        custom_fields_values: contact.fields.as_ref().map(|fields| &*fields.json),
        account_id: account.id,
        _links: SelfLink::new(host, &format!("/api/v4/contacts/{}", contact.id)),
        _embedded: Embedded {
            tags: &contact.tags,
            companies: [],
            leads: with.has("leads").then(|| contact.leads.iter().map(lead).collect()),
            customers: with.has("customers").then_some([]),
            catalog_elements: with.has("catalog_elements").then_some([]),
        },
    }
}

/// The contacts of the account, or those asked for.
pub(crate) async fn list(request: HttpRequest, world: Data<World>, caller: Caller) -> Result<HttpResponse, Error> {
    let account = caller.account(&world)?;
    let find = |query: &_| filter::contacts(query, &account.contacts);
    list::page(&request, &world, &caller, "contacts", find, |contact, with| view(contact, account, &caller.host, with))
}

/// One contact; 204 if there is none of this number.
pub(crate) async fn one(
    request: HttpRequest,
    world: Data<World>,
    caller: Caller,
    id: Path<String>,
) -> Result<HttpResponse, Error> {
    let account = caller.account(&world)?;
    Ok(list::one(&request, &id, |id| account.contact(id), |contact, with| view(contact, account, &caller.host, with)))
}
