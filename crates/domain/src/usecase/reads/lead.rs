//! One of a user's leads, with its contacts and what else is asked for.

use std::future::{Future, ready};
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::{join3, try_join};

use crate::connection::Grant;
use crate::crm::contact::{Contact, MOST_CONTACTS};
use crate::crm::event::Event;
use crate::crm::lead::{AmoLeadDetails, Lead, LossReason};
use crate::crm::note::Note;
use crate::crm::page::{Page, PageRequest};
use crate::crm::task::{Task, TaskFilter, TaskOrder};
use crate::ids::UserId;
use crate::ports::AmoError;
use crate::usecase::UseCases;
use crate::usecase::reads::retry::retried_if_lost;
use crate::usecase::reads::{Forbidden, RESERVE, ReadError, Reader, Reading};

/// How much is shown of each part of a lead.
const NEWEST: PageRequest = PageRequest { page: 1, limit: 50 };

/// Which parts of a lead are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct LeadParts {
    /// Its newest notes.
    pub notes: bool,
    /// Its newest tasks.
    pub tasks: bool,
    /// Its newest events.
    pub events: bool,
}

/// A lead with all that is known of it.
#[derive(Clone, Debug, PartialEq)]
pub struct LeadDetails {
    /// The lead, with its custom fields.
    pub lead: Lead,
    /// Why it was lost, if somebody said so.
    pub loss_reason: Option<LossReason>,
    /// Its contacts that the user may read; never unwanted.
    pub contacts: Part<LeadContact>,
    /// Its newest notes.
    pub notes: Part<Note>,
    /// Its newest tasks.
    pub tasks: Part<Task>,
    /// Its newest events.
    pub events: Part<Event>,
}

/// A contact of a lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeadContact {
    /// The contact.
    pub contact: Arc<Contact>,
    /// Whether it is the main one, else the first.
    pub is_main: bool,
}

/// A part of a lead.
#[derive(Clone, Debug, PartialEq)]
pub enum Part<T> {
    /// Nobody asked for it.
    Unwanted,
    /// The CRM refused it, or did not answer in time.
    Missing,
    /// What was read.
    Read(Vec<T>),
}

/// A lead that the CRM has given, has not, or says that the right to it is missing.
pub(crate) type FoundLead = Reading<Result<Option<Arc<LeadDetails>>, Forbidden>>;

/// Why there is no lead to show.
enum Absent {
    Missing,
    Failed(AmoError),
}

impl UseCases {
    /// `user`'s lead with this number and these parts; `None` if there is none, or it was deleted. A part that cannot be
    /// read is missing, and does not cost the lead.
    pub async fn lead(&self, user: &UserId, id: u64, parts: LeadParts) -> Result<Option<Arc<LeadDetails>>, ReadError> {
        let lead = |reader: Reader| {
            let (this, key) = (self.clone(), (reader.flight_key(), id, parts));
            self.reads.leads.join(key, move || async move { this.one(&reader, id, parts).await })
        };
        match self.read(user, lead).await {
            // The account is where it was, so it is the lead that is not there.
            Err(ReadError::Amo(AmoError::NotFound)) => Ok(None),
            outcome => Ok(outcome??),
        }
    }

    /// All calls are made at once, except the one for the contacts: that needs the lead.
    async fn one(&self, reader: &Reader, id: u64, parts: LeadParts) -> Result<FoundLead, AmoError> {
        let whole = self.with_contacts(reader, id);
        match try_join(whole, self.parts_of(reader, id, parts).map(Ok)).await {
            Ok(((mut details, gap), (notes, tasks, events, other_gap))) => {
                (details.notes, details.tasks, details.events) = (notes, tasks, events);
                Ok(Reading::served(Ok(Some(Arc::new(details))), gap.or(other_gap)))
            }
            Err(Absent::Missing) => Ok(Reading::served(Ok(None), None)),
            Err(Absent::Failed(AmoError::Forbidden)) => Ok(Reading::served(Err(Forbidden), None)),
            Err(Absent::Failed(error)) => Err(error),
        }
    }

