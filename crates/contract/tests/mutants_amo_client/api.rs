//! The API of such a client.

use std::time::Duration;

use amo_connect_contract::fixtures;
use amo_connect_domain::crm::account::{AmoAccount, User};
use amo_connect_domain::crm::contact::Contact;
use amo_connect_domain::crm::event::Event;
use amo_connect_domain::crm::lead::{AmoLead, AmoLeadDetails, LeadFilter, LeadOrder, LeadPage};
use amo_connect_domain::crm::note::Note;
use amo_connect_domain::crm::page::{Page, PageRequest};
use amo_connect_domain::crm::pipeline::{Pipeline, StageKind};
use amo_connect_domain::crm::task::{Task, TaskFilter, TaskOrder};
use amo_connect_domain::crm::write::{NewLead, Write};
use amo_connect_domain::idempotency::WrittenObject;
use amo_connect_domain::ids::AccountId;
use amo_connect_domain::ports::{AmoError, CrmApi};
use amo_connect_domain::rate_limit::{Permit, call};
use amo_connect_domain::token::AccessToken;
use async_trait::async_trait;

use crate::client::MutantClient;
use crate::kinds::Mutant;

/// The types of notes and events that everybody knows.
const KNOWN_TYPES: [&str; 5] = ["common", "call_in", "service_message", "lead_added", "lead_status_changed"];

#[async_trait]
impl CrmApi for MutantClient {
    async fn account(&self, permit: Permit<call::Read>, token: &AccessToken) -> Result<AmoAccount, AmoError> {
        let host = self.host(permit.host());
        let account = self.call(|| self.inner.account(fixtures::permit(&host), token)).await?;
        Ok(match self.mutant {
            Mutant::ForgetsTheAccount => AmoAccount { number: AccountId(1), ..account },
            Mutant::ForgetsWhoseTheTokenIs => AmoAccount { user: None, ..account },
            _ => account,
        })
    }

    async fn users(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        page: PageRequest,
    ) -> Result<Page<User>, AmoError> {
        let host = self.host(permit.host());
        let mut users = self.call(|| self.inner.users(fixtures::permit(&host), token, page)).await?;
        if self.is(Mutant::HidesThoseWhoLeft) {
            users.items.retain(|user| user.is_active);
        }
        Ok(users)
    }

    async fn leads(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        filter: &LeadFilter,
    ) -> Result<LeadPage, AmoError> {
        let host = permit.host();
        let (host, mut filter) = (self.host(host), filter.clone());
        if self.is(Mutant::AsksForLongPages) {
            filter.limit = filter.limit.max(50);
        }
        if self.is(Mutant::IgnoresFilters) {
            filter.stages.clear();
        }
        if self.is(Mutant::AsksForTenLeads) {
            filter.ids.truncate(10);
        }
        if self.is(Mutant::IgnoresOrders) {
            filter.order = LeadOrder::default();
        }
        if self.is(Mutant::AlwaysReadsCustomFields) {
            filter.with_custom_fields = true;
        }
        if self.is(Mutant::SplitsSeconds) {
            filter.updated_since = filter.updated_since.map(|since| since + Duration::from_secs(1));
        }
        if self.is(Mutant::SplitsSecondsOfCreation) {
            filter.created_since = filter.created_since.map(|since| since + Duration::from_secs(1));
        }
        let mut page = self.call(|| self.inner.leads(fixtures::permit(&host), token, &filter)).await?;
        match self.mutant {
            Mutant::SortsLeads => page.leads.sort_by_key(|lead| lead.id),
            Mutant::DropsOddLeads => page.leads.retain(|lead| lead.name.is_some()),
            Mutant::CallsNothingMissing if page.leads.is_empty() => return Err(AmoError::NotFound),
            Mutant::InventsLeads => page.leads.push(AmoLead::numbered(404)),
            Mutant::ForgetsClosings => page.leads.iter_mut().for_each(|lead| lead.is_closed = false),
            Mutant::ForgetsCustomFields => page.leads.iter_mut().for_each(|lead| lead.custom_fields = None),
            Mutant::ForgetsAuthors => page.leads.iter_mut().for_each(|lead| lead.created_by = None),
            _ => {}
        }
        Ok(page)
    }

    async fn lead(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        id: u64,
    ) -> Result<Option<AmoLeadDetails>, AmoError> {
        let host = self.host(permit.host());
        let mut found = self.call(|| self.inner.lead(fixtures::permit(&host), token, id)).await?;
        if self.is(Mutant::InventsLeads) {
            return Ok(found.or(Some(AmoLead::numbered(id).into())));
        }
        if self.is(Mutant::DropsOddLeads) {
            return Ok(found.filter(|details| details.lead.name.is_some()));
        }
        if let Some(details) = &mut found {
            match self.mutant {
                Mutant::ForgetsClosings => details.lead.is_closed = false,
                Mutant::ForgetsCustomFields => details.lead.custom_fields = None,
                Mutant::ForgetsContacts => details.contacts.truncate(1),
                Mutant::ForgetsLossReasons => details.loss_reason = None,
                _ => {}
            }
        }
        Ok(found)
    }

