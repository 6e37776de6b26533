//! What happened, in the order of the commits: this is what webhooks tell.

use std::collections::VecDeque;

use super::{Author, Company, Contact, Context, Kind, Lead, Note, Subject, Task, Unsorted};
use crate::UserId;

/// How many occurrences are kept from one commit to the next.
const KEPT: usize = 1000;

/// What happened to one entity in one change.
#[derive(Debug, Clone)]
pub(crate) struct Occurrence {
    /// Counts the occurrences of the account, from 1.
    pub(crate) number: u64,
    pub(crate) at: u64,
    pub(crate) author: Author,
    /// What it was, the general one first.
    pub(crate) kinds: Vec<ChangeKind>,
    /// The members that changed, by their names in the API; `links` is one of them.
    pub(crate) changed: Vec<&'static str>,
    /// The entity after the change.
    pub(crate) entity: Snapshot,
    /// How some members were before; `None` if it was not there.
    pub(crate) before: Option<Before>,
}

/// What happened to an entity; the names are those of the settings of webhooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChangeKind {
    Add,
    Update,
    Status,
    Responsible,
    Delete,
    Restore,
    /// A note was added to the entity.
    Note,
}

impl ChangeKind {
    /// The setting that subscribes to it, as `status_lead`.
    pub(crate) fn setting(self, subject: Subject) -> String {
        format!("{}_{}", self.word(), subject.singular())
    }

    /// The first part of its setting.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Update => "update",
            Self::Status => "status",
            Self::Responsible => "responsible",
            Self::Delete => "delete",
            Self::Restore => "restore",
            Self::Note => "note",
        }
    }
}

/// An entity as it was at one moment.
#[derive(Debug, Clone)]
pub(crate) enum Snapshot {
    Lead(Box<Lead>),
    Contact(Box<Contact>),
    Company(Box<Company>),
    Note(Box<Note>),
    Task(Box<Task>),
    Unsorted(Box<Unsorted>),
}

impl Snapshot {
    /// The id of a note.
    pub(crate) const fn note(&self) -> Option<u64> {
        match self {
            Self::Note(note) => Some(note.id),
            _ => None,
        }
    }

    /// What the change is about.
    pub(crate) fn subject(&self) -> Subject {
        match self {
            Self::Lead(lead) => Subject::Card(Kind::Lead, lead.card.id),
            Self::Contact(contact) => Subject::Card(Kind::Contact, contact.card.id),
            Self::Company(company) => Subject::Card(Kind::Company, company.card.id),
            Self::Note(note) => note.entity.into(),
            Self::Task(task) => Subject::Task(task.id),
            Self::Unsorted(row) => Subject::Unsorted(row.id),
        }
    }
}

/// What webhooks tell of an entity before a change.
#[derive(Debug, Clone)]
pub(crate) struct Before {
    pub(crate) responsible_user_id: UserId,
    /// The pipeline and the stage of a lead.
    pub(crate) stage: Option<(u64, u64)>,
    /// The text of a task.
    pub(crate) text: Option<String>,
}

/// The last occurrences of an account.
#[derive(Debug, Default)]
pub(crate) struct Feed {
    last: VecDeque<Occurrence>,
    count: u64,
}

impl Feed {
    /// Those after the one with this number that are still kept, in order.
    pub(crate) fn after(&self, number: u64) -> impl Iterator<Item = &Occurrence> {
        let gone = self.count - self.last.len() as u64;
        self.last.iter().skip(usize::try_from(number.saturating_sub(gone)).unwrap_or(usize::MAX))
    }

    /// The number of the last one; 0 if there was none.
    pub(super) const fn last_number(&self) -> u64 {
        self.count
    }

    /// Forgets the oldest, once all have been told.
    pub(super) fn trim(&mut self) {
        let over = self.last.len().saturating_sub(KEPT);
        self.last.drain(..over);
    }

    /// Adds what happened to an entity; `before` is how it was if it was there.
    pub(super) fn add(
        &mut self,
        context: &Context<'_>,
        entity: Snapshot,
        before: Option<Before>,
        kinds: Vec<ChangeKind>,
        changed: Vec<&'static str>,
    ) {
        self.count += 1;
        self.last.push_back(Occurrence {
            number: self.count,
            at: context.now,
            author: context.author.clone(),
            kinds,
            changed,
            entity,
            before,
        });
    }
}
