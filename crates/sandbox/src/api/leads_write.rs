//! `POST` and `PATCH /api/v4/leads`, `PATCH /api/v4/leads/{id}`.

use actix_web::{
    HttpResponse,
    web::{Bytes, Data, Path},
};

use super::{
    drafts,
    guard::Caller,
    write::{self, Items, Refused},
};
use crate::{
    store::{Change, Kind, LeadChange},
    world::World,
};

/// Adds leads.
pub(crate) async fn add(world: Data<World>, caller: Caller, body: Bytes) -> Result<HttpResponse, Refused> {
    let items = Items::of_list(&body, caller.switches.unknown_members, |members| drafts::lead(members, true))?;
    let changes = items.drafts.into_iter().map(|draft| Change::Lead(LeadChange::Add(Box::new(draft)))).collect();
    let written = write::commit(&world, &caller, &items.request_ids, changes)?;
    Ok(write::added(&caller, Kind::Lead, &items.request_ids, &written))
}

/// Changes leads, each named by its id.
pub(crate) async fn edit(world: Data<World>, caller: Caller, body: Bytes) -> Result<HttpResponse, Refused> {
    let items = Items::of_list(&body, caller.switches.unknown_members, |members| {
        (drafts::id(members), drafts::lead(members, false))
    })?;
    let changes = items
        .drafts
        .into_iter()
        .map(|(id, draft)| Change::Lead(LeadChange::Edit { id, draft: Box::new(draft) }))
        .collect();
    let written = write::commit(&world, &caller, &items.request_ids, changes)?;
    Ok(write::changed(&caller, Kind::Lead, &written))
}

/// Changes the lead of the address.
pub(crate) async fn edit_one(
    world: Data<World>,
    caller: Caller,
    id: Path<String>,
    body: Bytes,
) -> Result<HttpResponse, Refused> {
    let items = Items::of_object(&body, caller.switches.unknown_members, |members| {
        members.ignore(&["id"]);
        drafts::lead(members, false)
    })?;
    let id = id.parse().or(Err(Refused::NotFound))?;
    let changes =
        items.drafts.into_iter().map(|draft| Change::Lead(LeadChange::Edit { id, draft: Box::new(draft) })).collect();
    let written = write::commit(&world, &caller, &items.request_ids, changes)?;
    Ok(write::one_changed(&caller, Kind::Lead, &written))
}
