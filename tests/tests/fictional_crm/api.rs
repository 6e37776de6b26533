//! What Harbour's agencies are asked and told.

use std::collections::HashMap;
use std::sync::{MutexGuard, PoisonError};

use amo_connect_adapters::http::Answer;
use amo_connect_domain::crm::account::{AmoAccount, User};
use amo_connect_domain::crm::contact::Contact;
use amo_connect_domain::crm::event::Event;
use amo_connect_domain::crm::lead::{AmoLeadDetails, LeadFilter, LeadPage, LeadSort};
use amo_connect_domain::crm::note::Note;
use amo_connect_domain::crm::page::{Page, PageRequest};
use amo_connect_domain::crm::pipeline::Pipeline;
use amo_connect_domain::crm::task::{Task, TaskFilter};
use amo_connect_domain::crm::write::{Write, WriteField};
use amo_connect_domain::host::AccountHost;
use amo_connect_domain::idempotency::WrittenObject;
use amo_connect_domain::ids::derived_number;
use amo_connect_domain::ports::{AmoError, CrmApi};
use amo_connect_domain::rate_limit::{Permit, call};
use amo_connect_domain::token::AccessToken;
use async_trait::async_trait;
use reqwest::Method;
use serde::de::DeserializeOwned;

use crate::answers::{Agency, Agents, Boards, Deal, Deals, People};
use crate::harbour::HarbourClient;
use crate::logbook::{self, Errand, Errands, Log, Remark, Remarks};
use crate::pages::Window;
use crate::{wire, writes};

