//! What the CRM has under the suite's numbers, as the client knows it.

use amo_connect_domain::crm::contact::Contact;
use amo_connect_domain::crm::lead::{AmoLead, LeadFilter, LeadPage};
use amo_connect_domain::crm::pipeline::{Pipeline, Stage};
use amo_connect_domain::crm::write::{LeadChange, NewLead, NewNote, NewTask, Write};
use amo_connect_domain::ids::AccountId;
use amo_connect_domain::token::Issued;

use super::AmoClientHarness;
use super::feature::{Entity, Feature};

pub(super) fn account(harness: &dyn AmoClientHarness, account: AccountId) -> AccountId {
    AccountId(harness.number_of(Entity::Account, account.0))
}

pub(super) fn pair(harness: &dyn AmoClientHarness, issued: &Issued) -> Issued {
    let has_account = !harness.lacks().contains(&Feature::AccountWithPair);
    let account = issued.account.filter(|_| has_account).map(|account| self::account(harness, account));
    Issued { account, ..issued.clone() }
}

pub(super) fn lead(harness: &dyn AmoClientHarness, lead: &AmoLead) -> AmoLead {
    let known = |thing, number: Option<u64>| number.map(|number| harness.number_of(thing, number));
    AmoLead {
        id: harness.number_of(Entity::Lead, lead.id),
        pipeline: known(Entity::Pipeline, lead.pipeline),
        stage: known(Entity::Stage, lead.stage),
        responsible_user: known(Entity::User, lead.responsible_user),
        created_by: known(Entity::User, lead.created_by),
        contact: known(Entity::Contact, lead.contact),
        ..lead.clone()
    }
}

pub(super) fn page(harness: &dyn AmoClientHarness, page: &LeadPage) -> LeadPage {
    LeadPage { leads: page.leads.iter().map(|lead| self::lead(harness, lead)).collect(), has_more: page.has_more }
}

pub(super) fn filter(harness: &dyn AmoClientHarness, filter: &LeadFilter) -> LeadFilter {
    let pipeline = |number| harness.number_of(Entity::Pipeline, number);
    let stage = |&(of, number): &(u64, u64)| (pipeline(of), harness.number_of(Entity::Stage, number));
    LeadFilter {
        pipeline: filter.pipeline.map(pipeline),
        ids: ids(harness, Entity::Lead, &filter.ids),
        stages: filter.stages.iter().map(stage).collect(),
        responsible_user: user(harness, filter.responsible_user),
        ..filter.clone()
    }
}

/// The write that makes of the CRM what `write` says in the suite's numbers.
pub(super) fn write(harness: &dyn AmoClientHarness, write: &Write) -> Write {
    let known = |thing, number: Option<u64>| number.map(|number| harness.number_of(thing, number));
    let lead = |number| harness.number_of(Entity::Lead, number);
    match write.clone() {
        Write::Lead(new) => Write::Lead(NewLead {
            pipeline: known(Entity::Pipeline, new.pipeline),
            stage: known(Entity::Stage, new.stage),
            responsible_user: user(harness, new.responsible_user),
            ..new
        }),
        Write::LeadChange(id, change) => Write::LeadChange(
            lead(id),
            LeadChange {
                pipeline: known(Entity::Pipeline, change.pipeline),
                stage: known(Entity::Stage, change.stage),
                responsible_user: user(harness, change.responsible_user),
                ..change
            },
        ),
        Write::Note(new) => Write::Note(NewNote { lead: lead(new.lead), ..new }),
        Write::Task(new) => {
            let responsible_user = user(harness, new.responsible_user);
            Write::Task(NewTask { lead: lead(new.lead), responsible_user, ..new })
        }
        Write::TaskChange(id, change) => Write::TaskChange(id, change),
    }
}

pub(super) fn user(harness: &dyn AmoClientHarness, user: Option<u64>) -> Option<u64> {
    user.map(|number| harness.number_of(Entity::User, number))
}

/// The filter as it reaches a CRM whose pages may have a size of their own.
pub(super) fn asked(harness: &dyn AmoClientHarness, filter: LeadFilter) -> LeadFilter {
    LeadFilter { limit: harness.page_size(filter.limit), ..filter }
}

pub(super) fn contacts(harness: &dyn AmoClientHarness, contacts: &[Contact]) -> Vec<Contact> {
    let known = |contact: &Contact| Contact { id: harness.number_of(Entity::Contact, contact.id), ..contact.clone() };
    contacts.iter().map(known).collect()
}

pub(super) fn ids(harness: &dyn AmoClientHarness, thing: Entity, ids: &[u64]) -> Vec<u64> {
    ids.iter().map(|id| harness.number_of(thing, *id)).collect()
}

pub(super) fn pipelines(harness: &dyn AmoClientHarness, pipelines: &[Pipeline]) -> Vec<Pipeline> {
    let stage = |stage: &Stage| Stage { id: harness.number_of(Entity::Stage, stage.id), ..stage.clone() };
    let known = |pipeline: &Pipeline| Pipeline {
        id: harness.number_of(Entity::Pipeline, pipeline.id),
        stages: pipeline.stages.iter().map(stage).collect(),
        ..pipeline.clone()
    };
    comparable(harness, pipelines.iter().map(known).collect())
}

/// Without what the CRM lacks, and the client therefore makes up.
pub(super) fn comparable(harness: &dyn AmoClientHarness, mut pipelines: Vec<Pipeline>) -> Vec<Pipeline> {
    let lacks = |feature| harness.lacks().contains(&feature);
    for pipeline in &mut pipelines {
        if lacks(Feature::ClosedStages) {
            pipeline.stages.retain(|stage| !stage.kind.is_closed());
        }
        for stage in pipeline.stages.iter_mut().filter(|_| lacks(Feature::StageDetails)) {
            (stage.color, stage.is_editable) = (None, false);
        }
    }
    pipelines
}
