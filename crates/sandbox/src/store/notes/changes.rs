//! Adding, changing, pinning and deleting notes.

use serde_json::{Map, Value};

use super::{Note, NoteKind};
use crate::{
    UserId,
    store::{
        Action, Context, FieldError, Kind, Refusal, Tables, Written, attached,
        change::Plan,
        people::{self, Named},
    },
};

/// What can be done with notes.
pub(crate) enum NoteChange {
    Add {
        entity: (Kind, u64),
        /// Whether the address says which entity, not the item.
        is_nested: bool,
        draft: Box<NoteDraft>,
    },
    Edit {
        id: NoteId,
        draft: Box<NoteDraft>,
    },
    Pin {
        id: NoteId,
        is_pinned: bool,
    },
    Delete(NoteId),
}

/// A note by its id, and where an address says so the kind of its entity and the entity.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NoteId {
    pub(crate) kind: Option<Kind>,
    pub(crate) entity: Option<u64>,
    pub(crate) id: u64,
}

/// What a request says about a note; what it does not say stays.
#[derive(Debug, Default)]
pub(crate) struct NoteDraft {
    pub(crate) kind: Option<&'static NoteKind>,
    pub(crate) entity_id: Option<u64>,
    /// Which are good depends on the type.
    pub(crate) params: Option<Map<String, Value>>,
    pub(crate) created_by: Option<u64>,
    pub(crate) updated_by: Option<u64>,
    pub(crate) created_at: Option<u64>,
    pub(crate) updated_at: Option<u64>,
    pub(crate) responsible_user_id: Option<u64>,
}

impl NoteId {
    /// The note, if it is there.
    pub(crate) fn find<'t>(&self, tables: &'t Tables) -> Option<&'t Note> {
        let is_of = |note: &&Note| {
            let (kind, id) = note.entity;
            self.kind.is_none_or(|wanted| kind == wanted) && self.entity.is_none_or(|wanted| id == wanted)
        };
        tables.notes.live(self.id).filter(is_of)
    }

    /// The note, if it is there and the author may change its entity.
    fn find_to_edit<'t>(&self, tables: &'t Tables, context: &Context<'_>) -> Result<&'t Note, Refusal> {
        let note = self.find(tables).ok_or(Refusal::Missing)?;
        may_edit(note.entity, tables, context).map(|()| note)
    }
}

impl NoteChange {
    pub(in crate::store) fn plan(self, tables: &Tables, context: &Context<'_>) -> Result<Plan, Refusal> {
        match self {
            Self::Add { entity, is_nested, draft } => draft.plan_add(entity, is_nested, tables, context),
            Self::Edit { id, draft } => draft.plan_edit(id, tables, context),
            Self::Pin { id, is_pinned } => {
                let id = id.find_to_edit(tables, context)?.id;
                Ok(plan_edit(id, move |note, _| note.is_pinned = is_pinned))
            }
            Self::Delete(id) => {
                let id = id.find_to_edit(tables, context)?.id;
                Ok(plan_edit(id, |note, context| {
                    note.is_deleted = true;
                    note.updated_at = context.now;
                    note.updated_by = context.author.user.get();
                }))
            }
        }
    }
}

impl NoteDraft {
    fn plan_add(
        mut self,
        entity: (Kind, u64),
        is_nested: bool,
        tables: &Tables,
        context: &Context<'_>,
    ) -> Result<Plan, Refusal> {
        match may_edit(entity, tables, context) {
            Err(Refusal::Missing) if !is_nested => {
                return Err(Refusal::not_supported("entity_id"));
            }
            judged => judged?,
        }
        let mut errors = Vec::new();
        self.check_users(tables, &mut errors);
        let Some(kind) = self.kind else { return Err(Refusal::Invalid(vec![FieldError::missing("note_type")])) };
        let params = kind.check(self.params.take().unwrap_or_default(), context.switches.unknown_members, &mut errors);
        Refusal::of(errors)?;
        Ok(Box::new(move |tables, context| {
            let author = context.author.user;
            let id = attached::add(tables, context, |id| Note {
                id,
                entity,
                kind,
                params,
                responsible_user_id: self.responsible_user_id.map_or(author, UserId::from),
                created_by: self.created_by.unwrap_or(author.get()),
                updated_by: self.updated_by.unwrap_or(author.get()),
                created_at: self.created_at.unwrap_or(context.now),
                updated_at: self.updated_at.unwrap_or(context.now),
                is_pinned: false,
                is_deleted: false,
            });
            written(tables, id)
        }))
    }

    fn plan_edit(mut self, id: NoteId, tables: &Tables, context: &Context<'_>) -> Result<Plan, Refusal> {
        let note = id.find_to_edit(tables, context)?;
        let mut errors = Vec::new();
        self.check_users(tables, &mut errors);
        if self.entity_id.is_some_and(|entity| entity != note.entity.1) {
            errors.push(FieldError::not_supported_choice("entity_id"));
        }
        let kind = self.kind.unwrap_or(note.kind);
        // Of another type the parameters must be said anew.
        let given = self.params.take().or_else(|| (kind != note.kind).then(Map::new));
        let params = given.map(|given| kind.check(given, context.switches.unknown_members, &mut errors));
        Refusal::of(errors)?;
        Ok(plan_edit(note.id, move |note, context| {
            note.kind = kind;
            note.params = params.unwrap_or_else(|| std::mem::take(&mut note.params));
            note.created_by = self.created_by.unwrap_or(note.created_by);
            note.created_at = self.created_at.unwrap_or(note.created_at);
            note.updated_by = self.updated_by.unwrap_or(context.author.user.get());
            note.updated_at = self.updated_at.unwrap_or(context.now);
            note.responsible_user_id = self.responsible_user_id.map_or(note.responsible_user_id, UserId::from);
        }))
    }

    fn check_users(&self, tables: &Tables, errors: &mut Vec<FieldError>) {
        let named = [
            Named::person("responsible_user_id", self.responsible_user_id),
            Named::author("created_by", self.created_by),
            Named::author("updated_by", self.updated_by),
        ];
        people::check_active(named, tables, errors);
    }
}

/// Whether the author may change the entity, and so its notes.
fn may_edit(entity: (Kind, u64), tables: &Tables, context: &Context<'_>) -> Result<(), Refusal> {
    match tables.permissions(context.author).may_with(Action::Edit, entity) {
        None => Err(Refusal::Missing),
        Some(false) => Err(Refusal::Forbidden),
        Some(true) => Ok(()),
    }
}

fn plan_edit(id: u64, change: impl FnOnce(&mut Note, &Context<'_>) + 'static) -> Plan {
    Box::new(move |tables, context| {
        attached::edit(tables, context, id, |note: &mut Note| change(note, context));
        written(tables, id)
    })
}

fn written(tables: &Tables, id: u64) -> Written {
    Written { id, updated_at: tables.notes.get(id).map_or(0, |note| note.updated_at), ..Written::default() }
}
