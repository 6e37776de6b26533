//! What is read and written in an account: the second half of the port.

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
use serde::de::DeserializeOwned;
use url::Url;

use super::activity::{RawEvents, RawNote, RawNotes, RawTask, RawTasks};
use super::custom_fields::{Fields, MaybeFields, Skipped};
use super::people::{RawAccount, RawUsers};
use super::reading::{RawContacts, RawLead, RawLeads, RawPage, RawPipelines};
use super::{OauthAmoClient, query, writing};

impl OauthAmoClient {
    /// A page of a list, as `read` finds it in the answer, and no more than was asked for.
    async fn list<E, T>(
        &self,
        url: Url,
        token: &AccessToken,
        limit: u32,
        read: impl FnOnce(RawPage<E>) -> Option<Page<T>>,
    ) -> Result<Page<T>, AmoError>
    where
        E: Default + DeserializeOwned,
    {
        match self.api.get(url, token).await? {
            Some(page) => {
                let mut page = read(page).ok_or(AmoError::Protocol)?;
                page.items.truncate(most(limit));
                Ok(page)
            }
            None => Ok(Page::empty()),
        }
    }

    /// A page of leads with what `C` reads of their custom fields, and no more than was asked for.
    async fn page<C>(&self, url: Url, token: &AccessToken, limit: u32) -> Result<LeadPage, AmoError>
    where
        C: MaybeFields + Default + DeserializeOwned,
    {
        match self.api.get::<RawPage<RawLeads<C>>>(url, token).await? {
            Some(page) => {
                let mut page = page.leads().ok_or(AmoError::Protocol)?;
                page.leads.truncate(most(limit));
                Ok(page)
            }
            None => Ok(LeadPage { leads: Vec::new(), has_more: false }),
        }
    }
}

/// How many entries a page has at most.
fn most(limit: u32) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}

#[async_trait]
impl CrmApi for OauthAmoClient {
    async fn account(&self, permit: Permit<call::Read>, token: &AccessToken) -> Result<AmoAccount, AmoError> {
        let host = permit.host();
        let answer = self.api.get(self.address(host, "/api/v4/account")?, token).await?;
        answer.and_then(RawAccount::read).ok_or(AmoError::Protocol)
    }

    async fn users(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        page: PageRequest,
    ) -> Result<Page<User>, AmoError> {
        let host = permit.host();
        let mut url = self.address(host, "/api/v4/users")?;
        url.set_query(Some(&query::users(page)));
        self.list(url, token, page.limit, RawPage::<RawUsers>::users).await
    }

    async fn leads(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        filter: &LeadFilter,
    ) -> Result<LeadPage, AmoError> {
        let host = permit.host();
        let mut url = self.address(host, "/api/v4/leads")?;
        url.set_query(Some(&query::leads(filter)));
        if filter.with_custom_fields {
            self.page::<Fields>(url, token, filter.limit).await
        } else {
            self.page::<Skipped>(url, token, filter.limit).await
        }
    }

    async fn lead(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        id: u64,
    ) -> Result<Option<AmoLeadDetails>, AmoError> {
        let host = permit.host();
        let url = self.address(host, &format!("/api/v4/leads/{id}?with=contacts,loss_reason"))?;
        match self.api.get::<RawLead<Fields>>(url, token).await? {
            Some(lead) => lead.read_details().ok_or(AmoError::Protocol),
            None => Ok(None),
        }
    }

    async fn notes(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        lead: u64,
        page: PageRequest,
    ) -> Result<Page<Note>, AmoError> {
        let host = permit.host();
        let mut url = self.address(host, &format!("/api/v4/leads/{lead}/notes"))?;
        url.set_query(Some(&query::notes(page)));
        self.list(url, token, page.limit, RawPage::<RawNotes>::notes).await
    }

    async fn tasks(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        filter: &TaskFilter,
    ) -> Result<Page<Task>, AmoError> {
        let host = permit.host();
        let mut url = self.address(host, "/api/v4/tasks")?;
        url.set_query(Some(&query::tasks(filter)));
        self.list(url, token, filter.page.limit, RawPage::<RawTasks>::tasks).await
    }

    async fn events(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        lead: u64,
        page: PageRequest,
    ) -> Result<Page<Event>, AmoError> {
        let host = permit.host();
        let mut url = self.address(host, "/api/v4/events")?;
        url.set_query(Some(&query::events(lead, page)));
        self.list(url, token, page.limit, RawPage::<RawEvents>::events).await
    }

    async fn note(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        lead: u64,
        id: u64,
    ) -> Result<Option<Note>, AmoError> {
        let url = self.address(permit.host(), &format!("/api/v4/leads/{lead}/notes/{id}"))?;
        match self.api.get::<RawNote>(url, token).await? {
            Some(note) => note.read().map(Some).ok_or(AmoError::Protocol),
            None => Ok(None),
        }
    }

    async fn task(&self, permit: Permit<call::Read>, token: &AccessToken, id: u64) -> Result<Option<Task>, AmoError> {
        let url = self.address(permit.host(), &format!("/api/v4/tasks/{id}"))?;
        match self.api.get::<RawTask>(url, token).await? {
            Some(task) => task.read().map(Some).ok_or(AmoError::Protocol),
            None => Ok(None),
        }
    }

    async fn contacts(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        ids: &[u64],
    ) -> Result<Vec<Contact>, AmoError> {
        let host = permit.host();
        let mut url = self.address(host, "/api/v4/contacts")?;
        if ids.is_empty() {
            // Without a filter amoCRM would list everybody.
            return Ok(Vec::new());
        }
        url.set_query(Some(&query::contacts(ids)));
        match self.api.get(url, token).await? {
            Some(page) => {
                let mut contacts = RawPage::<RawContacts>::contacts(page).ok_or(AmoError::Protocol)?;
                contacts.truncate(ids.len());
                Ok(contacts)
            }
            None => Ok(Vec::new()),
        }
    }

    async fn pipelines(&self, permit: Permit<call::Read>, token: &AccessToken) -> Result<Vec<Pipeline>, AmoError> {
        let host = permit.host();
        match self.api.get(self.address(host, "/api/v4/leads/pipelines")?, token).await? {
            Some(page) => RawPage::<RawPipelines>::pipelines(page).ok_or(AmoError::Protocol),
            None => Ok(Vec::new()),
        }
    }

    async fn write(
        &self,
        permit: Permit<call::Write>,
        token: &AccessToken,
        write: &Write,
    ) -> Result<Option<WrittenObject>, AmoError> {
        let (method, path) = writing::target(write);
        let url = self.address(permit.host(), &path)?;
        // Nothing in it can fail to be JSON. If it did, nothing would be sent.
        let body = writing::body(write).or(Err(AmoError::Refused { field: None }))?;
        writing::outcome(write, self.api.write(method, url, token, body).await?)
    }
}
