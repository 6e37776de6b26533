//! Links that are made and ended: `POST /api/v4/{entity}/{id}/link` and `…/unlink`, and for several
//! entities `POST /api/v4/{entity}/link` and `…/unlink`.

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Bytes, Data, Path},
};

use super::{
    guard::Caller,
    links::View,
    list::{Named, SelfLink, Whole, hal},
    members::Members,
    write::{self, Items, MOST_ITEMS, Refused},
};
use crate::{
    store::{Change, Entity, Kind, LinkChange},
    world::World,
};

/// Links the entity of the address with others.
pub(crate) async fn link_one<E: Entity>(
    request: HttpRequest,
    world: Data<World>,
    caller: Caller,
    id: Path<u64>,
    body: Bytes,
) -> Result<HttpResponse, Refused> {
    let items = Items::of_list(&body, MOST_ITEMS, caller.switches.unknown_members, |members| {
        read(members, (E::KIND, *id), true)
    })?;
    link(&request, &world, &caller, &items)
}

/// Links several entities with others, each named by `entity_id`.
pub(crate) async fn link_several<E: Entity>(
    request: HttpRequest,
    world: Data<World>,
    caller: Caller,
    body: Bytes,
) -> Result<HttpResponse, Refused> {
    let items = Items::of_list(&body, MOST_ITEMS, caller.switches.unknown_members, |members| {
        let from = (E::KIND, members.required_int("entity_id"));
        read(members, from, true)
    })?;
    link(&request, &world, &caller, &items)
}

/// Ends links of the entity of the address.
pub(crate) async fn unlink_one<E: Entity>(
    world: Data<World>,
    caller: Caller,
    id: Path<u64>,
    body: Bytes,
) -> Result<HttpResponse, Refused> {
    let items = Items::of_list(&body, MOST_ITEMS, caller.switches.unknown_members, |members| {
        read(members, (E::KIND, *id), false)
    })?;
    unlink(&world, &caller, items)
}

/// Ends links of several entities, each named by `entity_id`.
pub(crate) async fn unlink_several<E: Entity>(
    world: Data<World>,
    caller: Caller,
    body: Bytes,
) -> Result<HttpResponse, Refused> {
    let items = Items::of_list(&body, MOST_ITEMS, caller.switches.unknown_members, |members| {
        let from = (E::KIND, members.required_int("entity_id"));
        read(members, from, false)
    })?;
    unlink(&world, &caller, items)
}

/// A link of an item; only links with entities that have a card can be made.
fn read(members: &mut Members<'_>, from: (Kind, u64), is_linked: bool) -> LinkChange {
    members.ignore(&["entity_id", "entity_type"]);
    let id = members.required_int("to_entity_id");
    let name = members.required_text("to_entity_type");
    let kind = Kind::of_plural(&name);
    if kind.is_none() && !name.is_empty() {
        members.not_supported("to_entity_type");
    }
    let (mut is_main, mut updated_by) = (false, None);
    members.object("metadata", |metadata| {
        is_main = metadata.flag("is_main").unwrap_or_default();
        updated_by = metadata.int("updated_by");
        metadata.ignore(&["main_contact", "catalog_id", "quantity", "price_id"]);
    });
    LinkChange { from, to: (kind.unwrap_or(from.0), id), is_linked, is_main, updated_by }
}

fn link(
    request: &HttpRequest,
    world: &World,
    caller: &Caller,
    items: &Items<LinkChange>,
) -> Result<HttpResponse, Refused> {
    let changes = items.drafts.iter().copied().map(Change::Link).collect();
    write::commit(world, caller, &items.request_ids, changes)?;
    let account = world.account(caller.account).or(Err(Refused::NoAccount))?;
    let tables = account.store.read();
    let links: Vec<_> = items.drafts.iter().map(|link| View::new(link.from, link.to, true, &tables)).collect();
    Ok(hal(&Whole {
        _total_items: links.len(),
        _links: SelfLink::new(&caller.host, request.path()),
        _embedded: Named("links", links),
    }))
}

fn unlink(world: &World, caller: &Caller, items: Items<LinkChange>) -> Result<HttpResponse, Refused> {
    let changes = items.drafts.into_iter().map(Change::Link).collect();
    write::commit(world, caller, &items.request_ids, changes)?;
    Ok(HttpResponse::NoContent().finish())
}
