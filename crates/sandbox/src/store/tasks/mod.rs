//! Tasks: what somebody has to do until when, of an entity or of none.

mod changes;

use super::{
    ByEntity, Kind, OfEntity, Row, Subject, Tables,
    attached::Attached,
    differences::Differences,
    edit,
    event::EventValue,
    feed::{Before, ChangeKind, Snapshot},
};
use crate::UserId;

pub(crate) use changes::{TaskChange, TaskDraft};

/// A task.
#[derive(Debug, Clone)]
#[expect(clippy::struct_field_names, reason = "these are amoCRM's names")]
pub(crate) struct Task {
    pub(crate) id: u64,
    pub(crate) entity: Option<(Kind, u64)>,
    pub(crate) text: String,
    pub(crate) task_type_id: u64,
    pub(crate) responsible_user_id: UserId,
    pub(crate) created_by: u64,
    pub(crate) updated_by: u64,
    pub(crate) created_at: u64,
    pub(crate) updated_at: u64,
    /// Seconds.
    pub(crate) duration: u64,
    pub(crate) complete_till: u64,
    pub(crate) is_completed: bool,
    pub(crate) result: Option<TaskResult>,
    pub(crate) is_deleted: bool,
}

/// What came of a task. To amoCRM it is a note, with an id of the notes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TaskResult {
    pub(crate) id: u64,
    pub(crate) text: String,
}

/// A type of tasks.
#[derive(Debug, Clone)]
pub(crate) struct TaskType {
    pub(crate) id: u64,
    pub(crate) name: &'static str,
    pub(crate) code: Option<&'static str>,
    pub(crate) color: Option<&'static str>,
    pub(crate) icon_id: Option<u64>,
}

impl Row for Task {
    fn id(&self) -> u64 {
        self.id
    }

    fn is_deleted(&self) -> bool {
        self.is_deleted
    }
}

impl OfEntity for Task {
    fn entity(&self) -> Option<(Kind, u64)> {
        self.entity
    }
}

impl Attached for Task {
    fn table_mut(tables: &mut Tables) -> &mut ByEntity<Self> {
        &mut tables.tasks
    }

    fn subject(&self) -> Subject {
        Subject::Task(self.id)
    }

    fn snapshot(&self) -> Snapshot {
        Snapshot::Task(Box::new(self.clone()))
    }

    fn before(&self) -> Before {
        Before { responsible_user_id: self.responsible_user_id, stage: None, text: Some(self.text.clone()) }
    }

    fn differences(&self, old: Option<&Self>) -> Differences {
        let mut differences = Differences::default();
        let Some(old) = old else {
            differences.note("id", "task_added", Vec::new(), Vec::new());
            return differences;
        };
        if self.is_deleted != old.is_deleted {
            differences.note("is_deleted", "task_deleted", Vec::new(), Vec::new());
        }
        let mut compare = |member, event, value: fn(&Self) -> EventValue| {
            let (before, after) = (value(old), value(self));
            if before != after {
                differences.note(member, event, vec![before], vec![after]);
            }
        };
        compare("text", "task_text_changed", |task| EventValue::Task { text: task.text.clone() });
        compare("complete_till", "task_deadline_changed", |task| EventValue::TaskDeadline {
            timestamp: task.complete_till,
        });
        compare("task_type_id", "task_type_changed", |task| EventValue::TaskType { id: task.task_type_id });
        compare("responsible_user_id", "entity_responsible_changed", |task| EventValue::ResponsibleUser {
            id: task.responsible_user_id.get(),
        });
        if self.is_completed && !old.is_completed {
            differences.note("is_completed", "task_completed", Vec::new(), Vec::new());
        }
        if let Some(result) = self.result.as_ref().filter(|result| old.result.as_ref() != Some(*result)) {
            differences.note("result", "task_result_added", Vec::new(), vec![EventValue::Note { id: result.id }]);
        }
        for (member, differs) in [
            ("is_completed", !self.is_completed && old.is_completed),
            ("duration", self.duration != old.duration),
            ("entity_id", self.entity != old.entity),
        ] {
            if differs {
                differences.mark(member);
            }
        }
        differences
    }

    fn kinds(&self, old: Option<&Self>) -> Vec<ChangeKind> {
        match old {
            None => vec![ChangeKind::Add],
            Some(_) if self.is_deleted => vec![ChangeKind::Delete],
            Some(old) if self.responsible_user_id != old.responsible_user_id => {
                vec![ChangeKind::Update, ChangeKind::Responsible]
            }
            Some(_) => vec![ChangeKind::Update],
        }
    }

    /// The closest task of the entity may be another one now.
    fn settle(tables: &mut Tables, entity: Option<(Kind, u64)>) {
        if let Some(entity) = entity {
            edit::follow_tasks(tables, entity);
        }
    }
}
