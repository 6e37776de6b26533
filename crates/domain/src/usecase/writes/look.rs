//! Looking in amoCRM for what a sending made whose answer was lost.

use super::candidates::{Candidate, Found, Likeness, Origin};
use super::{Job, WriteError};
use crate::crm::lead::{LeadFilter, LeadOrder, LeadSort};
use crate::crm::note::Note;
use crate::crm::page::{Page, PageRequest};
use crate::crm::task::{Task, TaskFilter, TaskOrder};
use crate::crm::write::{NewLead, NewNote, NewTask, Write, is_same_text};
use crate::idempotency::{Doubt, Entity, WriteRecord, WrittenObject};
use crate::ports::AmoError;
use crate::usecase::UseCases;
use crate::usecase::reads::Reader;
use crate::usecase::reads::retry::retried_if_lost;
use crate::usecase::tokens::access_token::Access;

/// Objects a page: the most that amoCRM gives.
const PAGE: u32 = 250;

/// The most pages that are looked through. What is beyond them is in doubt.
const MOST_PAGES: u32 = 4;

/// The type of a note that is a text and nothing else.
const COMMON: &str = "common";

/// What a look shows.
pub(super) enum Looked {
    /// It was done, and made this.
    Done(Option<WrittenObject>),
    /// It was certainly not done.
    NotDone,
    /// It may have been done. These objects may be what it made.
    Unsure(Vec<u64>),
}

impl UseCases {
    /// Looks for what `step` would have made, or changed.
    pub(super) async fn look_for(
        &self,
        job: &Job,
        access: &Access,
        record: &WriteRecord,
        step: &Write,
        doubt: Doubt,
    ) -> Result<Looked, WriteError> {
        let reader = Reader::new(&self.reads, &job.user, access, job.deadline);
        let author = match record.author {
            None => self.own_account(&reader).await.map_err(in_doubt)?.what.user,
            known => known,
        };
        let origin = Origin::of(author, doubt);
        let (entity, found) = match step {
            Write::Lead(lead) => (Entity::Lead, self.find_leads(access, lead, &origin).await.map_err(in_doubt)?),
            Write::Note(note) => (Entity::Note, self.find_notes(access, note, &origin).await.map_err(in_doubt)?),
            Write::Task(task) => (Entity::Task, self.find_tasks(access, task, &origin).await.map_err(in_doubt)?),
            Write::LeadChange(..) | Write::TaskChange(..) => return self.look_at_change(access, step, doubt).await,
        };
        let found = self.unclaimed(record, entity, found).await?;
        let is_known = author.is_some() && doubt.presence_counts;
        Ok(match (&found.equal[..], &found.similar[..]) {
            ([one], _) if is_known => Looked::Done(Some(WrittenObject { id: *one, is_new: true })),
            ([], []) if doubt.absence_counts && !found.is_cut && self.would_see(&reader, author, step).await? => {
                Looked::NotDone
            }
            _ => Looked::Unsure(found.equal.into_iter().chain(found.similar).collect()),
        })
    }

    /// Whether the grant shows what `step` would have made. What somebody else is responsible for is seen for certain by
    /// administrators alone.
    async fn would_see(&self, reader: &Reader, author: Option<u64>, step: &Write) -> Result<bool, WriteError> {
        if step.responsible_user().is_none_or(|responsible| Some(responsible) == author) {
            return Ok(true);
        }
        let users = self.users_of(reader).await.map_err(in_doubt)?.what;
        Ok(users.is_ok_and(|users| users.iter().any(|user| Some(user.id) == author && user.is_admin)))
    }

    async fn unclaimed(&self, record: &WriteRecord, entity: Entity, mut found: Found) -> Result<Found, WriteError> {
        let all: Vec<u64> = found.equal.iter().chain(&found.similar).copied().collect();
        if !all.is_empty() {
            let claimed = self.stores.writes.claimed_objects(record.account, entity, &all).await?;
            found.equal.retain(|id| !claimed.contains(id));
            found.similar.retain(|id| !claimed.contains(id));
        }
        Ok(found)
    }

    async fn find_leads(&self, access: &Access, lead: &NewLead, origin: &Origin) -> Result<Found, AmoError> {
        let mut found = Found::default();
        for page in 1..=MOST_PAGES {
            let order = LeadOrder { by: LeadSort::Id, is_descending: false };
            let created_since = Some(origin.first());
            let filter = LeadFilter { page, limit: PAGE, order, created_since, ..LeadFilter::default() };
            let (host, token) = (&access.grant.host, &access.grant.tokens.access);
            let listed = retried_if_lost(|| self.amo.leads(host, token, &filter)).await?;
            for known in &listed.leads {
                found.add(
                    origin,
                    &Candidate {
                        id: known.id,
                        author: known.created_by,
                        made_at: known.created_at,
                        // A robot may have given it another name or price.
                        likeness: Likeness::of(lead.is_made(known), known.created_at != known.updated_at),
                    },
                );
            }
            let is_over = listed.leads.last().is_some_and(|last| origin.is_before(last.created_at));
            if is_over || !listed.has_more {
                return Ok(found);
            }
        }
        found.is_cut = true;
        Ok(found)
    }

    async fn find_notes(&self, access: &Access, note: &NewNote, origin: &Origin) -> Result<Found, AmoError> {
        let (host, token) = (&access.grant.host, &access.grant.tokens.access);
        let list = |page| retried_if_lost(move || self.amo.notes(host, token, note.lead, page));
        find(origin, list, |known: &Note| {
            let is_common = known.kind.as_deref().is_none_or(|kind| kind == COMMON);
            let is_equal = is_common && is_same_text(known.text.as_deref(), &note.text);
            Candidate {
                id: known.id,
                author: known.created_by,
                made_at: known.created_at,
                likeness: Likeness::of(is_equal, is_common && known.created_at != known.updated_at),
            }
        })
        .await
    }

    async fn find_tasks(&self, access: &Access, task: &NewTask, origin: &Origin) -> Result<Found, AmoError> {
        let (host, token) = (&access.grant.host, &access.grant.tokens.access);
        let list = |page| {
            let (order, lead) = (TaskOrder::Newest, Some(task.lead));
            let filter = TaskFilter { page, order, lead, responsible_user: None, is_completed: None };
            retried_if_lost(move || async move { self.amo.tasks(host, token, &filter).await })
        };
        find(origin, list, |known: &Task| Candidate {
            id: known.id,
            author: known.created_by,
            made_at: known.created_at,
            likeness: Likeness::of(task.is_made(known), known.created_at != known.updated_at),
        })
        .await
    }
}

/// Looks through a list whose newest entry is the first.
async fn find<T, F>(
    origin: &Origin,
    list: impl Fn(PageRequest) -> F,
    candidate: impl Fn(&T) -> Candidate,
) -> Result<Found, AmoError>
where
    F: Future<Output = Result<Page<T>, AmoError>>,
{
    let mut found = Found::default();
    for page in 1..=MOST_PAGES {
        let Page { items, has_more } = list(PageRequest { page, limit: PAGE }).await?;
        for known in &items {
            found.add(origin, &candidate(known));
        }
        let is_over = items.last().is_some_and(|last| origin.is_after(candidate(last).made_at));
        if is_over || !has_more {
            return Ok(found);
        }
    }
    found.is_cut = true;
    Ok(found)
}

/// It stays in doubt, whatever kept amoCRM from being asked.
pub(super) fn in_doubt(error: AmoError) -> WriteError {
    WriteError::Read(error.into())
}
