//! Looking in amoCRM for what a sending made whose answer was lost.
//!
//! What is looked for was made by the user of the grant, near the sending, on the same lead, with the same content.
//! Times are compared with [`CLOCK_SKEW`] to spare, for amoCRM's clock is another one. What another key has claimed
//! is left out.

use jiff::Timestamp;

use super::{Job, WriteError};
use crate::clock::{CLOCK_SKEW, after, before};
use crate::crm::lead::{LeadFilter, LeadOrder, LeadSort};
use crate::crm::note::Note;
use crate::crm::page::{Page, PageRequest};
use crate::crm::task::{Task, TaskFilter, TaskOrder};
use crate::crm::write::{NewLead, NewNote, NewTask, Write};
use crate::idempotency::{ABSENCE_TERM, Doubt, Entity, WriteRecord, WrittenObject};
use crate::ports::AmoError;
use crate::usecase::UseCases;
use crate::usecase::reads::Reader;
use crate::usecase::reads::retry::retried_if_lost;
use crate::usecase::tokens::access_token::Access;

/// Objects a page: the most that amoCRM gives.
const PAGE: u32 = 250;

/// The most pages that are looked through. What is beyond them is in doubt.
const MOST_PAGES: u32 = 4;

/// What a look shows.
pub(super) enum Looked {
    /// It was done, and made this.
    Done(Option<WrittenObject>),
    /// It was certainly not done.
    NotDone,
    /// It may have been done. These objects may be what it made.
    Unsure(Vec<u64>),
}

/// What was found.
#[derive(Default)]
struct Found {
    /// What has the same content.
    equal: Vec<u64>,
    /// What the same user made then, and may have been given another content since.
    similar: Vec<u64>,
    /// Whether not all was looked through.
    is_cut: bool,
}

/// When, and by whom, something was made that may be it.
struct Origin {
    author: Option<u64>,
    from: Timestamp,
    to: Timestamp,
}

impl Origin {
    fn of(author: Option<u64>, doubt: Doubt) -> Self {
        let (from, to) = (before(doubt.sent_at, CLOCK_SKEW), after(doubt.sent_at, ABSENCE_TERM + CLOCK_SKEW));
        // amoCRM's times are whole seconds.
        Self { author, from: before(from, std::time::Duration::from_secs(1)), to }
    }

    fn admits(&self, author: Option<u64>, made_at: Option<Timestamp>) -> bool {
        let is_theirs = self.author.is_none() || author == self.author;
        is_theirs && made_at.is_some_and(|at| self.from <= at && at <= self.to)
    }

    /// Whether what was made then, and before, cannot be it.
    fn is_after(&self, made_at: Option<Timestamp>) -> bool {
        made_at.is_some_and(|at| at < self.from)
    }
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
        let author = if record.author.is_some() {
            record.author
        } else {
            let reader = Reader::new(&self.reads, &job.user, access, job.deadline);
            self.own_account(&reader).await.map_err(in_doubt)?.what.user
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
            ([], []) if doubt.absence_counts && !found.is_cut => Looked::NotDone,
            _ => Looked::Unsure(found.equal.into_iter().chain(found.similar).collect()),
        })
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

    /// The leads that may be it. A robot of amoCRM's may rename a lead, so one with another name is a reason to
    /// doubt.
    async fn find_leads(&self, access: &Access, lead: &NewLead, origin: &Origin) -> Result<Found, AmoError> {
        let mut found = Found::default();
        for page in 1..=MOST_PAGES {
            let order = LeadOrder { by: LeadSort::Id, is_descending: true };
            let created_since = Some(origin.from);
            let filter = LeadFilter { page, limit: PAGE, order, created_since, ..LeadFilter::default() };
            let (host, token) = (&access.grant.host, &access.grant.tokens.access);
            let listed = retried_if_lost(|| self.amo.leads(host, token, &filter)).await?;
            for known in listed.leads.iter().filter(|known| origin.admits(known.created_by, known.created_at)) {
                let is_equal = lead.title().is_none_or(|title| known.name.as_deref() == Some(title));
                if is_equal { &mut found.equal } else { &mut found.similar }.push(known.id);
            }
            if !listed.has_more {
                return Ok(found);
            }
        }
        found.is_cut = true;
        Ok(found)
    }

    async fn find_notes(&self, access: &Access, note: &NewNote, origin: &Origin) -> Result<Found, AmoError> {
        let is_equal = |known: &Note| known.text.as_deref() == Some(note.text.trim());
        let made = |known: &Note| (known.id, known.created_by, known.created_at);
        let (host, token) = (&access.grant.host, &access.grant.tokens.access);
        let list = |page| retried_if_lost(move || self.amo.notes(host, token, note.lead, page));
        find(origin, list, made, is_equal).await
    }

    async fn find_tasks(&self, access: &Access, task: &NewTask, origin: &Origin) -> Result<Found, AmoError> {
        let is_equal = |known: &Task| known.text.as_deref() == Some(task.text.trim());
        let made = |known: &Task| (known.id, known.created_by, known.created_at);
        let (host, token) = (&access.grant.host, &access.grant.tokens.access);
        let list = |page| {
            let (order, lead) = (TaskOrder::Newest, Some(task.lead));
            let filter = TaskFilter { page, order, lead, responsible_user: None, is_completed: None };
            retried_if_lost(move || async move { self.amo.tasks(host, token, &filter).await })
        };
        find(origin, list, made, is_equal).await
    }
}

/// Looks through a list whose newest entry is the first.
async fn find<T, F>(
    origin: &Origin,
    list: impl Fn(PageRequest) -> F,
    made: impl Fn(&T) -> (u64, Option<u64>, Option<Timestamp>),
    is_equal: impl Fn(&T) -> bool,
) -> Result<Found, AmoError>
where
    F: Future<Output = Result<Page<T>, AmoError>>,
{
    let mut found = Found::default();
    for page in 1..=MOST_PAGES {
        let Page { items, has_more } = list(PageRequest { page, limit: PAGE }).await?;
        let equal = items.iter().filter(|known| is_equal(known)).map(&made);
        found.equal.extend(equal.filter(|(_, by, at)| origin.admits(*by, *at)).map(|(id, ..)| id));
        let is_over = items.last().is_some_and(|last| origin.is_after(made(last).2));
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
