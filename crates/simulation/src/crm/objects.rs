//! What an account of the model's holds: leads, notes and tasks. Nothing is ever deleted.

use std::time::Duration;

use amo_connect_domain::clock::after;
use amo_connect_domain::crm::lead::{AmoLead, LeadFilter, LeadPage, LeadSort};
use amo_connect_domain::crm::note::Note;
use amo_connect_domain::crm::page::{Page, PageRequest};
use amo_connect_domain::crm::task::{Task, TaskFilter, TaskOrder};
use amo_connect_domain::crm::write::{LeadChange, NewLead, NewNote, NewTask, TaskChange, Write};
use amo_connect_domain::idempotency::WrittenObject;
use amo_connect_domain::ports::AmoError;
use jiff::Timestamp;

/// What an account holds. Each kind has numbers of its own, from 1, and the newest is the last.
#[derive(Debug, Default)]
pub(crate) struct Objects {
    leads: Vec<AmoLead>,
    /// Notes, each with the number of its lead.
    notes: Vec<(u64, Note)>,
    tasks: Vec<Task>,
    /// Leads and tasks as they were, each since that moment.
    versions: Vec<(u64, Version)>,
}

/// How a lead or a task was for a while.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Version {
    Lead(AmoLead),
    Task(Task),
}

/// Who writes, and when: by amoCRM's clock, and in truth.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hand {
    pub(crate) author: u64,
    pub(crate) at: Timestamp,
    pub(crate) now: u64,
}

/// The number of an object in a list of all that there were.
fn place(id: u64) -> usize {
    usize::try_from(id).unwrap_or(usize::MAX).wrapping_sub(1)
}

impl Version {
    fn is_of(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Lead(one), Self::Lead(other)) => one.id == other.id,
            (Self::Task(one), Self::Task(other)) => one.id == other.id,
            _ => false,
        }
    }
}

impl Objects {
    pub(crate) fn lead(&self, id: u64) -> Option<&AmoLead> {
        self.leads.get(place(id))
    }

    pub(crate) fn task(&self, id: u64) -> Option<&Task> {
        self.tasks.get(place(id))
    }

    /// A note, with the number of its lead.
    pub(crate) fn note(&self, id: u64) -> Option<&(u64, Note)> {
        self.notes.get(place(id))
    }

    pub(crate) fn leads(&self) -> &[AmoLead] {
        &self.leads
    }

    pub(crate) fn tasks(&self) -> &[Task] {
        &self.tasks
    }

    /// The notes of a lead, the newest first.
    pub(crate) fn notes_of(&self, lead: u64) -> impl Iterator<Item = &Note> {
        self.notes.iter().rev().filter(move |(of, _)| *of == lead).map(|(_, note)| note)
    }

    /// How the lead or task of `like` was, each time with the moments since when and until when.
    pub(crate) fn versions(&self, like: &Version) -> Vec<(u64, u64, &Version)> {
        let all: Vec<_> = self.versions.iter().filter(|(_, version)| version.is_of(like)).collect();
        let ends: Vec<u64> = all.iter().skip(1).map(|version| version.0).chain([u64::MAX]).collect();
        all.into_iter().zip(ends).map(|((since, version), until)| (*since, until, version)).collect()
    }

    /// Does what a write asks for.
    pub(crate) fn write(&mut self, write: &Write, by: Hand) -> Result<Option<WrittenObject>, AmoError> {
        let id = match write {
            Write::Lead(new) => self.add_lead(new, by),
            Write::Note(new) => self.add_note(new, by)?,
            Write::Task(new) => self.add_task(new, by)?,
            Write::LeadChange(id, change) => return self.change_lead(*id, change, by).map(|()| None),
            Write::TaskChange(id, change) => return self.change_task(*id, change, by).map(|()| None),
        };
        Ok(Some(WrittenObject { id, is_new: true }))
    }

    /// Puts a new lead together with the newest one that is called so, if there is one.
    pub(crate) fn merge(&mut self, write: &Write, by: Hand) -> Option<WrittenObject> {
        let Write::Lead(new) = write else { return None };
        let lead = self.leads.iter_mut().rfind(|lead| lead.name.as_deref() == new.title())?;
        lead.updated_at = Some(by.at);
        let id = lead.id;
        self.versions.push((by.now, Version::Lead(lead.clone())));
        Some(WrittenObject { id, is_new: false })
    }

    fn add_lead(&mut self, new: &NewLead, by: Hand) -> u64 {
        let id = self.leads.len() as u64 + 1;
        let lead = AmoLead {
            name: new.title().map(str::to_owned),
            price: Some(new.price.unwrap_or_default().into()),
            created_by: Some(by.author),
            created_at: Some(by.at),
            updated_at: Some(by.at),
            ..AmoLead::numbered(id)
        };
        self.versions.push((by.now, Version::Lead(lead.clone())));
        self.leads.push(lead);
        id
    }

