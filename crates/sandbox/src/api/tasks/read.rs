//! The list of tasks and one of them.

use actix_web::{Error, HttpRequest, HttpResponse, web::Data};
use serde::Serialize;

use crate::{
    AccountId, Switches, UserId,
    api::{
        filter::{self, Field, Stage},
        guard::Caller,
        list::{self, Addressed, SelfLink},
        problem::BadParameter,
        query::{Numbers, Query, With},
    },
    store::{Action, Entity as _, Kind, Permissions, Subject, Tables, Task, TaskResult},
    world::World,
};

/// A task as amoCRM writes it.
#[derive(Serialize)]
struct View<'a> {
    id: u64,
    created_by: u64,
    updated_by: u64,
    created_at: u64,
    updated_at: u64,
    responsible_user_id: UserId,
    group_id: u64,
    entity_id: Option<u64>,
    entity_type: Option<&'static str>,
    duration: u64,
    is_completed: bool,
    task_type_id: u64,
    text: &'a str,
    result: Outcome<'a>,
    complete_till: u64,
    account_id: AccountId,
    _links: SelfLink,
}

/// The result; without one PHP's empty list.
#[derive(Serialize)]
#[serde(untagged)]
enum Outcome<'a> {
    None([(); 0]),
    Text { text: &'a str },
}

impl<'a> Outcome<'a> {
    fn of(result: Option<&'a TaskResult>) -> Self {
        result.map_or(Self::None([]), |result| Self::Text { text: &result.text })
    }
}

fn view<'a>(task: &'a Task, tables: &Tables, caller: &Caller) -> View<'a> {
    View {
        id: task.id,
        created_by: task.created_by,
        updated_by: task.updated_by,
        created_at: task.created_at,
        updated_at: task.updated_at,
        responsible_user_id: task.responsible_user_id,
        group_id: tables.group_of(task.responsible_user_id),
        entity_id: task.entity.map(|(_, id)| id),
        entity_type: task.entity.map(|(kind, _)| kind.plural()),
        duration: task.duration,
        is_completed: task.is_completed,
        task_type_id: task.task_type_id,
        text: &task.text,
        result: Outcome::of(task.result.as_ref()),
        complete_till: task.complete_till,
        account_id: caller.account,
        _links: SelfLink::of_subject(&caller.host, Subject::Task(task.id)),
    }
}

const FIELDS: [Field<Task>; 8] = [
    filter::one_of("id", |task| Some(task.id)),
    filter::one_of("responsible_user_id", |task| Some(task.responsible_user_id.get())),
    filter::one_of("created_by", |task| Some(task.created_by)),
    filter::one_of("is_completed", |task| Some(task.is_completed.into())),
    filter::one_of("task_type", |task| Some(task.task_type_id)),
    filter::one_of("task_type_id", |task| Some(task.task_type_id)),
    filter::one_of("created_at", |task| Some(task.created_at)),
    filter::one_of("complete_till", |task| Some(task.complete_till)),
];

/// The tasks of the account that the caller may see, or those asked for.
pub(super) async fn list(request: HttpRequest, world: Data<World>, caller: Caller) -> Result<HttpResponse, Error> {
    let tables = caller.account(&world)?.store.read();
    let permissions = tables.permissions(&caller.author);
    let find = |query: &Query, _| find(query, &tables, &permissions, &caller.switches);
    list::page(&request, &caller, "tasks", find, |task, _| view(task, &tables, &caller))
}

fn find<'t>(
    query: &Query,
    tables: &'t Tables,
    permissions: &Permissions<'_>,
    switches: &Switches,
) -> Result<Vec<&'t Task>, BadParameter> {
    let conditions = filter::conditions(query, FIELDS.get(..6).unwrap_or_default())?;
    let updated_at = query.times("updated_at")?;
    let types = query.listed("entity_type");
    // Without a type an id says nothing, and is ignored.
    let entities = query.numbers("entity_id")?.filter(|_| !types.is_empty());
    let stages = Stage::all_of(query, &["filter", "lead_statuses"]);
    let is_in_stage = |task: &Task| {
        let lead = task.entity.filter(|(kind, _)| *kind == Kind::Lead).and_then(|(_, id)| tables.leads.live(id));
        lead.is_some_and(|lead| stages.iter().any(|stage| stage.has(lead.stage())))
    };
    let is_wanted = |task: &&Task| {
        !task.is_deleted
            && conditions.iter().all(|condition| condition.holds(task))
            && updated_at.as_ref().is_none_or(|times| times.matches(Some(task.updated_at)))
            && (types.is_empty() || task.entity.is_some_and(|(kind, _)| types.contains(&kind.plural())))
            && entities.as_ref().is_none_or(|ids| ids.matches(task.entity.map(|(_, id)| id)))
            && (stages.is_empty() || is_in_stage(task))
            && permissions.may_task(Action::View, task)
    };
    let mut found: Vec<_> = match &entities {
        Some(Numbers::OneOf(ids)) => {
            let of = |id: u64| Kind::ALL.into_iter().flat_map(move |kind| tables.tasks.of((kind, id)));
            let mut found: Vec<_> = ids.iter().copied().flat_map(of).filter(is_wanted).collect();
            found.sort_unstable_by_key(|task| task.id);
            found.dedup_by_key(|task| task.id);
            found
        }
        _ => tables.tasks.rows().iter().filter(is_wanted).collect(),
    };
    filter::order_by_id(query, &mut found, &FIELDS, &["created_at", "complete_till", "id"], switches)?;
    Ok(found)
}

impl Addressed for Task {
    fn find<'t>(tables: &'t Tables, key: &str, _: &Switches) -> Option<&'t Self> {
        tables.tasks.live(key.parse().ok()?)
    }

    fn is_seen(&self, permissions: &Permissions<'_>) -> bool {
        permissions.may_task(Action::View, self)
    }

    fn view<'t>(&'t self, tables: &'t Tables, caller: &'t Caller, _: &With<'_>) -> impl Serialize {
        view(self, tables, caller)
    }
}
