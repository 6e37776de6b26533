//! One lead by its number.

use amo_connect_domain::crm::lead::{AmoLead, AmoLeadDetails, LeadPage, LossReason};

use super::call::{all_leads, token};
use super::feature::Entity;
use super::leads::{lead, with_fields, without_gaps};
use super::{AmoClientHarness, names};
use crate::fake::{Asked, Reply};
use crate::fixtures::permit;

pub(super) async fn a_lead_comes_by_its_number(harness: &dyn AmoClientHarness) {
    for lead in [with_fields(lead(10_000)), AmoLead::numbered(10_000)] {
        harness.will(Reply::Lead(lead.clone())).await;
        let id = harness.number_of(Entity::Lead, 10_000);
        let found = harness.client().lead(permit(&harness.host()), &token(), id).await;
        assert_eq!(found, Ok(Some(names::lead(harness, &without_gaps(&lead)).into())));
    }
    let asked = Asked::Lead { host: harness.host(), token: token(), id: 10_000 };
    assert_eq!(harness.asked().await, [asked.clone(), asked]);
}

pub(super) async fn a_lead_comes_with_all_of_its_contacts_and_why_it_was_lost(harness: &dyn AmoClientHarness) {
    let reason = LossReason { id: 3, name: Some("Дорого".to_owned()) };
    for (contacts, loss_reason) in [(vec![76, 77, 78], Some(reason)), (vec![77], None)] {
        let details = AmoLeadDetails { lead: with_fields(lead(5)), contacts, loss_reason };
        harness.will(Reply::LeadDetails(details.clone())).await;
        let id = harness.number_of(Entity::Lead, 5);
        let found = harness.client().lead(permit(&harness.host()), &token(), id).await;
        let lead = names::lead(harness, &details.lead);
        let contacts = names::ids(harness, Entity::Contact, &details.contacts);
        assert_eq!(found, Ok(Some(AmoLeadDetails { lead, contacts, ..details })));
    }
}

pub(super) async fn an_unknown_or_deleted_lead_is_none(harness: &dyn AmoClientHarness) {
    for reply in [Reply::Nothing, Reply::DeletedLead(lead(5))] {
        harness.will(reply.clone()).await;
        let found = harness.client().lead(permit(&harness.host()), &token(), 5).await;
        assert_eq!(found, Ok(None), "{reply:?}");
    }
}

pub(super) async fn a_closed_lead_says_so_itself(harness: &dyn AmoClientHarness) {
    for (stage, is_closed) in [(142, true), (143, true), (11, false)] {
        let lead = AmoLead { stage: Some(stage), is_closed, ..lead(5) };
        harness.will(Reply::Leads(LeadPage { leads: vec![lead.clone()], has_more: false })).await;
        let page = harness.client().leads(permit(&harness.host()), &token(), &all_leads()).await.unwrap();
        harness.will(Reply::Lead(lead)).await;
        let found = harness.client().lead(permit(&harness.host()), &token(), 5).await.unwrap();
        let found = found.map(|details| details.lead);
        let told: Vec<_> = page.leads.iter().chain(&found).map(|lead| lead.is_closed).collect();
        assert_eq!(told, [is_closed, is_closed], "in stage {stage}");
    }
}
