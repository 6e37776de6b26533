//! `GET /api/v4/leads` and `GET /api/v4/leads/{id}`.

use actix_web::{
    Error, HttpRequest, HttpResponse,
    web::{Data, Path},
};
use serde::{Serialize, ser::Serializer};
use serde_json::{Value, value::RawValue};

use super::{
    filter,
    guard::Caller,
    list::{self, SelfLink},
    query::With,
};
use crate::{
    AccountId, UserId,
    data::{Account, Lead, LossReason, Tag},
    world::World,
};

/// A lead as amoCRM writes it.
#[derive(Serialize)]
struct View<'a> {
    id: u64,
    name: &'a str,
    price: u64,
    responsible_user_id: UserId,
    group_id: u64,
    status_id: u64,
    pipeline_id: u64,
    loss_reason_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_id: Option<Value>,
    created_by: u64,
    updated_by: u64,
    created_at: u64,
    updated_at: u64,
    closed_at: Option<u64>,
    closest_task_at: Option<u64>,
    is_deleted: bool,
    custom_fields_values: Option<&'a RawValue>,
    score: Option<u32>,
    account_id: AccountId,
    #[serde(skip_serializing_if = "Option::is_none")]
    labor_cost: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_price_modified_by_robot: Option<bool>,
    _links: SelfLink,
    _embedded: Embedded<'a>,
}

#[derive(Serialize)]
struct Embedded<'a> {
    tags: &'a [Tag],
    companies: Vec<Linked>,
    #[serde(skip_serializing_if = "Option::is_none")]
    contacts: Option<Vec<LinkedContact>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    loss_reason: Option<Vec<Reason<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    catalog_elements: Option<[(); 0]>,
}

#[derive(Serialize)]
struct Linked {
    id: u64,
    _links: SelfLink,
}

#[derive(Serialize)]
struct LinkedContact {
    id: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_main: Option<bool>,
    _links: SelfLink,
}

struct Reason<'a>(&'a LossReason, &'a str);

impl Serialize for Reason<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Fields<'a> {
            id: u64,
            name: &'a str,
            sort: u32,
            created_at: u64,
            updated_at: u64,
            _links: SelfLink,
        }
        let Self(reason, host) = self;
        Fields {
            id: reason.id,
            name: reason.name,
            sort: reason.sort,
            created_at: reason.created_at,
            updated_at: reason.created_at,
            _links: SelfLink::new(host, &format!("/api/v4/leads/loss_reasons/{}", reason.id)),
        }
        .serialize(serializer)
    }
}

fn view<'a>(lead: &'a Lead, account: &'a Account, caller: &'a Caller, with: &With<'_>) -> View<'a> {
    View {
        id: lead.id,
        name: &lead.name,
        price: lead.price,
        responsible_user_id: lead.responsible_user_id,
        group_id: 0,
        status_id: lead.status_id,
        pipeline_id: lead.pipeline_id,
        loss_reason_id: lead.loss_reason_id,
        source_id: with.has("source_id").then(|| lead.source_id.into()),
        created_by: lead.created_by,
        updated_by: lead.updated_by,
        created_at: lead.created_at,
        updated_at: lead.updated_at,
        closed_at: lead.closed_at,
        closest_task_at: lead.closest_task_at,
        is_deleted: lead.is_deleted,
        custom_fields_values: lead.fields.as_ref().map(|fields| &*fields.json),
        score: lead.score,
        account_id: account.id,
        labor_cost: caller.gets_inferred.then_some(Value::Null),
        is_price_modified_by_robot: with.has("is_price_modified_by_robot").then_some(lead.is_price_modified_by_robot),
        _links: SelfLink::new(&caller.host, &format!("/api/v4/leads/{}", lead.id)),
        _embedded: embedded(lead, account, caller, with),
    }
}

fn embedded<'a>(lead: &'a Lead, account: &'a Account, caller: &'a Caller, with: &With<'_>) -> Embedded<'a> {
    let host = caller.host.as_str();
    let company = |id| Linked { id, _links: SelfLink::new(host, &format!("/api/v4/companies/{id}")) };
    let contact = |(place, &id): (usize, &u64)| LinkedContact {
        id,
        is_main: caller.gets_inferred.then_some(place == 0),
        _links: SelfLink::new(host, &format!("/api/v4/contacts/{id}")),
    };
    let reasons = || {
        let reasons = account.loss_reasons.iter();
        reasons.filter(|reason| Some(reason.id) == lead.loss_reason_id).map(|reason| Reason(reason, host)).collect()
    };
    Embedded {
        tags: &lead.tags,
        companies: lead.company_id.into_iter().map(company).collect(),
        contacts: with.has("contacts").then(|| lead.contacts.iter().enumerate().map(contact).collect()),
        loss_reason: with.has("loss_reason").then(reasons),
        catalog_elements: with.has("catalog_elements").then_some([]),
    }
}

/// The leads of the account, or those asked for.
pub(crate) async fn list(request: HttpRequest, world: Data<World>, caller: Caller) -> Result<HttpResponse, Error> {
    let account = caller.account(&world)?;
    let find = |query: &_| filter::leads(query, &account.leads);
    list::page(&request, &world, &caller, "leads", find, |lead, with| view(lead, account, &caller, with))
}

/// One lead; 204 if there is none of this number.
pub(crate) async fn one(
    request: HttpRequest,
    world: Data<World>,
    caller: Caller,
    id: Path<String>,
) -> Result<HttpResponse, Error> {
    let account = caller.account(&world)?;
    Ok(list::one(&request, &id, |id| account.lead(id), |lead, with| view(lead, account, &caller, with)))
}