    /// The lead with its contacts. Beside it is why those are missing.
    async fn with_contacts(&self, reader: &Reader, id: u64) -> Result<(LeadDetails, Option<AmoError>), Absent> {
        let Grant { host, tokens, .. } = &reader.grant;
        let lead = retried_if_lost(|| self.amo.lead(host, &tokens.access, id))
            .then(|lead| ready(lead.map_err(Absent::Failed).and_then(|lead| lead.ok_or(Absent::Missing))));
        // If there is no lead, the pipelines matter no more, whatever became of them.
        let (found, pipelines) = try_join(lead, self.pipelines_of(reader).map(Ok)).await?;
        let pipelines = pipelines.map_err(|error| match error {
            // The lead is here, so the account is. A 404 for its pipelines makes no sense, nor does a 403.
            AmoError::NotFound | AmoError::Forbidden => Absent::Failed(AmoError::Protocol),
            error => Absent::Failed(error),
        })?;
        let AmoLeadDetails { lead, contacts: mut ids, loss_reason } = found;
        let pipeline = pipelines.what.iter().find(|pipeline| Some(pipeline.id) == lead.pipeline);
        let mut lead = Lead::in_pipeline(lead, pipeline);
        ids.truncate(MOST_CONTACTS);
        let (known, gap) = self.contacts_of(reader, &ids).await;
        let contact = |id: u64| known.get(&id).cloned().flatten();
        lead.guest = lead.lead.contact.and_then(contact);
        let main = lead.lead.contact;
        let contacts =
            ids.iter().filter_map(|id| Some(LeadContact { contact: contact(*id)?, is_main: Some(*id) == main }));
        let contacts = if gap.is_some() { Part::Missing } else { Part::Read(contacts.collect()) };
        let (notes, tasks, events) = (Part::Unwanted, Part::Unwanted, Part::Unwanted);
        Ok((LeadDetails { lead, loss_reason, contacts, notes, tasks, events }, gap))
    }

    /// The wanted parts, and why one is missing.
    async fn parts_of(
        &self,
        reader: &Reader,
        id: u64,
        parts: LeadParts,
    ) -> (Part<Note>, Part<Task>, Part<Event>, Option<AmoError>) {
        let Grant { host, tokens, .. } = &reader.grant;
        let access = &tokens.access;
        let newest_tasks = TaskFilter {
            page: NEWEST,
            order: TaskOrder::Newest,
            lead: Some(id),
            responsible_user: None,
            is_completed: None,
        };
        let ((notes, first), (tasks, second), (events, third)) = join3(
            self.part(reader, "notes", parts.notes, || self.amo.notes(host, access, id, NEWEST)),
            self.part(reader, "tasks", parts.tasks, || self.amo.tasks(host, access, &newest_tasks)),
            self.part(reader, "events", parts.events, || self.amo.events(host, access, id, NEWEST)),
        )
        .await;
        // With the same access token the lead was served: another one is no cure.
        let gap = [first, second, third].into_iter().flatten().find(|gap| *gap != AmoError::AccessRefused);
        (notes, tasks, events, gap)
    }

    async fn part<T, F>(
        &self,
        reader: &Reader,
        name: &str,
        is_wanted: bool,
        ask: impl Fn() -> F,
    ) -> (Part<T>, Option<AmoError>)
    where
        F: Future<Output = Result<Page<T>, AmoError>>,
    {
        if !is_wanted {
            return (Part::Unwanted, None);
        }
        let by = reader.deadline - RESERVE;
        match self.until(by, retried_if_lost(ask)).await.unwrap_or(Err(AmoError::TimedOut)) {
            Ok(page) => (Part::Read(page.items), None),
            Err(gap) => {
                tracing::info!(error = %gap, part = name, "a lead is shown without a part");
                (Part::Missing, Some(gap))
            }
        }
    }
}
