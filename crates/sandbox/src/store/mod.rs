//! What is in an account and changes: tables behind one lock, and one path for every change.
//!
//! Everybody may [`Store::read`]. Nobody changes a table but [`Store::commit`], which checks all
//! changes of a request, applies them together, and writes down the events and what webhooks are
//! told. Deadlocks cannot happen: the lock of a store and that of the [`State`](crate::state::State)
//! are never held together. Take what you need from the one, drop it, and turn to the other. Only a
//! [`CommitListener`] is called under the lock of a store, and takes no lock but its own.

mod account;
mod attached;
mod by_entity;
mod card;
mod card_changes;
mod change;
mod commit;
mod company;
mod complex;
mod contact;
mod differences;
mod edit;
mod entity_changes;
mod event;
mod feed;
mod field;
mod field_input;
mod field_values;
mod kind;
mod lead;
mod lead_changes;
mod links;
mod notes;
mod people;
mod pipeline;
mod required_fields;
mod rights;
mod search_lag;
mod settings;
mod subject;
mod table;
mod tables;
mod tag;
mod tasks;
mod time_index;
mod unsorted;

use std::sync::{Arc, OnceLock, PoisonError, RwLock, RwLockReadGuard};

pub(crate) use account::{Account, UTC_OFFSET_S};
pub(crate) use by_entity::{ByEntity, OfEntity};
pub(crate) use card::{Card, Entity};
pub(crate) use card_changes::{CardDraft, TagRef, TagsDraft};
pub(crate) use change::{Author, Change, Context, FieldError, Nullable, Refusal, Rejected, Written};
pub(crate) use company::{Company, CompanyDraft};
pub(crate) use complex::{ComplexDraft, Other};
pub(crate) use contact::{Contact, ContactDraft};
pub(crate) use entity_changes::{EntityChange, EntityDraft, EntityPlan, NewLink};
pub(crate) use event::{Event, EventIds, EventValue, Events, Past};
pub(crate) use feed::{Before, ChangeKind, Feed, Occurrence, Snapshot};
pub(crate) use field::{Choice, FieldDefinition, FieldKind, StageRef};
pub(crate) use field_input::{FieldInput, moment, read as read_value};
pub(crate) use field_values::{Datum, FieldValue, Fields};
pub(crate) use kind::{Kind, PerKind};
pub(crate) use lead::Lead;
pub(crate) use lead_changes::{ContactRef, LeadDraft};
pub(crate) use links::LinkChange;
pub(crate) use notes::{Note, NoteChange, NoteDraft, NoteId, NoteKind};
pub(crate) use people::{Group, User};
pub(crate) use pipeline::{LOST, Pipeline, Stage, WON, is_closed};
pub(crate) use rights::{
    Action, LeadsOnly, Letter, Letters, Permissions, Rights, StatusLetters, StatusRight, TaskLetters,
};
pub(crate) use search_lag::SearchLag;
pub(crate) use settings::{
    ChoiceDraft, DescriptionDraft, FieldDraft, FieldGroup, FieldGroupDraft, LettersDraft, LossReason, LossReasonDraft,
    MOST_STAGES, Operation, PipelineDraft, RightsDraft, Role, RoleDraft, Setting, SettingsChange, Source, SourceDraft,
    StageDescription, StageDraft, UserDraft,
};
pub(crate) use subject::Subject;
pub(crate) use table::{Row, Table};
pub(crate) use tables::Tables;
pub(crate) use tag::{Tag, TagBook, TagChange};
pub(crate) use tasks::{Task, TaskChange, TaskDraft, TaskResult, TaskType};
pub(crate) use time_index::{Sequence, Time, Times};
pub(crate) use unsorted::{Category, Fate, Unsorted, UnsortedChange, UnsortedDraft};

use crate::AccountId;

/// Who is told of every commit before the next one can begin.
pub(crate) trait CommitListener: Send + Sync {
    /// What was committed are the occurrences of the feed after this number.
    fn committed(&self, account: AccountId, tables: &Tables, context: &Context<'_>, after: u64);
}

/// The tables of one account.
pub(crate) struct Store {
    tables: RwLock<Tables>,
    listener: OnceLock<(AccountId, Arc<dyn CommitListener>)>,
}

impl Store {
    pub(crate) fn new(tables: Tables) -> Self {
        Self { tables: RwLock::new(tables), listener: OnceLock::new() }
    }

    /// Tells `listener` of every commit from now on, as one of `account`. The first listener stays.
    pub(crate) fn tell(&self, account: AccountId, listener: Arc<dyn CommitListener>) {
        self.listener.get_or_init(|| (account, listener));
    }

    /// The tables as they are now. Hold this no longer than it takes to write an answer.
    pub(crate) fn read(&self) -> RwLockReadGuard<'_, Tables> {
        self.tables.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes all of `changes`, or none of them if one cannot be made.
    pub(crate) fn commit(&self, context: &Context<'_>, changes: Vec<Change>) -> Result<Vec<Written>, Rejected> {
        let mut tables = self.tables.write().unwrap_or_else(PoisonError::into_inner);
        let told = tables.feed.last_number();
        let written = commit::commit(&mut tables, context, changes)?;
        if let Some((account, listener)) = self.listener.get() {
            listener.committed(*account, &tables, context, told);
        }
        tables.feed.trim();
        Ok(written)
    }

    /// The tables, where nobody else needs the store.
    pub(crate) fn into_tables(self) -> Tables {
        self.tables.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the tables as `fresh` has them, if anything was changed since the start.
    pub(crate) fn reset(&self, fresh: impl FnOnce() -> Option<Tables>) {
        let is_untouched = self.read().are_untouched();
        if let Some(fresh) = (!is_untouched).then(fresh).flatten() {
            *self.tables.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        }
    }
}
