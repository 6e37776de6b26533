//! What happened, in the order of the commits: this is what webhooks tell.

use std::collections::VecDeque;

use super::{Author, Company, Contact, Context, Entity, Kind, Lead};
use crate::UserId;

/// How many occurrences are kept.
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
}

impl ChangeKind {
    /// The setting that subscribes to it, as `status_lead`.
    pub(crate) fn setting(self, kind: Kind) -> String {
        let word = match self {
            Self::Add => "add",
            Self::Update => "update",
            Self::Status => "status",
            Self::Responsible => "responsible",
            Self::Delete => "delete",
            Self::Restore => "restore",
        };
        format!("{word}_{}", kind.singular())
    }
}

/// An entity as it was at one moment.
#[derive(Debug, Clone)]
pub(crate) enum Snapshot {
    Lead(Box<Lead>),
    Contact(Box<Contact>),
    Company(Box<Company>),
}

impl Snapshot {
    pub(crate) fn kind_and_id(&self) -> (Kind, u64) {
        match self {
            Self::Lead(lead) => (Kind::Lead, lead.card.id),
            Self::Contact(contact) => (Kind::Contact, contact.card.id),
            Self::Company(company) => (Kind::Company, company.card.id),
        }
    }
}

/// What webhooks tell of an entity before a change.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Before {
    pub(crate) responsible_user_id: UserId,
    /// The pipeline and the stage of a lead.
    pub(crate) stage: Option<(u64, u64)>,
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
        self.last.iter().skip_while(move |occurrence| occurrence.number <= number)
    }

    /// Adds what happened to an entity; `before` is how it was if it was there.
    pub(super) fn add<E: Entity>(
        &mut self,
        context: &Context<'_>,
        entity: &E,
        before: Option<&E>,
        kinds: Vec<ChangeKind>,
        changed: Vec<&'static str>,
    ) {
        self.count += 1;
        if self.last.len() == KEPT {
            self.last.pop_front();
        }
        self.last.push_back(Occurrence {
            number: self.count,
            at: context.now,
            author: context.author.clone(),
            kinds,
            changed,
            entity: entity.snapshot(),
            before: before
                .map(|before| Before { responsible_user_id: before.card().responsible_user_id, stage: before.stage() }),
        });
    }
}
