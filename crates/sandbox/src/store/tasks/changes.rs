//! Adding, changing, completing and deleting tasks.

use super::{Task, TaskResult};
use crate::{
    TaskCompletion, UserId,
    store::{
        Action, Context, FieldError, Kind, Nullable, Refusal, Tables, Written, attached,
        change::Plan,
        people::{self, Named},
    },
};

/// The type of a task that does not say which it is of.
const FOLLOW_UP: u64 = 1;

/// What can be done with tasks.
pub(crate) enum TaskChange {
    Add(Box<TaskDraft>),
    Edit { id: u64, draft: Box<TaskDraft> },
    Delete(u64),
}

/// What a request says about a task; what it does not say stays.
#[derive(Debug, Default)]
pub(crate) struct TaskDraft {
    pub(crate) text: Option<String>,
    pub(crate) complete_till: Option<u64>,
    pub(crate) entity_type: Option<String>,
    pub(crate) entity_id: Nullable<u64>,
    pub(crate) task_type_id: Option<u64>,
    pub(crate) responsible_user_id: Option<u64>,
    pub(crate) created_by: Option<u64>,
    pub(crate) updated_by: Option<u64>,
    pub(crate) created_at: Option<u64>,
    pub(crate) updated_at: Option<u64>,
    pub(crate) duration: Option<u64>,
    pub(crate) is_completed: Option<bool>,
    /// The text of the result.
    pub(crate) result: Option<String>,
}

impl TaskChange {
    pub(in crate::store) fn plan(self, tables: &Tables, context: &Context<'_>) -> Result<Plan, Refusal> {
        match self {
            Self::Add(draft) => draft.plan_add(tables, context),
            Self::Edit { id, draft } => draft.plan_edit(id, tables, context),
            Self::Delete(id) => {
                let id = find(Action::Delete, id, tables, context)?.id;
                Ok(plan_edit(id, |task, context| {
                    task.is_deleted = true;
                    task.updated_at = context.now;
                    task.updated_by = context.author.user.get();
                }))
            }
        }
    }
}

impl TaskDraft {
    fn plan_add(mut self, tables: &Tables, context: &Context<'_>) -> Result<Plan, Refusal> {
        let mut errors = Vec::new();
        for (member, is_there) in [("text", self.text.is_some()), ("complete_till", self.complete_till.is_some())] {
            if !is_there {
                errors.push(FieldError::missing(member));
            }
        }
        let entity = self.entity(None, tables, context, &mut errors);
        self.check(None, tables, context, errors)?;
        Ok(Box::new(move |tables, context| {
            let author = context.author.user;
            let responsible_user_id = tables.usual_responsible(author);
            let result = self.take_result(tables);
            let id = attached::add(tables, context, |id| {
                let mut task = Task {
                    id,
                    entity: None,
                    text: String::new(),
                    task_type_id: FOLLOW_UP,
                    responsible_user_id,
                    created_by: author.get(),
                    updated_by: author.get(),
                    created_at: context.now,
                    updated_at: context.now,
                    duration: 0,
                    complete_till: 0,
                    is_completed: false,
                    result: None,
                    is_deleted: false,
                };
                self.apply(&mut task, entity, result, context);
                task
            });
            written(tables, id)
        }))
    }

    fn plan_edit(mut self, id: u64, tables: &Tables, context: &Context<'_>) -> Result<Plan, Refusal> {
        let task = find(Action::Edit, id, tables, context)?;
        let mut errors = Vec::new();
        let entity = self.entity(Some(task), tables, context, &mut errors);
        self.check(Some(task), tables, context, errors)?;
        Ok(Box::new(move |tables, context| {
            let result = self.take_result(tables);
            attached::edit(tables, context, id, |task: &mut Task| self.apply(task, entity, result, context));
            written(tables, id)
        }))
    }

