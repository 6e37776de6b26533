//! What can be changed as somebody does it in amoCRM's own pages, and how the controls write it.

use serde_json::Value;

use super::data::Operation;
use crate::{
    UnknownMembers,
    api::{self, Items, ReadDraft, Refused},
    store::{Change, Entity as _, EntityChange, NoteChange, NoteDraft, NoteId, TaskChange, TaskDraft},
};

/// How a member that is misspelt is found.
const UNKNOWN: UnknownMembers = UnknownMembers::Refused;

/// A draft of what can be changed in amoCRM's own pages.
pub(crate) trait InPages {
    /// Under which name the answer lists what was changed.
    const NAME: &'static str;
    /// What can be done.
    const OPERATIONS: &'static [Operation];

    /// The changes that `items` ask for.
    fn changes(operation: Operation, items: &[Value]) -> Result<Vec<Change>, Refused>;
}

impl<D: ReadDraft> InPages for D {
    const NAME: &'static str = D::Entity::KIND.plural();
    const OPERATIONS: &'static [Operation] =
        &[Operation::Add, Operation::Change, Operation::Delete, Operation::Restore];

    fn changes(operation: Operation, items: &[Value]) -> Result<Vec<Change>, Refused> {
        match operation {
            Operation::Add => {
                let items = Items::read(items, UNKNOWN, |members| D::read(members, true))?;
                let change = |draft| D::change(EntityChange::Add(Box::new(draft)));
                Ok(items.drafts.into_iter().map(change).collect())
            }
            Operation::Change => {
                let items = Items::read(items, UNKNOWN, |members| (api::id(members), D::read(members, false)))?;
                let change = |(id, draft)| D::change(EntityChange::Edit { id, draft: Box::new(draft) });
                Ok(items.drafts.into_iter().map(change).collect())
            }
            Operation::Delete | Operation::Restore => {
                let is_deleted = operation == Operation::Delete;
                Ok(ids(items).map(|id| D::change(EntityChange::Delete { id, is_deleted })).collect())
            }
        }
    }
}

/// What can be done with what has no bin.
const WITHOUT_BIN: &[Operation] = &[Operation::Add, Operation::Change, Operation::Delete];

impl InPages for TaskDraft {
    const NAME: &'static str = "tasks";
    const OPERATIONS: &'static [Operation] = WITHOUT_BIN;

    fn changes(operation: Operation, items: &[Value]) -> Result<Vec<Change>, Refused> {
        match operation {
            Operation::Add => {
                let items = Items::read(items, UNKNOWN, api::task)?;
                let change = |draft| Change::Task(TaskChange::Add(Box::new(draft)));
                Ok(items.drafts.into_iter().map(change).collect())
            }
            Operation::Change => {
                let items = Items::read(items, UNKNOWN, |members| (api::id(members), api::task(members)))?;
                let change = |(id, draft)| Change::Task(TaskChange::Edit { id, draft: Box::new(draft) });
                Ok(items.drafts.into_iter().map(change).collect())
            }
            Operation::Delete | Operation::Restore => {
                Ok(ids(items).map(|id| Change::Task(TaskChange::Delete(id))).collect())
            }
        }
    }
}

/// A new note says by `entity_type` and `entity_id` where it hangs.
impl InPages for NoteDraft {
    const NAME: &'static str = "notes";
    const OPERATIONS: &'static [Operation] = WITHOUT_BIN;

    fn changes(operation: Operation, items: &[Value]) -> Result<Vec<Change>, Refused> {
        let of_any = |id| NoteId { kind: None, entity: None, id };
        match operation {
            Operation::Add => {
                let items = Items::read(items, UNKNOWN, |members| (api::entity(members), api::note(members)))?;
                let change = |(entity, draft)| {
                    Change::Note(NoteChange::Add { entity, is_nested: false, draft: Box::new(draft) })
                };
                Ok(items.drafts.into_iter().map(change).collect())
            }
            Operation::Change => {
                let items = Items::read(items, UNKNOWN, |members| (api::id(members), api::note(members)))?;
                let change = |(id, draft)| Change::Note(NoteChange::Edit { id: of_any(id), draft: Box::new(draft) });
                Ok(items.drafts.into_iter().map(change).collect())
            }
            Operation::Delete | Operation::Restore => {
                Ok(ids(items).map(|id| Change::Note(NoteChange::Delete(of_any(id)))).collect())
            }
        }
    }
}

/// The ids; what is none is nobody's.
fn ids(items: &[Value]) -> impl Iterator<Item = u64> {
    items.iter().map(|id| id.as_u64().unwrap_or_default())
}
