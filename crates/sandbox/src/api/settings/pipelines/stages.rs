//! The stages of a pipeline: listed, read, added, changed and deleted.

use actix_web::{
    Error, HttpRequest, HttpResponse,
    web::{Bytes, Data, Path},
};
use serde::Deserialize;

use super::{Caller, Members, view};
use crate::{
    api::{
        list::{Named, SelfLink, Whole, hal},
        query::Query,
        write::{self, Items, MOST_ITEMS, Refused},
    },
    store::{Change, DescriptionDraft, MOST_STAGES, Operation, Pipeline, SettingsChange, StageDraft, Tables, Written},
    world::World,
};

/// A stage in a path. Numbers that no id can be stand for nothing.
#[derive(Deserialize)]
pub(super) struct StagePath {
    pipeline: String,
    key: String,
}

/// What a request says about a stage; `id` is there only in a new pipeline.
pub(super) fn read(members: &mut Members<'_>, id: Option<u64>) -> StageDraft {
    let description = |members: &mut Members<'_>| DescriptionDraft {
        id: members.int("id"),
        level: members.text("level"),
        text: members.text("description"),
    };
    // An entry of a list is no item of the request, though clients name it as one.
    members.ignore(&["request_id"]);
    StageDraft {
        id,
        name: members.text("name"),
        sort: members.int("sort"),
        color: members.text("color"),
        descriptions: members.objects("descriptions", description),
    }
}

fn find<'t>(tables: &'t Tables, pipeline: &str) -> Option<&'t Pipeline> {
    pipeline.parse().ok().and_then(|id| tables.pipeline(id))
}

/// The stages of one pipeline; 204 if there is none of this number.
pub(super) async fn list(
    request: HttpRequest,
    world: Data<World>,
    caller: Caller,
    pipeline: Path<String>,
) -> Result<HttpResponse, Error> {
    let tables = caller.account(&world)?.store.read();
    let Some(found) = find(&tables, &pipeline) else {
        return Ok(HttpResponse::NoContent().finish());
    };
    let is_described = Query::of(&request).with().has("descriptions");
    let views = found.stages.iter().map(|stage| view::stage(stage, &caller, is_described)).collect();
    Ok(whole(&caller, found.id, views))
}

/// One stage of one pipeline; 204 if there is none of these numbers.
pub(super) async fn one(
    request: HttpRequest,
    world: Data<World>,
    caller: Caller,
    path: Path<StagePath>,
) -> Result<HttpResponse, Error> {
    let tables = caller.account(&world)?.store.read();
    let (pipeline, id) = path.ids();
    let Some(found) = tables.pipeline(pipeline).and_then(|pipeline| pipeline.stage(id)) else {
        return Ok(HttpResponse::NoContent().finish());
    };
    Ok(hal(&view::stage(found, &caller, Query::of(&request).with().has("descriptions"))))
}

/// Adds stages to a pipeline.
pub(super) async fn add(
    world: Data<World>,
    caller: Caller,
    pipeline: Path<String>,
    body: Bytes,
) -> Result<HttpResponse, Refused> {
    let items = Items::of_list(&body, MOST_ITEMS, caller.switches.unknown_members, |members| read(members, None))?;
    let account = world.account(caller.account).or(Err(Refused::NoAccount))?;
    let (pipeline, here) =
        find(&account.store.read(), &pipeline).map_or((0, 0), |pipeline| (pipeline.id, pipeline.count_stages()));
    if here + items.drafts.len() > MOST_STAGES {
        return Err(Refused::TooManyItems(MOST_STAGES));
    }
    let operations = items.drafts.into_iter().map(|draft| Operation::Add(Box::new(draft)));
    let written = commit(&world, &caller, pipeline, &items.request_ids, operations)?;
    let tables = account.store.read();
    let views = written.iter().zip(&items.request_ids).filter_map(|(written, request_id)| {
        let stage = tables.pipeline(pipeline)?.stage(written.id)?;
        Some(view::stage(stage, &caller, true).echoing(request_id))
    });
    Ok(whole(&caller, pipeline, views.collect()))
}

/// Changes the stage of the address.
pub(super) async fn edit_one(
    world: Data<World>,
    caller: Caller,
    path: Path<StagePath>,
    body: Bytes,
) -> Result<HttpResponse, Refused> {
    let mut items = Items::of_object(&body, caller.switches.unknown_members, |members| {
        members.ignore(&["id"]);
        read(members, None)
    })?;
    let (pipeline, id) = path.ids();
    let draft = items.drafts.pop().ok_or(Refused::Empty)?;
    let operation = Operation::Edit { id, draft: Box::new(draft) };
    commit(&world, &caller, pipeline, &items.request_ids, [operation].into_iter())?;
    let account = world.account(caller.account).or(Err(Refused::NoAccount))?;
    let tables = account.store.read();
    let stage = tables.pipeline(pipeline).and_then(|pipeline| pipeline.stage(id)).ok_or(Refused::NotFound)?;
    let request_id = items.request_ids.first().map_or("0", String::as_str);
    Ok(hal(&view::stage(stage, &caller, true).echoing(request_id)))
}

/// Deletes the stage of the address.
pub(super) async fn delete_one(
    world: Data<World>,
    caller: Caller,
    path: Path<StagePath>,
) -> Result<HttpResponse, Refused> {
    let (pipeline, id) = path.ids();
    commit(&world, &caller, pipeline, &["0".to_owned()], [Operation::Delete { id }].into_iter())?;
    Ok(HttpResponse::NoContent().finish())
}

impl StagePath {
    /// The pipeline and the stage; 0 is none.
    fn ids(&self) -> (u64, u64) {
        (self.pipeline.parse().unwrap_or_default(), self.key.parse().unwrap_or_default())
    }
}

fn commit(
    world: &World,
    caller: &Caller,
    pipeline: u64,
    request_ids: &[String],
    operations: impl Iterator<Item = Operation<StageDraft>>,
) -> Result<Vec<Written>, Refused> {
    let change = |operation| Change::Settings(SettingsChange::Stage(pipeline, operation));
    write::commit(world, caller, request_ids, operations.map(change).collect())
}

/// Stages of a pipeline, without pages.
fn whole(caller: &Caller, pipeline: u64, views: Vec<view::StageView<'_>>) -> HttpResponse {
    hal(&Whole {
        _total_items: views.len(),
        _links: SelfLink::new(&caller.host, view::stages_path(pipeline)),
        _embedded: Named("statuses", views),
    })
}