    /// The entity that the task is of from now on.
    fn entity(
        &self,
        now: Option<&Task>,
        tables: &Tables,
        context: &Context<'_>,
        errors: &mut Vec<FieldError>,
    ) -> Option<(Kind, u64)> {
        let now = now.and_then(|task| task.entity);
        let id = match self.entity_id {
            Nullable::Absent => return now,
            Nullable::Null => return None,
            Nullable::Is(id) => id,
        };
        let kind = match &self.entity_type {
            Some(name) => Kind::of_plural(name).ok_or_else(|| FieldError::not_supported_choice("entity_type")),
            None => now.map(|(kind, _)| kind).ok_or_else(|| FieldError::missing("entity_type")),
        };
        match kind {
            Ok(kind) if tables.permissions(context.author).may_see(kind, id) => Some((kind, id)),
            Ok(_) => {
                errors.push(FieldError::not_supported_choice("entity_id"));
                None
            }
            Err(error) => {
                errors.push(error);
                None
            }
        }
    }

    fn check(
        &self,
        now: Option<&Task>,
        tables: &Tables,
        context: &Context<'_>,
        mut errors: Vec<FieldError>,
    ) -> Result<(), Refusal> {
        let named = [
            Named::person("responsible_user_id", self.responsible_user_id),
            Named::author("created_by", self.created_by),
            Named::author("updated_by", self.updated_by),
        ];
        people::check_active(named, tables, &mut errors);
        if self.task_type_id.is_some_and(|id| tables.task_types.iter().all(|known| known.id != id)) {
            errors.push(FieldError::not_supported_choice("task_type_id"));
        }
        let is_completing = self.is_completed == Some(true) && now.is_none_or(|task| !task.is_completed);
        let has_result = self.result.is_some() || now.is_some_and(|task| task.result.is_some());
        if is_completing && !has_result && context.switches.task_completion == TaskCompletion::NeedsResult {
            errors.push(FieldError::missing("result.text"));
        }
        Refusal::of(errors)
    }

    /// The result as a note of its own id.
    fn take_result(&mut self, tables: &mut Tables) -> Option<TaskResult> {
        self.result.take().map(|text| TaskResult { id: tables.notes.next_id(), text })
    }

    fn apply(self, task: &mut Task, entity: Option<(Kind, u64)>, result: Option<TaskResult>, context: &Context<'_>) {
        let put = |member: &mut u64, wanted: Option<u64>| *member = wanted.unwrap_or(*member);
        put(&mut task.created_by, self.created_by);
        put(&mut task.created_at, self.created_at);
        put(&mut task.duration, self.duration);
        put(&mut task.complete_till, self.complete_till);
        put(&mut task.task_type_id, self.task_type_id);
        task.entity = entity;
        task.text = self.text.unwrap_or_else(|| std::mem::take(&mut task.text));
        task.is_completed = self.is_completed.unwrap_or(task.is_completed);
        task.result = result.or_else(|| task.result.take());
        task.responsible_user_id = self.responsible_user_id.map_or(task.responsible_user_id, UserId::from);
        task.updated_by = self.updated_by.unwrap_or(context.author.user.get());
        task.updated_at = self.updated_at.unwrap_or(context.now);
    }
}

/// The task with this id, if it is there and the author may do this with it.
fn find<'t>(action: Action, id: u64, tables: &'t Tables, context: &Context<'_>) -> Result<&'t Task, Refusal> {
    let task = tables.tasks.live(id).ok_or(Refusal::Missing)?;
    let may = tables.permissions(context.author).may_task(action, task);
    if may { Ok(task) } else { Err(Refusal::Forbidden) }
}

fn plan_edit(id: u64, change: impl FnOnce(&mut Task, &Context<'_>) + 'static) -> Plan {
    Box::new(move |tables, context| {
        attached::edit(tables, context, id, |task: &mut Task| change(task, context));
        written(tables, id)
    })
}

fn written(tables: &Tables, id: u64) -> Written {
    Written { id, updated_at: tables.tasks.get(id).map_or(0, |task| task.updated_at), ..Written::default() }
}
