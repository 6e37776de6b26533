//! The fake's API.

use amo_connect_domain::crm::account::{AmoAccount, User};
use amo_connect_domain::crm::contact::Contact;
use amo_connect_domain::crm::event::Event;
use amo_connect_domain::crm::lead::{AmoLeadDetails, LeadFilter, LeadPage};
use amo_connect_domain::crm::note::Note;
use amo_connect_domain::crm::page::{Page, PageRequest};
use amo_connect_domain::crm::pipeline::Pipeline;
use amo_connect_domain::crm::task::{Task, TaskFilter};
use amo_connect_domain::crm::write::Write;
use amo_connect_domain::idempotency::WrittenObject;
use amo_connect_domain::ports::{AmoError, CrmApi};
use amo_connect_domain::rate_limit::{Permit, call};
use amo_connect_domain::token::AccessToken;
use async_trait::async_trait;
use jiff::{RoundMode, Timestamp, TimestampRound, Unit};

use super::account::told;
use super::{Asked, FakeAmo, Reply};

/// `filter` as a CRM is asked that keeps no fractions of a second, and gives custom fields to everybody.
fn as_asked(filter: &LeadFilter) -> LeadFilter {
    let whole = TimestampRound::new().smallest(Unit::Second).mode(RoundMode::Floor);
    let floor = |since: Option<Timestamp>| since.map(|since| since.round(whole).unwrap_or(since));
    let (updated_since, created_since) = (floor(filter.updated_since), floor(filter.created_since));
    LeadFilter { updated_since, created_since, with_custom_fields: false, ..filter.clone() }
}

#[async_trait]
impl CrmApi for FakeAmo {
    async fn account(&self, permit: Permit<call::Read>, token: &AccessToken) -> Result<AmoAccount, AmoError> {
        self.pass_the_gate().await;
        let host = permit.host();
        let asked = Asked::Account { host: host.clone(), token: token.clone() };
        let scripted = |reply| if let Reply::AccountCard(account) = reply { Some(account) } else { None };
        self.call(&asked, scripted, |crm| Ok(crm.opened(host, token)?.card()))
    }

    async fn users(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        page: PageRequest,
    ) -> Result<Page<User>, AmoError> {
        let host = permit.host();
        let asked = Asked::Users { host: host.clone(), token: token.clone(), page };
        let scripted = |reply| match reply {
            Reply::Users(users) => Some(users),
            Reply::Nothing => Some(Page::empty()),
            _ => None,
        };
        self.call(&asked, scripted, |crm| Ok(crm.opened(host, token)?.users(page)))
    }

    async fn leads(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        filter: &LeadFilter,
    ) -> Result<LeadPage, AmoError> {
        let host = permit.host();
        let with_custom_fields = filter.with_custom_fields;
        let filter = as_asked(filter);
        let asked = Asked::Leads { host: host.clone(), token: token.clone(), filter: filter.clone() };
        let scripted = |reply| match reply {
            Reply::Leads(page) => Some(page),
            Reply::Nothing | Reply::DeletedLead(_) => Some(LeadPage { leads: Vec::new(), has_more: false }),
            _ => None,
        };
        let page = self.call(&asked, scripted, |crm| Ok(crm.opened(host, token)?.page(&filter)))?;
        let leads = page.leads.into_iter().map(|lead| told(lead, with_custom_fields)).collect();
        Ok(LeadPage { leads, has_more: page.has_more })
    }

    async fn lead(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        id: u64,
    ) -> Result<Option<AmoLeadDetails>, AmoError> {
        let host = permit.host();
        let asked = Asked::Lead { host: host.clone(), token: token.clone(), id };
        let scripted = |reply| match reply {
            Reply::LeadDetails(details) => Some(Some(details)),
            Reply::Nothing | Reply::DeletedLead(_) => Some(None),
            _ => None,
        };
        let details = self.call(&asked, scripted, |crm| Ok(crm.opened(host, token)?.details(id)))?;
        Ok(details.map(|details| AmoLeadDetails { lead: told(details.lead, true), ..details }))
    }

