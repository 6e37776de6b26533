//! Lists of what belongs to leads: notes, tasks and events.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;

use crate::connection::Grant;
use crate::crm::event::Event;
use crate::crm::note::Note;
use crate::crm::page::{Page, PageRequest};
use crate::crm::task::{Task, TaskFilter, TaskOrder};
use crate::ids::UserId;
use crate::ports::AmoError;
use crate::usecase::UseCases;
use crate::usecase::reads::retry::retried_if_lost;
use crate::usecase::reads::users::Responsible;
use crate::usecase::reads::{Forbidden, RESERVE, ReadError, Reader, Reading};

/// A page that the CRM has given, or says that the right to it is missing.
pub(crate) type Listed<T> = Reading<Result<Arc<Page<T>>, Forbidden>>;

/// Which tasks of all leads a user asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TaskRequest {
    /// Which page.
    pub page: PageRequest,
    /// By when they are due: whether the one that is due last is the first.
    pub is_descending: bool,
    /// Only those that this person is responsible for.
    pub responsible: Option<Responsible>,
    /// Only those that are completed, or are not.
    pub is_completed: Option<bool>,
}

/// A task, and the name of its lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedTask {
    /// The task.
    pub task: Task,
    /// Its lead's name, where it has one that the user may read.
    pub lead_name: Option<String>,
}

impl UseCases {
    /// A page of the notes of `user`'s lead, the newest first; `None` if the CRM has no such lead.
    pub async fn notes(
        &self,
        user: &UserId,
        lead: u64,
        page: PageRequest,
    ) -> Result<Option<Arc<Page<Note>>>, ReadError> {
        let notes = |reader: Reader| {
            let (this, key) = (self.clone(), (reader.flight_key(), lead, page));
            self.reads.notes.join(key, move || async move {
                let Grant { host, tokens, .. } = &reader.grant;
                listed(|| this.amo.notes(host, &tokens.access, lead, page)).await
            })
        };
        of_lead(self.read(user, notes).await)
    }

    /// A page of what happened to `user`'s lead, the newest first; `None` if the CRM has no such lead.
    pub async fn events(
        &self,
        user: &UserId,
        lead: u64,
        page: PageRequest,
    ) -> Result<Option<Arc<Page<Event>>>, ReadError> {
        let events = |reader: Reader| {
            let (this, key) = (self.clone(), (reader.flight_key(), lead, page));
            self.reads.events.join(key, move || async move {
                let Grant { host, tokens, .. } = &reader.grant;
                listed(|| this.amo.events(host, &tokens.access, lead, page)).await
            })
        };
        of_lead(self.read(user, events).await)
    }

    /// A page of the tasks of `user`'s lead, the newest first; `None` if the CRM has no such lead.
    pub async fn tasks_of_lead(
        &self,
        user: &UserId,
        lead: u64,
        page: PageRequest,
    ) -> Result<Option<Arc<Page<Task>>>, ReadError> {
        let (order, lead) = (TaskOrder::Newest, Some(lead));
        let filter = TaskFilter { page, order, lead, responsible_user: None, is_completed: None };
        let tasks = |reader: Reader| {
            let (this, key) = (self.clone(), (reader.flight_key(), filter));
            self.reads.tasks_of_lead.join(key, move || async move {
                let Grant { host, tokens, .. } = &reader.grant;
                listed(|| this.amo.tasks(host, &tokens.access, &filter)).await
            })
        };
        of_lead(self.read(user, tasks).await)
    }

    /// A page of the tasks of all of `user`'s leads, with the names of these.
    pub async fn tasks(&self, user: &UserId, request: TaskRequest) -> Result<Arc<Page<NamedTask>>, ReadError> {
        let tasks = |reader: Reader| {
            let (this, key) = (self.clone(), (reader.flight_key(), request));
            self.reads.tasks.join(key, move || async move { this.named_tasks(&reader, request).await })
        };
        Ok(self.read(user, tasks).await??)
    }

    async fn named_tasks(&self, reader: &Reader, request: TaskRequest) -> Result<Listed<NamedTask>, AmoError> {
        let TaskRequest { page, is_descending, responsible, is_completed } = request;
        let responsible_user = self.number_of(reader, responsible).await?;
        let order = TaskOrder::CompleteTill { is_descending };
        let filter = TaskFilter { page, order, lead: None, responsible_user, is_completed };
        let Grant { host, tokens, .. } = &reader.grant;
        let Page { items, has_more } = match retried_if_lost(|| self.amo.tasks(host, &tokens.access, &filter)).await {
            Ok(page) => page,
            Err(AmoError::Forbidden) => return Ok(Reading::served(Err(Forbidden), None)),
            Err(error) => return Err(error),
        };
        let mut ids: Vec<u64> = items.iter().filter_map(|task| task.lead).collect();
        ids.sort_unstable();
        ids.dedup();
        let (names, gap) = self.lead_names(reader, &ids).await;
        let with_lead = |task: Task| NamedTask { lead_name: task.lead.and_then(|id| names.get(&id).cloned()), task };
        let page = Page { items: items.into_iter().map(with_lead).collect(), has_more };
        Ok(Reading::served(Ok(Arc::new(page)), gap))
    }

    /// The names of the leads with these numbers. Those that cannot be read are missing; beside them is why.
    async fn lead_names(&self, reader: &Reader, ids: &[u64]) -> (HashMap<u64, String>, Option<AmoError>) {
        let Grant { host, tokens, .. } = &reader.grant;
        let asking = retried_if_lost(|| self.amo.lead_names(host, &tokens.access, ids));
        let by = reader.deadline - RESERVE;
        match self.until(by, asking).await.unwrap_or(Err(AmoError::TimedOut)) {
            Ok(page) => (page.leads.into_iter().filter_map(|lead| Some((lead.id, lead.name?))).collect(), None),
            Err(gap) => {
                tracing::info!(error = %gap, "tasks are shown without the names of their leads");
                // With the same access token the tasks were served: another one is no cure.
                (HashMap::new(), Some(gap).filter(|gap| *gap != AmoError::AccessRefused))
            }
        }
    }
}

/// Reads a page. A right that is missing is an answer: the connection is good, and so is the access token.
async fn listed<T, F>(ask: impl Fn() -> F) -> Result<Listed<T>, AmoError>
where
    F: Future<Output = Result<Page<T>, AmoError>>,
{
    match retried_if_lost(ask).await {
        Ok(page) => Ok(Reading::served(Ok(Arc::new(page)), None)),
        Err(AmoError::Forbidden) => Ok(Reading::served(Err(Forbidden), None)),
        Err(error) => Err(error),
    }
}

fn of_lead<T>(read: Result<Result<Arc<Page<T>>, Forbidden>, ReadError>) -> Result<Option<Arc<Page<T>>>, ReadError> {
    match read {
        // The account is where it was, so it is the lead that is not there.
        Err(ReadError::Amo(AmoError::NotFound)) => Ok(None),
        outcome => Ok(Some(outcome??)),
    }
}
