//! `GET /api/v4/leads/pipelines`, one of them, and its stages.

use actix_web::{
    Error, HttpRequest, HttpResponse,
    web::{Data, Path},
};
use serde::Serialize;

use super::{
    guard::Caller,
    list::{Named, SelfLink, Whole, hal},
    query::{Query, With},
};
use crate::{
    AccountId,
    store::{Pipeline, Stage, Tables},
    world::World,
};

#[derive(Serialize)]
struct PipelineView<'a> {
    id: u64,
    name: &'a str,
    sort: u32,
    is_main: bool,
    is_unsorted_on: bool,
    is_archive: bool,
    account_id: AccountId,
    _links: SelfLink,
    _embedded: Named<StageView<'a>>,
}

#[derive(Serialize)]
struct StageView<'a> {
    id: u64,
    name: &'a str,
    sort: u32,
    is_editable: bool,
    pipeline_id: u64,
    color: &'a str,
    r#type: Option<u8>,
    account_id: AccountId,
    _links: SelfLink,
    /// What administrators tell newcomers about the stage; nobody has told anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    descriptions: Option<[(); 0]>,
}

/// The kind of an ordinary stage is only inferred, that of the unsorted one is known.
const UNSORTED: u8 = 1;

fn stage<'a>(stage: &'a Stage, account: AccountId, caller: &Caller, with: &With<'_>) -> StageView<'a> {
    let path = format!("/api/v4/leads/pipelines/{}/statuses/{}", stage.pipeline_id, stage.id);
    StageView {
        id: stage.id,
        name: &stage.name,
        sort: stage.sort,
        is_editable: stage.is_editable,
        pipeline_id: stage.pipeline_id,
        color: stage.color,
        r#type: (caller.switches.inferred_members || stage.kind == UNSORTED).then_some(stage.kind),
        account_id: account,
        _links: SelfLink::new(&caller.host, &path),
        descriptions: with.has("descriptions").then_some([]),
    }
}

fn pipeline<'a>(pipeline: &'a Pipeline, account: AccountId, caller: &Caller) -> PipelineView<'a> {
    let nothing = With::nothing();
    let stages = pipeline.stages.iter().map(|it| stage(it, account, caller, &nothing)).collect();
    PipelineView {
        id: pipeline.id,
        name: &pipeline.name,
        sort: pipeline.sort,
        is_main: pipeline.is_main,
        is_unsorted_on: true,
        is_archive: false,
        account_id: account,
        _links: SelfLink::new(&caller.host, &format!("/api/v4/leads/pipelines/{}", pipeline.id)),
        _embedded: Named("statuses", stages),
    }
}

/// All pipelines with their stages; they come without pages.
pub(crate) async fn list(world: Data<World>, caller: Caller) -> Result<HttpResponse, Error> {
    let account = caller.account(&world)?;
    let tables = account.store.read();
    let pipelines: Vec<_> = tables.pipelines.iter().map(|it| pipeline(it, account.id, &caller)).collect();
    Ok(hal(&Whole {
        _total_items: pipelines.len(),
        _links: SelfLink::new(&caller.host, "/api/v4/leads/pipelines"),
        _embedded: Named("pipelines", pipelines),
    }))
}

fn find<'a>(tables: &'a Tables, id: &str) -> Option<&'a Pipeline> {
    id.parse().ok().and_then(|id| tables.pipeline(id))
}

/// One pipeline; 204 if there is none of this number.
pub(crate) async fn one(world: Data<World>, caller: Caller, id: Path<String>) -> Result<HttpResponse, Error> {
    let account = caller.account(&world)?;
    let tables = account.store.read();
    Ok(find(&tables, &id)
        .map_or_else(|| HttpResponse::NoContent().finish(), |found| hal(&pipeline(found, account.id, &caller))))
}

/// The stages of one pipeline; 204 if there is none of this number.
pub(crate) async fn stages(
    request: HttpRequest,
    world: Data<World>,
    caller: Caller,
    id: Path<String>,
) -> Result<HttpResponse, Error> {
    let query = Query::of(&request);
    let with = query.with();
    let account = caller.account(&world)?;
    let tables = account.store.read();
    let Some(found) = find(&tables, &id) else {
        return Ok(HttpResponse::NoContent().finish());
    };
    let stages: Vec<_> = found.stages.iter().map(|it| stage(it, account.id, &caller, &with)).collect();
    let path = format!("/api/v4/leads/pipelines/{}/statuses", found.id);
    Ok(hal(&Whole {
        _total_items: stages.len(),
        _links: SelfLink::new(&caller.host, &path),
        _embedded: Named("statuses", stages),
    }))
}

/// One stage of one pipeline; 204 if there is none of these numbers.
pub(crate) async fn one_stage(
    request: HttpRequest,
    world: Data<World>,
    caller: Caller,
    ids: Path<(String, String)>,
) -> Result<HttpResponse, Error> {
    let account = caller.account(&world)?;
    let (of, id) = ids.into_inner();
    let tables = account.store.read();
    let stages = find(&tables, &of).map_or(&[][..], |pipeline| &pipeline.stages);
    let found = stages.iter().find(|stage| Ok(stage.id) == id.parse());
    let query = Query::of(&request);
    let view = |found| hal(&stage(found, account.id, &caller, &query.with()));
    Ok(found.map_or_else(|| HttpResponse::NoContent().finish(), view))
}