    async fn notes(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        lead: u64,
        page: PageRequest,
    ) -> Result<Page<Note>, AmoError> {
        let host = permit.host();
        let asked = Asked::Notes { host: host.clone(), token: token.clone(), lead, page };
        self.hear(&asked).await;
        let scripted = |reply| match reply {
            Reply::Notes(notes) => Some(notes),
            Reply::Nothing => Some(Page::empty()),
            _ => None,
        };
        self.call(&asked, scripted, |crm| Ok(crm.opened(host, token)?.notes_of(lead, page)))
    }

    async fn tasks(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        filter: &TaskFilter,
    ) -> Result<Page<Task>, AmoError> {
        let host = permit.host();
        let asked = Asked::Tasks { host: host.clone(), token: token.clone(), filter: *filter };
        self.hear(&asked).await;
        let scripted = |reply| match reply {
            Reply::Tasks(tasks) => Some(tasks),
            Reply::Nothing => Some(Page::empty()),
            _ => None,
        };
        self.call(&asked, scripted, |crm| Ok(crm.opened(host, token)?.tasks(filter)))
    }

    async fn events(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        lead: u64,
        page: PageRequest,
    ) -> Result<Page<Event>, AmoError> {
        let host = permit.host();
        let asked = Asked::Events { host: host.clone(), token: token.clone(), lead, page };
        self.hear(&asked).await;
        let scripted = |reply| match reply {
            Reply::Events(events) => Some(events),
            Reply::Nothing => Some(Page::empty()),
            _ => None,
        };
        self.call(&asked, scripted, |crm| Ok(crm.opened(host, token)?.events_of(lead, page)))
    }

    async fn note(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        lead: u64,
        id: u64,
    ) -> Result<Option<Note>, AmoError> {
        let host = permit.host();
        let asked = Asked::Note { host: host.clone(), token: token.clone(), lead, id };
        self.hear(&asked).await;
        let scripted = |reply| match reply {
            Reply::Note(note) => Some(Some(note)),
            Reply::Nothing => Some(None),
            _ => None,
        };
        self.call(&asked, scripted, |crm| Ok(crm.opened(host, token)?.note_of(lead, id)))
    }

    async fn task(&self, permit: Permit<call::Read>, token: &AccessToken, id: u64) -> Result<Option<Task>, AmoError> {
        let host = permit.host();
        let asked = Asked::Task { host: host.clone(), token: token.clone(), id };
        self.hear(&asked).await;
        let scripted = |reply| match reply {
            Reply::Task(task) => Some(Some(task)),
            Reply::Nothing => Some(None),
            _ => None,
        };
        self.call(&asked, scripted, |crm| Ok(crm.opened(host, token)?.task(id)))
    }

    async fn contacts(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        ids: &[u64],
    ) -> Result<Vec<Contact>, AmoError> {
        let host = permit.host();
        if ids.is_empty() && self.allowed.permits(host) {
            return Ok(Vec::new());
        }
        let asked = Asked::Contacts { host: host.clone(), token: token.clone(), ids: ids.to_vec() };
        let scripted = |reply| match reply {
            Reply::Contacts(contacts) => Some(contacts),
            Reply::Nothing => Some(Vec::new()),
            _ => None,
        };
        self.call(&asked, scripted, |crm| Ok(crm.opened(host, token)?.contacts_with(ids)))
    }

    async fn pipelines(&self, permit: Permit<call::Read>, token: &AccessToken) -> Result<Vec<Pipeline>, AmoError> {
        let host = permit.host();
        let asked = Asked::Pipelines { host: host.clone(), token: token.clone() };
        let scripted = |reply| match reply {
            Reply::Pipelines(pipelines) => Some(pipelines),
            Reply::Nothing => Some(Vec::new()),
            _ => None,
        };
        self.call(&asked, scripted, |crm| Ok(crm.opened(host, token)?.pipelines.clone()))
    }

    async fn write(
        &self,
        permit: Permit<call::Write>,
        token: &AccessToken,
        write: &Write,
    ) -> Result<Option<WrittenObject>, AmoError> {
        self.pass_the_gate().await;
        let host = permit.host();
        let asked = Asked::to_write(host, token, write);
        self.hear(&asked).await;
        let scripted = |reply| match reply {
            Reply::Made(object) => Some(Some(object)),
            Reply::Changed => Some(None),
            _ => None,
        };
        self.call(&asked, scripted, |crm| crm.write(host, token, write))
    }
}