impl HarbourClient {
    /// Asks for what is at `path`.
    async fn ask(
        &self,
        host: &AccountHost,
        token: &AccessToken,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<Answer, AmoError> {
        let mut request = self.request(Method::GET, host, path, token)?;
        request.url_mut().query_pairs_mut().extend_pairs(query);
        self.http.send(request).await.map_err(wire::lost_read)
    }

    /// Reads what is at `path`.
    async fn read<T: DeserializeOwned>(
        &self,
        host: &AccountHost,
        token: &AccessToken,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<T, AmoError> {
        wire::read(&self.ask(host, token, path, query).await?)
    }

    /// Reads what is at `path`; `None` if Harbour says that there is no such `thing`.
    async fn read_one<T: DeserializeOwned>(
        &self,
        host: &AccountHost,
        token: &AccessToken,
        path: &str,
        thing: &str,
    ) -> Result<Option<T>, AmoError> {
        let answer = self.ask(host, token, path, &[]).await?;
        if answer.status == 404 && wire::refused(&answer).as_deref() == Some(thing) {
            return Ok(None);
        }
        wire::read(&answer).map(Some)
    }

    fn columns(&self) -> MutexGuard<'_, HashMap<u64, String>> {
        self.columns.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A filter's stage in Harbour's words. The service knows no stage that was not listed to it.
    fn column(&self, (board, stage): (u64, u64)) -> Result<String, AmoError> {
        let columns = self.columns();
        columns.get(&stage).map(|column| format!("{board}.{column}")).ok_or(AmoError::Protocol)
    }

    /// The stage of a write in Harbour's words. One that was not listed is none that Harbour would take.
    fn column_of(&self, write: &Write) -> Result<Option<String>, AmoError> {
        let stage = match write {
            Write::Lead(lead) => lead.stage,
            Write::LeadChange(_, change) => change.stage,
            Write::Note(_) | Write::Task(_) | Write::TaskChange(..) => None,
        };
        let column = |stage| self.columns().get(&stage).cloned();
        let unknown = AmoError::Refused { field: Some(WriteField::Stage) };
        stage.map(|stage| column(stage).ok_or(unknown)).transpose()
    }
}

#[async_trait]
impl CrmApi for HarbourClient {
    async fn account(&self, permit: Permit<call::Read>, token: &AccessToken) -> Result<AmoAccount, AmoError> {
        let agency: Agency = self.read(permit.host(), token, "/agency", &[]).await?;
        Ok(agency.into())
    }

    async fn users(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        page: PageRequest,
    ) -> Result<Page<User>, AmoError> {
        let agents: Agents = self.read(permit.host(), token, "/agents", &logbook::paged(page)).await?;
        Ok(agents.into())
    }

    async fn leads(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        filter: &LeadFilter,
    ) -> Result<LeadPage, AmoError> {
        let window = Window::of(filter.page, filter.limit);
        let by = match filter.order.by {
            LeadSort::UpdatedAt => "touched",
            LeadSort::CreatedAt => "opened",
            LeadSort::Id => "no",
        };
        let way = if filter.order.is_descending { "-" } else { "" };
        let mut query = vec![("page", window.page.to_string()), ("sort", format!("{way}{by}"))];
        query.extend(filter.query.iter().map(|text| ("text", text.clone())));
        query.extend(filter.pipeline.iter().map(|board| ("board", board.to_string())));
        query.extend(filter.ids.iter().map(|id| ("no", id.to_string())));
        for stage in &filter.stages {
            query.push(("in", self.column(*stage)?));
        }
        query.extend(filter.responsible_user.iter().map(|agent| ("agent", agent.to_string())));
        // Harbour notes whole seconds: the one that the moment falls into belongs to it.
        query.extend(filter.updated_since.iter().map(|since| ("since", format!("{since:.0}"))));
        query.extend(filter.created_since.iter().map(|since| ("opened", format!("{since:.0}"))));
        let deals: Deals = self.read(permit.host(), token, "/deals", &query).await?;
        let mut page = window.cut(deals);
        if !filter.with_custom_fields {
            page.leads.iter_mut().for_each(|lead| lead.custom_fields = None);
        }
        Ok(page)
    }

    async fn lead(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        id: u64,
    ) -> Result<Option<AmoLeadDetails>, AmoError> {
        let deal: Option<Deal> = self.read_one(permit.host(), token, &format!("/deals/{id}"), "deal").await?;
        Ok(deal.and_then(Deal::into_details))
    }

    async fn notes(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        lead: u64,
        page: PageRequest,
    ) -> Result<Page<Note>, AmoError> {
        let path = format!("/deals/{lead}/remarks");
        let remarks: Remarks = self.read(permit.host(), token, &path, &logbook::paged(page)).await?;
        Ok(remarks.into())
    }

    async fn tasks(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        filter: &TaskFilter,
    ) -> Result<Page<Task>, AmoError> {
        let errands: Errands = self.read(permit.host(), token, "/errands", &logbook::errands(filter)).await?;
        Ok(errands.into())
    }

    async fn events(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        lead: u64,
        page: PageRequest,
    ) -> Result<Page<Event>, AmoError> {
        let log: Log = self.read(permit.host(), token, &format!("/deals/{lead}/log"), &logbook::paged(page)).await?;
        Ok(log.into())
    }

    async fn note(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        lead: u64,
        id: u64,
    ) -> Result<Option<Note>, AmoError> {
        let path = format!("/deals/{lead}/remarks/{id}");
        let remark: Option<Remark> = self.read_one(permit.host(), token, &path, "remark").await?;
        Ok(remark.map(Note::from))
    }

    async fn task(&self, permit: Permit<call::Read>, token: &AccessToken, id: u64) -> Result<Option<Task>, AmoError> {
        let errand: Option<Errand> = self.read_one(permit.host(), token, &format!("/errands/{id}"), "errand").await?;
        Ok(errand.map(Task::from))
    }

    async fn contacts(
        &self,
        permit: Permit<call::Read>,
        token: &AccessToken,
        ids: &[u64],
    ) -> Result<Vec<Contact>, AmoError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let query: Vec<_> = ids.iter().map(|id| ("id", id.to_string())).collect();
        let People { people } = self.read(permit.host(), token, "/people", &query).await?;
        Ok(people.into_iter().map(Contact::from).collect())
    }

    async fn pipelines(&self, permit: Permit<call::Read>, token: &AccessToken) -> Result<Vec<Pipeline>, AmoError> {
        let Boards { boards } = self.read(permit.host(), token, "/boards", &[]).await?;
        let names = boards
            .iter()
            .flat_map(|board| &board.columns)
            .map(|column| (derived_number(&column.id), column.id.clone()));
        self.columns().extend(names);
        Ok(boards.into_iter().map(Pipeline::from).collect())
    }

    async fn write(
        &self,
        permit: Permit<call::Write>,
        token: &AccessToken,
        write: &Write,
    ) -> Result<Option<WrittenObject>, AmoError> {
        let (method, path) = writes::address(write);
        let mut request = self.request(method, permit.host(), &path, token)?;
        *request.body_mut() = Some(writes::body(write, self.column_of(write)?).to_string().into());
        // What was sent may have been done: a write is lost as a token is.
        let answer = self.http.send(request).await.map_err(wire::lost_tokens)?;
        writes::outcome(&answer, write)
    }
}
