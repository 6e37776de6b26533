//! `/api/v4/leads/pipelines`, and their stages.

mod stages;
mod view;

use actix_web::{Error, HttpRequest, HttpResponse, http::StatusCode, web::Data};
use serde_json::{Value, json};

use super::{Caller, Members, Resource, Shown, read, write};
use crate::{
    api::list::{Named, SelfLink, Whole, hal},
    endpoint::{Endpoint, delete, get, patch, post},
    store::{Pipeline, PipelineDraft},
    world::World,
};

/// What is answered for pipelines.
pub(super) fn endpoints() -> Vec<Endpoint> {
    let all = "/leads/pipelines";
    let one = format!("{all}/{{key:[0-9]+}}");
    let stages = format!("{all}/{{pipeline:[0-9]+}}/statuses");
    let stage = format!("{stages}/{{key:[0-9]+}}");
    vec![
        get(all, list),
        post(all, write::add::<Pipeline>),
        get(&one, read::one::<Pipeline>),
        patch(&one, write::edit_one::<Pipeline>),
        delete(&one, write::delete_one::<Pipeline>),
        get(&stages, stages::list),
        post(&stages, stages::add),
        get(&stage, stages::one),
        patch(&stage, stages::edit_one),
        delete(&stage, stages::delete_one),
    ]
}

impl Resource for Pipeline {
    const NAME: &'static str = "pipelines";
    const IS_PUBLIC: bool = true;
    const ADDED: StatusCode = StatusCode::OK;
    const MOST: usize = 50;
    const IS_ECHOED: bool = true;

    fn place(_: &HttpRequest) -> Option<()> {
        Some(())
    }

    fn path((): ()) -> String {
        view::PATH.to_owned()
    }

    fn read(members: &mut Members<'_>) -> PipelineDraft {
        members.ignore(&["is_archive"]);
        let mut draft = PipelineDraft {
            name: members.text("name"),
            sort: members.int("sort"),
            is_main: members.flag("is_main"),
            is_unsorted_on: members.flag("is_unsorted_on"),
            stages: Vec::new(),
        };
        members.object("_embedded", |members| {
            let stage = |members: &mut Members<'_>| {
                let id = members.int("id");
                stages::read(members, id)
            };
            draft.stages = members.objects("statuses", stage).unwrap_or_default();
        });
        draft
    }

    fn view(&self, shown: &Shown<'_>, (): ()) -> Value {
        json!(view::pipeline(self, shown.caller))
    }
}

/// All pipelines with their stages, the main one first; they come without pages.
async fn list(world: Data<World>, caller: Caller) -> Result<HttpResponse, Error> {
    let tables = caller.account(&world)?.store.read();
    let mut pipelines: Vec<_> = tables.pipelines.iter().collect();
    pipelines.sort_by_key(|pipeline| (!pipeline.is_main, pipeline.sort));
    Ok(hal(&Whole {
        _total_items: pipelines.len(),
        _links: SelfLink::new(&caller.host, view::PATH),
        _embedded: Named("pipelines", pipelines.into_iter().map(|it| view::pipeline(it, &caller)).collect()),
    }))
}