    async fn notes(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        lead: u64,
        page: PageRequest,
    ) -> Result<Page<Note>, AmoError> {
        let host = self.host(permit.host());
        let notes = self.call(|| self.inner.notes(fixtures::permit(&host), token, lead, page)).await?;
        Ok(self.list(notes, |note| note.kind.as_deref().is_none_or(|kind| KNOWN_TYPES.contains(&kind))))
    }

    async fn tasks(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        filter: &TaskFilter,
    ) -> Result<Page<Task>, AmoError> {
        let (host, mut filter) = (self.host(permit.host()), *filter);
        if self.is(Mutant::IgnoresTaskFilters) {
            filter.responsible_user = None;
        }
        if self.is(Mutant::IgnoresTaskOrders) {
            filter.order = TaskOrder::Newest;
        }
        let tasks = self.call(|| self.inner.tasks(fixtures::permit(&host), token, &filter)).await?;
        Ok(self.list(tasks, |_| true))
    }

    async fn events(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        lead: u64,
        page: PageRequest,
    ) -> Result<Page<Event>, AmoError> {
        let host = self.host(permit.host());
        let events = self.call(|| self.inner.events(fixtures::permit(&host), token, lead, page)).await?;
        Ok(self.list(events, |event| event.kind.as_deref().is_none_or(|kind| KNOWN_TYPES.contains(&kind))))
    }

    async fn note(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        lead: u64,
        id: u64,
    ) -> Result<Option<Note>, AmoError> {
        let host = self.host(permit.host());
        let found = self.call(|| self.inner.note(fixtures::permit(&host), token, lead, id)).await?;
        Ok(match self.mutant {
            Mutant::ForgetsAuthors => found.map(|note| Note { created_by: None, ..note }),
            Mutant::InventsNotesAndTasks => found.or(Some(Note::numbered(id))),
            _ => found,
        })
    }

    async fn task(&self, permit: Permit<call::Read>, token: &AccessToken, id: u64) -> Result<Option<Task>, AmoError> {
        let host = self.host(permit.host());
        let found = self.call(|| self.inner.task(fixtures::permit(&host), token, id)).await?;
        Ok(match self.mutant {
            Mutant::ForgetsAuthors => found.map(|task| Task { created_by: None, ..task }),
            Mutant::InventsNotesAndTasks => found.or(Some(Task::numbered(id))),
            _ => found,
        })
    }

    async fn contacts(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        ids: &[u64],
    ) -> Result<Vec<Contact>, AmoError> {
        let host = self.host(permit.host());
        let ids = if self.is(Mutant::AsksForTenContacts) { &ids[..ids.len().min(10)] } else { ids };
        let mut contacts = self.call(|| self.inner.contacts(fixtures::permit(&host), token, ids)).await?;
        if self.is(Mutant::InventsContacts) {
            contacts.push(Contact::numbered(404));
        }
        Ok(contacts)
    }

    async fn pipelines(&self, permit: Permit<call::Read>, token: &AccessToken) -> Result<Vec<Pipeline>, AmoError> {
        let host = self.host(permit.host());
        let mut pipelines = self.call(|| self.inner.pipelines(fixtures::permit(&host), token)).await?;
        if self.is(Mutant::ForgetsStages) {
            for pipeline in &mut pipelines {
                pipeline.stages.clear();
            }
        }
        if self.is(Mutant::HidesTheArchive) {
            pipelines.retain(|pipeline| !pipeline.is_archived);
        }
        if self.is(Mutant::CallsAllOpen) {
            for stage in pipelines.iter_mut().flat_map(|pipeline| &mut pipeline.stages) {
                stage.kind = StageKind::Open;
            }
        }
        Ok(pipelines)
    }

    async fn write(
        &self,
        permit: Permit<call::Write>,
        token: &AccessToken,
        write: &Write,
    ) -> Result<Option<WrittenObject>, AmoError> {
        let (host, sent) = (self.host(permit.host()), self.sent(write));
        let outcome = self.call(|| self.inner.write(fixtures::permit(&host), token, &sent)).await;
        if self.is(Mutant::WritesAgain) && outcome == Err(AmoError::OutcomeUnknown) {
            return self.inner.write(fixtures::permit(&host), token, &sent).await;
        }
        if let (Mutant::MakesGuestsApart, Write::Lead(lead)) = (self.mutant, write)
            && lead.guest.is_some()
        {
            let guest = Write::Lead(NewLead { guest: lead.guest.clone(), ..NewLead::default() });
            self.inner.write(fixtures::permit(&host), token, &guest).await?;
        }
        self.told(outcome)
    }
}
