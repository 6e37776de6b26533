//! Leads as amoCRM writes them.

use serde::{Serialize, ser::Serializer};
use serde_json::{Number, Value, json};

use super::{
    entity_read::{FieldsView, Linked, Readable, linked, live_links},
    guard::Caller,
    list::SelfLink,
    query::With,
};
use crate::{
    AccountId, DeletedLead, FractionalPrice, Switches, UserId,
    hosts::Host,
    store::{Kind, Lead, LossReason, Tables, Tag},
};

/// A lead as amoCRM writes it.
#[derive(Serialize)]
pub(crate) struct View<'a> {
    id: u64,
    name: &'a str,
    price: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    price_with_minor_units: Option<Number>,
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
    custom_fields_values: FieldsView<'a>,
    score: Option<u32>,
    account_id: AccountId,
    #[serde(skip_serializing_if = "Option::is_none")]
    labor_cost: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_price_computed: Option<bool>,
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
    /// `null` for a lead without a source.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    catalog_elements: Option<[(); 0]>,
}

#[derive(Serialize)]
struct LinkedContact {
    id: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_main: Option<bool>,
    _links: SelfLink,
}

struct Reason<'a>(&'a LossReason, &'a Host);

impl Serialize for Reason<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Fields<'a> {
            id: u64,
            name: &'a str,
            sort: u64,
            created_at: u64,
            updated_at: u64,
            _links: SelfLink,
        }
        let Self(reason, host) = self;
        Fields {
            id: reason.id,
            name: &reason.name,
            sort: reason.sort,
            created_at: reason.created_at,
            updated_at: reason.updated_at,
            _links: SelfLink::new(host, format_args!("/api/v4/leads/loss_reasons/{}", reason.id)),
        }
        .serialize(serializer)
    }
}

fn view<'a>(lead: &'a Lead, tables: &'a Tables, caller: &'a Caller, with: &With<'_>) -> View<'a> {
    let card = &lead.card;
    let takes_fractions = caller.switches.fractional_price == FractionalPrice::Taken;
    View {
        id: card.id,
        name: &card.name,
        price: lead.price,
        price_with_minor_units: takes_fractions.then(|| lead.exact_price.clone().unwrap_or(lead.price.into())),
        responsible_user_id: card.responsible_user_id,
        group_id: tables.group_of(card.responsible_user_id),
        status_id: lead.status_id,
        pipeline_id: lead.pipeline_id,
        loss_reason_id: lead.loss_reason_id,
        source_id: with.has("source_id").then(|| lead.source_id.into()),
        created_by: card.created_by,
        updated_by: card.updated_by,
        created_at: card.created_at,
        updated_at: card.updated_at,
        closed_at: lead.closed_at,
        closest_task_at: card.closest_task_at,
        is_deleted: card.is_deleted,
        custom_fields_values: FieldsView(&card.fields, caller.switches.empty_custom_fields),
        score: lead.score,
        account_id: caller.account,
        labor_cost: caller.switches.inferred_members.then_some(Value::Null),
        is_price_computed: caller.switches.inferred_members.then_some(false),
        is_price_modified_by_robot: with.has("is_price_modified_by_robot").then_some(lead.is_price_modified_by_robot),
        _links: SelfLink::of(&caller.host, Kind::Lead, card.id),
        _embedded: embedded(lead, tables, caller, with),
    }
}

fn embedded<'a>(lead: &'a Lead, tables: &'a Tables, caller: &'a Caller, with: &With<'_>) -> Embedded<'a> {
    let host = &caller.host;
    let contact = |(place, id): (usize, u64)| LinkedContact {
        id,
        is_main: caller.switches.inferred_members.then_some(place == 0),
        _links: SelfLink::of(host, Kind::Contact, id),
    };
    let contacts = || live_links(&lead.card, Kind::Contact, tables).enumerate().map(contact).collect();
    let reasons = || {
        let reason = lead.loss_reason_id.and_then(|id| tables.loss_reasons.get(id));
        reason.map(|reason| Reason(reason, host)).into_iter().collect()
    };
    let source = || {
        let source = lead.source_id.and_then(|id| tables.sources.get(id));
        source.map_or(Value::Null, |source| json!({"id": source.id, "name": source.name}))
    };
    Embedded {
        tags: &lead.card.tags,
        companies: linked(&lead.card, Kind::Company, tables, host),
        contacts: with.has("contacts").then(contacts),
        loss_reason: with.has("loss_reason").then(reasons),
        source: with.has("source").then(source),
        catalog_elements: with.has("catalog_elements").then_some([]),
    }
}

impl Readable for Lead {
    type View<'t> = View<'t>;

    const DELETED_MEMBERS: &'static [&'static [&'static str]] = &[&[
        "id",
        "name",
        "price",
        "responsible_user_id",
        "group_id",
        "status_id",
        "pipeline_id",
        "loss_reason_id",
        "created_by",
        "updated_by",
        "created_at",
        "updated_at",
        "closed_at",
        "closest_task_at",
        "is_deleted",
        "custom_fields_values",
        "score",
        "account_id",
        "labor_cost",
        "_links",
    ]];

    fn view<'t>(&'t self, tables: &'t Tables, caller: &'t Caller, with: &With<'_>) -> View<'t> {
        view(self, tables, caller, with)
    }

    fn find<'t>(tables: &'t Tables, id: u64, switches: &Switches) -> Option<&'t Self> {
        match switches.deleted_lead {
            DeletedLead::Missing => tables.leads.live(id),
            DeletedLead::Shown => tables.leads.get(id),
        }
    }
}
