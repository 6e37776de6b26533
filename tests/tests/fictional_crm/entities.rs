//! What an agency has, as Harbour writes it.

use amo_connect_domain::crm::account::{AmoAccount, User};
use amo_connect_domain::crm::contact::{Contact, Reached};
use amo_connect_domain::crm::custom_field::CustomField;
use amo_connect_domain::crm::lead::{AmoLead, AmoLeadDetails, LeadPage, Tag};
use amo_connect_domain::crm::page::Page;
use amo_connect_domain::crm::pipeline::{Pipeline, Stage, StageKind};
use amo_connect_domain::token::Issued;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::crm::{agency, column};

pub(crate) fn card(AmoAccount { number, name, currency, user }: &AmoAccount) -> Value {
    json!({ "agency": agency(number.0), "name": name, "coin": currency, "agent": user })
}

pub(crate) fn tokens(issued: &Issued, seconds: &Value) -> Value {
    json!({
        "access": issued.access.expose(),
        "renewal": issued.refresh.expose(),
        "seconds": seconds,
        "agency": issued.account.map(|account| agency(account.0)),
        "pier": issued.host,
    })
}

pub(crate) fn listed(page: &LeadPage) -> Value {
    deals(page.leads.iter().map(|lead| deal(lead, false)), page.has_more)
}

pub(crate) fn deals(deals: impl IntoIterator<Item = Value>, more: bool) -> Value {
    json!({ "deals": deals.into_iter().collect::<Vec<_>>(), "more": more })
}

pub(crate) fn deal(lead: &AmoLead, gone: bool) -> Value {
    json!({
        "no": lead.id, "gone": gone, "title": lead.name, "amount": lead.price, "board": lead.pipeline,
        "column": lead.stage.map(column), "closed": lead.is_closed, "agent": lead.responsible_user, "by": lead.created_by,
        "opened": lead.created_at.map(Timestamp::as_second), "touched": lead.updated_at.map(Timestamp::as_second),
        "settled": lead.closed_at.map(Timestamp::as_second), "labels": lead.tags.iter().map(label).collect::<Vec<_>>(),
        "person": lead.contact, "facts": lead.custom_fields.iter().flatten().map(fact).collect::<Vec<_>>(),
    })
}

pub(crate) fn whole_deal(AmoLeadDetails { lead, contacts, loss_reason }: &AmoLeadDetails) -> Value {
    let mut deal = deal(lead, false);
    deal["people"] = json!(contacts);
    deal["lost_for"] = json!(loss_reason.as_ref().map(|reason| (reason.id, &reason.name)));
    deal
}

fn label(tag: &Tag) -> Value {
    json!({ "no": tag.id, "text": tag.name, "color": tag.color })
}

fn fact(field: &CustomField) -> Value {
    let values: Vec<Value> =
        field.values.iter().map(|value| json!([value.value, value.choice, value.choice_code])).collect();
    json!({ "no": field.id, "name": field.name, "code": field.code, "kind": field.kind, "values": values })
}

pub(crate) fn person(contact: &Contact) -> Value {
    let lines = |all: &[Reached]| all.iter().map(|one| json!([one.value, one.kind])).collect::<Vec<_>>();
    json!({
        "no": contact.id, "name": contact.name, "phones": lines(&contact.phones), "emails": lines(&contact.emails),
    })
}

pub(crate) fn agents(page: &Page<User>) -> Value {
    let agent = |user: &User| {
        json!({
            "no": user.id, "name": user.name, "email": user.email, "works_here": user.is_active,
            "is_chief": user.is_admin,
        })
    };
    json!({ "agents": page.items.iter().map(agent).collect::<Vec<_>>(), "more": page.has_more })
}

pub(crate) fn board(pipeline: &Pipeline) -> Value {
    json!({
        "no": pipeline.id, "name": pipeline.name, "place": pipeline.sort, "main": pipeline.is_main,
        "columns": pipeline.stages.iter().map(described).collect::<Vec<_>>(),
    })
}

fn described(stage: &Stage) -> Value {
    let ends = match stage.kind {
        StageKind::Won => Some("deal"),
        StageKind::Lost => Some("no deal"),
        // Harbour has no place for what nobody has taken on.
        StageKind::Unsorted | StageKind::Open => None,
    };
    json!({
        "id": column(stage.id), "name": stage.name, "place": stage.sort, "fixed": !stage.is_editable,
        "color": stage.color, "ends": ends,
    })
}
