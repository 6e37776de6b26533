//! Notes of entities: texts, calls, messages, files.

mod changes;
mod kind;

use serde_json::{Map, Value};

use super::{
    ByEntity, Kind, OfEntity, Row, Subject, Tables,
    attached::Attached,
    differences::Differences,
    event::EventValue,
    feed::{Before, ChangeKind, Snapshot},
};
use crate::UserId;

pub(crate) use changes::{NoteChange, NoteDraft, NoteId};
pub(crate) use kind::NoteKind;

/// A note.
#[derive(Debug, Clone)]
pub(crate) struct Note {
    pub(crate) id: u64,
    pub(crate) entity: (Kind, u64),
    pub(crate) kind: &'static NoteKind,
    /// What it says, as it was written.
    pub(crate) params: Map<String, Value>,
    pub(crate) responsible_user_id: UserId,
    pub(crate) created_by: u64,
    pub(crate) updated_by: u64,
    pub(crate) created_at: u64,
    pub(crate) updated_at: u64,
    pub(crate) is_pinned: bool,
    pub(crate) is_deleted: bool,
}

impl Row for Note {
    fn id(&self) -> u64 {
        self.id
    }

    fn is_deleted(&self) -> bool {
        self.is_deleted
    }
}

impl OfEntity for Note {
    fn entity(&self) -> Option<(Kind, u64)> {
        Some(self.entity)
    }
}

impl Attached for Note {
    fn table_mut(tables: &mut Tables) -> &mut ByEntity<Self> {
        &mut tables.notes
    }

    fn subject(&self) -> Subject {
        self.entity.into()
    }

    fn snapshot(&self) -> Snapshot {
        Snapshot::Note(Box::new(self.clone()))
    }

    fn before(&self) -> Before {
        Before { responsible_user_id: self.responsible_user_id, stage: None, text: None }
    }

    /// There are events for new notes and for texts that are deleted.
    fn differences(&self, old: Option<&Self>) -> Differences {
        let mut differences = Differences::default();
        let note = vec![EventValue::Note { id: self.id }];
        match old {
            None => differences.note("id", self.kind.event, Vec::new(), note),
            Some(old) if self.is_deleted && !old.is_deleted && self.kind.name == "common" => {
                differences.note("is_deleted", "common_note_deleted", note, Vec::new());
            }
            Some(_) => {}
        }
        differences
    }

    /// Only new notes are told.
    fn kinds(&self, old: Option<&Self>) -> Vec<ChangeKind> {
        if old.is_none() { vec![ChangeKind::Note] } else { Vec::new() }
    }
}
