//! The API of the model of amoCRM. What is read tells by which grant it was read.

use amo_connect_contract::fixtures;
use amo_connect_domain::crm::account::{AmoAccount, User};
use amo_connect_domain::crm::contact::Contact;
use amo_connect_domain::crm::event::Event;
use amo_connect_domain::crm::lead::{AmoLead, AmoLeadDetails, LeadFilter, LeadPage};
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

use super::ModelAmo;
use crate::bugs::Bug;
use crate::crm::{GrantId, Objects, account_id, amo_user};

/// What is read of an account's objects by one grant.
struct View {
    grant: GrantId,
    /// Who has made everything, for a client that does not read it.
    author: Option<u64>,
}

impl View {
    fn lead(&self, lead: AmoLead) -> AmoLead {
        let (stage, created_by) = (Some(self.grant as u64), self.author.or(lead.created_by));
        AmoLead { stage, created_by, pipeline: Some(1), contact: Some(1), ..lead }
    }

    fn note(&self, note: Note) -> Note {
        let created_by = self.author.or(note.created_by);
        Note { kind: Some("common".to_owned()), params: self.grant.to_string().into(), created_by, ..note }
    }

    fn task(&self, task: Task) -> Task {
        Task { kind: Some(self.grant as u64), created_by: self.author.or(task.created_by), ..task }
    }
}

impl ModelAmo {
    /// What `see` makes of the objects of the account that `grant` opens; `None` if nobody writes.
    fn seen<T>(&self, grant: GrantId, see: impl FnOnce(&Objects, &View) -> T) -> Option<T> {
        let crm = self.world.crm();
        let author = (self.world.bug == Some(Bug::AuthorIgnored)).then(|| amo_user(crm.grants[grant].user));
        crm.objects_of(grant).map(|objects| see(objects, &View { grant, author }))
    }
}

#[async_trait]
impl CrmApi for ModelAmo {
    async fn account(&self, permit: Permit<call::Read>, token: &AccessToken) -> Result<AmoAccount, AmoError> {
        let grant = self.read(permit.host(), token).await?;
        let crm = self.world.crm();
        let (number, user) = (account_id(crm.grants[grant].account), Some(amo_user(crm.grants[grant].user)));
        Ok(AmoAccount { name: Some(grant.to_string()), user, ..AmoAccount::numbered(number) })
    }

    async fn users(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        _: PageRequest,
    ) -> Result<Page<User>, AmoError> {
        let grant = self.read_saved(permit.host(), token).await?;
        let number = amo_user(self.world.crm().grants[grant].user);
        Ok(Page { items: vec![User { name: Some(grant.to_string()), ..User::numbered(number) }], has_more: false })
    }

    async fn leads(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        filter: &LeadFilter,
    ) -> Result<LeadPage, AmoError> {
        let grant = self.read_saved(permit.host(), token).await?;
        let seen = self.seen(grant, |objects, view| {
            let LeadPage { leads, has_more } = objects.lead_page(filter);
            LeadPage { leads: leads.into_iter().map(|lead| view.lead(lead)).collect(), has_more }
        });
        Ok(seen.unwrap_or_else(|| LeadPage { leads: vec![lead(grant)], has_more: false }))
    }

    async fn lead(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        id: u64,
    ) -> Result<Option<AmoLeadDetails>, AmoError> {
        let grant = self.read_saved(permit.host(), token).await?;
        let seen = self.seen(grant, |objects, view| objects.lead(id).map(|lead| view.lead(lead.clone()).into()));
        Ok(seen.unwrap_or_else(|| Some(lead(grant).into())))
    }

    async fn notes(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        lead: u64,
        page: PageRequest,
    ) -> Result<Page<Note>, AmoError> {
        let grant = self.read_saved(permit.host(), token).await?;
        let seen = self.seen(grant, |objects, view| {
            let Page { items, has_more } = objects.note_page(lead, page)?;
            Ok(Page { items: items.into_iter().map(|note| view.note(note)).collect(), has_more })
        });
        let alone = || Note { text: Some(grant.to_string()), ..Note::numbered(1) };
        seen.unwrap_or_else(|| Ok(Page { items: vec![alone()], has_more: false }))
    }

    async fn tasks(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        filter: &TaskFilter,
    ) -> Result<Page<Task>, AmoError> {
        let grant = self.read_saved(permit.host(), token).await?;
        let seen = self.seen(grant, |objects, view| {
            let Page { items, has_more } = objects.task_page(filter);
            Page { items: items.into_iter().map(|task| view.task(task)).collect(), has_more }
        });
        let alone = || Task { text: Some(grant.to_string()), lead: Some(1), ..Task::numbered(1) };
        Ok(seen.unwrap_or_else(|| Page { items: vec![alone()], has_more: false }))
    }

    async fn events(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        _: u64,
        _: PageRequest,
    ) -> Result<Page<Event>, AmoError> {
        let kind = Some(self.read_saved(permit.host(), token).await?.to_string());
        Ok(Page { items: vec![Event { kind, ..Event::named("1") }], has_more: false })
    }

    async fn note(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        lead: u64,
        id: u64,
    ) -> Result<Option<Note>, AmoError> {
        let grant = self.read_saved(permit.host(), token).await?;
        let seen = self.seen(grant, |objects, view| {
            let found = objects.note(id).filter(|(of, _)| *of == lead);
            found.map(|(_, note)| view.note(note.clone()))
        });
        Ok(seen.flatten())
    }

    async fn task(&self, permit: Permit<call::Read>, token: &AccessToken, id: u64) -> Result<Option<Task>, AmoError> {
        let grant = self.read_saved(permit.host(), token).await?;
        let seen = self.seen(grant, |objects, view| objects.task(id).map(|task| view.task(task.clone())));
        Ok(seen.flatten())
    }

    async fn contacts(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        ids: &[u64],
    ) -> Result<Vec<Contact>, AmoError> {
        let grant = self.read_saved(permit.host(), token).await?;
        let contact = |id: &u64| Contact { name: Some(grant.to_string()), ..Contact::numbered(*id) };
        Ok(ids.iter().map(contact).collect())
    }

    async fn pipelines(&self, permit: Permit<call::Read>, token: &AccessToken) -> Result<Vec<Pipeline>, AmoError> {
        let grant = self.read_saved(permit.host(), token).await?;
        Ok(vec![Pipeline { name: grant.to_string(), ..fixtures::pipeline(1, Vec::new()) }])
    }

    async fn write(
        &self,
        permit: Permit<call::Write>,
        token: &AccessToken,
        write: &Write,
    ) -> Result<Option<WrittenObject>, AmoError> {
        if let Some(bug) = self.world.bug {
            self.world.sim.sleep(bug.delay_of_write(&self.world.sim)).await;
        }
        let answer = self.send_write(permit.host(), token, write).await;
        match self.world.bug {
            Some(Bug::ClientResendsWrites) if answer == Err(AmoError::OutcomeUnknown) => {
                self.send_write(permit.host(), token, write).await
            }
            Some(bug) => bug.misread_write(answer),
            None => answer,
        }
    }
}

/// A lead that tells by which grant it was read.
fn lead(grant: GrantId) -> AmoLead {
    AmoLead { name: Some(grant.to_string()), contact: Some(1), ..AmoLead::numbered(1) }
}