    fn add_note(&mut self, new: &NewNote, by: Hand) -> Result<u64, AmoError> {
        self.lead(new.lead).ok_or(AmoError::NotFound)?;
        let id = self.notes.len() as u64 + 1;
        let (text, created_by, at) = (Some(new.text.clone()), Some(by.author), Some(by.at));
        let note = Note { text, created_by, created_at: at, updated_at: at, ..Note::numbered(id) };
        self.notes.push((new.lead, note));
        Ok(id)
    }

    fn add_task(&mut self, new: &NewTask, by: Hand) -> Result<u64, AmoError> {
        self.lead(new.lead).ok_or(AmoError::NotFound)?;
        let id = self.tasks.len() as u64 + 1;
        let task = Task {
            lead: Some(new.lead),
            text: Some(new.text.clone()),
            complete_till: Some(new.complete_till),
            created_by: Some(by.author),
            created_at: Some(by.at),
            updated_at: Some(by.at),
            ..Task::numbered(id)
        };
        self.versions.push((by.now, Version::Task(task.clone())));
        self.tasks.push(task);
        Ok(id)
    }

    fn change_lead(&mut self, id: u64, change: &LeadChange, by: Hand) -> Result<(), AmoError> {
        let lead = self.leads.get_mut(place(id)).ok_or(AmoError::NotFound)?;
        lead.name = change.name.clone().or(lead.name.take());
        lead.price = change.price.map(Into::into).or(lead.price.take());
        lead.updated_at = Some(later(by.at, lead.created_at));
        self.versions.push((by.now, Version::Lead(lead.clone())));
        Ok(())
    }

    fn change_task(&mut self, id: u64, change: &TaskChange, by: Hand) -> Result<(), AmoError> {
        let task = self.tasks.get_mut(place(id)).ok_or(AmoError::NotFound)?;
        task.text = change.text.clone().or(task.text.take());
        task.complete_till = change.complete_till.or(task.complete_till);
        task.is_completed = change.is_completed.unwrap_or(task.is_completed);
        task.result = change.result.clone().or(task.result.take());
        task.updated_at = Some(later(by.at, task.created_at));
        self.versions.push((by.now, Version::Task(task.clone())));
        Ok(())
    }

    /// The page of leads that `filter` asks for.
    pub(crate) fn lead_page(&self, filter: &LeadFilter) -> LeadPage {
        let second = |at: Option<Timestamp>| at.map_or(0, Timestamp::as_second);
        let mut found: Vec<&AmoLead> = self.leads.iter().filter(|lead| filter.admits(lead)).collect();
        found.sort_by_key(|lead| match filter.order.by {
            LeadSort::UpdatedAt => second(lead.updated_at),
            LeadSort::CreatedAt => second(lead.created_at),
            LeadSort::Id => lead.id.cast_signed(),
        });
        if filter.order.is_descending {
            found.reverse();
        }
        let page = PageRequest { page: filter.page, limit: filter.limit };
        let Page { items, has_more } = part(found.into_iter(), page);
        LeadPage { leads: items, has_more }
    }

    /// A page of the notes of a lead.
    pub(crate) fn note_page(&self, lead: u64, page: PageRequest) -> Result<Page<Note>, AmoError> {
        self.lead(lead).ok_or(AmoError::NotFound)?;
        Ok(part(self.notes_of(lead), page))
    }

    /// The page of tasks that `filter` asks for.
    pub(crate) fn task_page(&self, filter: &TaskFilter) -> Page<Task> {
        let fits = |task: &&Task| {
            filter.lead.is_none_or(|lead| task.lead == Some(lead))
                && filter.is_completed.is_none_or(|is_completed| task.is_completed == is_completed)
        };
        let mut found: Vec<&Task> = self.tasks.iter().rev().filter(fits).collect();
        if let TaskOrder::CompleteTill { is_descending } = filter.order {
            found.sort_by_key(|task| task.complete_till);
            if is_descending {
                found.reverse();
            }
        }
        part(found.into_iter(), filter.page)
    }
}

/// The second of a change, which is never that in which the object was made.
fn later(at: Timestamp, made_at: Option<Timestamp>) -> Timestamp {
    made_at.map_or(at, |made_at| at.max(after(made_at, Duration::from_secs(1))))
}

/// That page of `all`.
fn part<'a, T: Clone + 'a>(all: impl Iterator<Item = &'a T>, page: PageRequest) -> Page<T> {
    let number = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    let mut rest = all.skip(number(page.page.saturating_sub(1)).saturating_mul(number(page.limit)));
    let items = rest.by_ref().take(number(page.limit)).cloned().collect();
    Page { items, has_more: rest.next().is_some() }
}
