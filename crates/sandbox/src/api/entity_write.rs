//! `POST` and `PATCH` of a list of entities, `PATCH` of one: leads, contacts and companies.

use actix_web::{
    HttpResponse,
    web::{Bytes, Data, Path},
};

use super::{
    drafts::{self, ReadDraft},
    guard::Caller,
    write::{self, Items, MOST_ITEMS, Refused},
};
use crate::{
    store::{Entity, EntityChange},
    world::World,
};

/// Adds entities.
pub(crate) async fn add<D: ReadDraft>(
    world: Data<World>,
    caller: Caller,
    body: Bytes,
) -> Result<HttpResponse, Refused> {
    let unknown = caller.switches.unknown_members;
    let items = Items::of_list(&body, MOST_ITEMS, unknown, |members| D::read(members, true))?;
    let add = |draft| D::change(EntityChange::Add(Box::new(draft)));
    let changes = items.drafts.into_iter().map(add).collect();
    let written = write::commit(&world, &caller, &items.request_ids, changes)?;
    Ok(write::added(&caller, D::Entity::KIND, &items.request_ids, &written))
}

/// Changes entities, each named by its id.
pub(crate) async fn edit<D: ReadDraft>(
    world: Data<World>,
    caller: Caller,
    body: Bytes,
) -> Result<HttpResponse, Refused> {
    let items = Items::of_list(&body, MOST_ITEMS, caller.switches.unknown_members, |members| {
        (drafts::id(members), D::read(members, false))
    })?;
    let edit = |(id, draft)| D::change(EntityChange::Edit { id, draft: Box::new(draft) });
    let changes = items.drafts.into_iter().map(edit).collect();
    let written = write::commit(&world, &caller, &items.request_ids, changes)?;
    Ok(write::changed(&caller, D::Entity::KIND, &written))
}

/// Changes the entity of the address.
pub(crate) async fn edit_one<D: ReadDraft>(
    world: Data<World>,
    caller: Caller,
    id: Path<String>,
    body: Bytes,
) -> Result<HttpResponse, Refused> {
    let items = Items::of_object(&body, caller.switches.unknown_members, |members| {
        members.ignore(&["id"]);
        D::read(members, false)
    })?;
    let id = id.parse().or(Err(Refused::NotFound))?;
    let edit = |draft| D::change(EntityChange::Edit { id, draft: Box::new(draft) });
    let changes = items.drafts.into_iter().map(edit).collect();
    let written = write::commit(&world, &caller, &items.request_ids, changes)?;
    Ok(write::one_changed(&caller, D::Entity::KIND, &written))
}
