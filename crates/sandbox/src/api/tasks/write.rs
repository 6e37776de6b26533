//! Adding, changing and completing tasks. All answers echo `request_id`.

use actix_web::{
    HttpResponse,
    web::{Bytes, Data, Path},
};

use crate::{
    api::{
        drafts,
        guard::Caller,
        list::SelfLink,
        write::{self, Items, MOST_ITEMS, Refused, WrittenView},
    },
    store::{Change, Subject, TaskChange, Written},
    world::World,
};

/// Where the list is.
const PATH: &str = "/api/v4/tasks";

/// Adds tasks.
pub(super) async fn add(world: Data<World>, caller: Caller, body: Bytes) -> Result<HttpResponse, Refused> {
    let items = Items::of_list(&body, MOST_ITEMS, caller.switches.unknown_members, drafts::task)?;
    let change = |draft| Change::Task(TaskChange::Add(Box::new(draft)));
    let changes = items.drafts.into_iter().map(change).collect();
    let written = write::commit(&world, &caller, &items.request_ids, changes)?;
    let views = views(&caller, &items.request_ids, &written);
    let added = views.map(|view| WrittenView { updated_at: None, ..view });
    Ok(write::answer(&caller, PATH, "tasks", added.collect()))
}

/// Changes tasks, each named by its id.
pub(super) async fn edit(world: Data<World>, caller: Caller, body: Bytes) -> Result<HttpResponse, Refused> {
    let items = Items::of_list(&body, MOST_ITEMS, caller.switches.unknown_members, |members| {
        (drafts::id(members), drafts::task(members))
    })?;
    let change = |(id, draft)| Change::Task(TaskChange::Edit { id, draft: Box::new(draft) });
    let changes = items.drafts.into_iter().map(change).collect();
    let written = write::commit(&world, &caller, &items.request_ids, changes)?;
    Ok(write::answer(&caller, PATH, "tasks", views(&caller, &items.request_ids, &written).collect()))
}

/// Changes the task of the address.
pub(super) async fn edit_one(
    world: Data<World>,
    caller: Caller,
    id: Path<String>,
    body: Bytes,
) -> Result<HttpResponse, Refused> {
    let items = Items::of_object(&body, caller.switches.unknown_members, |members| {
        members.ignore(&["id"]);
        drafts::task(members)
    })?;
    let id = id.parse().or(Err(Refused::NotFound))?;
    let change = |draft| Change::Task(TaskChange::Edit { id, draft: Box::new(draft) });
    let changes = items.drafts.into_iter().map(change).collect();
    let written = write::commit(&world, &caller, &items.request_ids, changes)?;
    let views = views(&caller, &items.request_ids, &written).collect();
    Ok(write::one_answer(&caller, PATH, "tasks", views))
}

fn views(caller: &Caller, request_ids: &[String], written: &[Written]) -> impl Iterator<Item = WrittenView> {
    written.iter().zip(request_ids).map(|(written, request_id)| WrittenView {
        id: written.id,
        entity_id: None,
        name: None,
        request_id: Some(request_id.clone()),
        updated_at: Some(written.updated_at),
        _links: SelfLink::of_subject(&caller.host, Subject::Task(written.id)),
    })
}
