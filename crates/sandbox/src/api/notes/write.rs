//! Adding, changing, pinning and deleting notes.

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Bytes, Data},
};

use super::{address::Address, view};
use crate::{
    api::{
        drafts,
        guard::Caller,
        problem::method_not_allowed,
        write::{self, Items, MOST_ITEMS, Refused, WrittenView},
    },
    store::{Change, NoteChange, Written},
    world::World,
};

/// Adds notes to the entity of the address, or to those that the items name.
pub(super) async fn add(
    world: Data<World>,
    caller: Caller,
    address: Address,
    body: Bytes,
) -> Result<HttpResponse, Refused> {
    let items = Items::of_list(&body, MOST_ITEMS, caller.switches.unknown_members, |members| {
        let entity = match address.entity {
            Some(entity) => {
                members.ignore(&["entity_id"]);
                entity
            }
            None => members.required_int("entity_id"),
        };
        members.ignore(&["is_need_to_trigger_digital_pipeline"]);
        (entity, drafts::note(members))
    })?;
    let change = |(entity, draft)| {
        let is_nested = address.entity.is_some();
        Change::Note(NoteChange::Add { entity: (address.kind, entity), is_nested, draft: Box::new(draft) })
    };
    let changes = items.drafts.into_iter().map(change).collect();
    let written = write::commit(&world, &caller, &items.request_ids, changes)?;
    let views = views(&world, &caller, address, &written)?;
    let answered = views.into_iter().zip(items.request_ids);
    let answered =
        answered.map(|(view, request_id)| WrittenView { updated_at: None, request_id: Some(request_id), ..view });
    Ok(answer(&caller, address, answered.collect()))
}

/// Changes notes, each named by its id.
pub(super) async fn edit(
    world: Data<World>,
    caller: Caller,
    address: Address,
    body: Bytes,
) -> Result<HttpResponse, Refused> {
    let items = Items::of_list(&body, MOST_ITEMS, caller.switches.unknown_members, |members| {
        let id = drafts::id(members);
        let entity_id = members.int("entity_id");
        (id, crate::store::NoteDraft { entity_id, ..drafts::note(members) })
    })?;
    let change = |(id, draft)| Change::Note(NoteChange::Edit { id: address.note_with(id), draft: Box::new(draft) });
    let changes = items.drafts.into_iter().map(change).collect();
    let written = write::commit(&world, &caller, &items.request_ids, changes)?;
    Ok(answer(&caller, address, views(&world, &caller, address, &written)?))
}

/// Changes the note of the address.
pub(super) async fn edit_one(
    world: Data<World>,
    caller: Caller,
    address: Address,
    body: Bytes,
) -> Result<HttpResponse, Refused> {
    let items = Items::of_object(&body, caller.switches.unknown_members, |members| {
        members.ignore(&["id"]);
        let entity_id = members.int("entity_id");
        crate::store::NoteDraft { entity_id, ..drafts::note(members) }
    })?;
    let changes = items
        .drafts
        .into_iter()
        .map(|draft| Change::Note(NoteChange::Edit { id: address.note(), draft: Box::new(draft) }))
        .collect();
    let written = write::commit(&world, &caller, &items.request_ids, changes)?;
    let views = views(&world, &caller, address, &written)?;
    Ok(write::one_answer(&caller, &path(address), "notes", views))
}

/// Pins the note of the address, or takes the pin off.
pub(super) async fn pin(
    request: HttpRequest,
    world: Data<World>,
    caller: Caller,
    address: Address,
) -> Result<HttpResponse, Refused> {
    let is_pinned = request.match_info().get("what") == Some("pin");
    let change = Change::Note(NoteChange::Pin { id: address.note(), is_pinned });
    write::commit(&world, &caller, &["0".to_owned()], vec![change])?;
    Ok(HttpResponse::NoContent().finish())
}

/// Deletes the note of the address, where the switch says that this can be done.
pub(super) async fn delete(world: Data<World>, caller: Caller, address: Address) -> Result<HttpResponse, Refused> {
    if caller.switches.note_delete == 405 {
        return Ok(method_not_allowed().await);
    }
    let change = Change::Note(NoteChange::Delete(address.note()));
    write::commit(&world, &caller, &["0".to_owned()], vec![change])?;
    Ok(HttpResponse::NoContent().finish())
}

/// What the answer says of notes that were written.
fn views(world: &World, caller: &Caller, address: Address, written: &[Written]) -> Result<Vec<WrittenView>, Refused> {
    let account = world.account(caller.account).or(Err(Refused::NoAccount))?;
    let tables = account.store.read();
    let view = |written: &Written| WrittenView {
        id: written.id,
        entity_id: tables.notes.get(written.id).map(|note| note.entity.1),
        name: None,
        request_id: None,
        updated_at: Some(written.updated_at),
        _links: view::link(caller, address.kind, written.id),
    };
    Ok(written.iter().map(view).collect())
}

fn answer(caller: &Caller, address: Address, views: Vec<WrittenView>) -> HttpResponse {
    write::answer(caller, &path(address), "notes", views)
}

/// The address of the list.
fn path(address: Address) -> String {
    let entity = address.entity.map(|id| format!("/{id}")).unwrap_or_default();
    format!("/api/v4/{}{entity}/notes", address.kind.plural())
}
