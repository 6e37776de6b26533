//! Links that are made and ended: `POST /api/v4/{entity}/{id}/link` and `…/unlink`, and for several
//! entities `POST /api/v4/{entity}/link` and `…/unlink`.

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Bytes, Data},
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

/// Links entities with others.
pub(crate) async fn link<E: Entity>(
    request: HttpRequest,
    world: Data<World>,
    caller: Caller,
    body: Bytes,
) -> Result<HttpResponse, Refused> {
    let links = commit::<E>(&request, &world, &caller, &body, true)?;
    let account = world.account(caller.account).or(Err(Refused::NoAccount))?;
    let tables = account.store.read();
    let links: Vec<_> = links.into_iter().map(|link| View::new(link.from, link.to, true, &tables)).collect();
    Ok(hal(&Whole {
        _total_items: links.len(),
        _links: SelfLink::new(&caller.host, request.path()),
        _embedded: Named("links", links),
    }))
}

/// Ends links of entities.
pub(crate) async fn unlink<E: Entity>(
    request: HttpRequest,
    world: Data<World>,
    caller: Caller,
    body: Bytes,
) -> Result<HttpResponse, Refused> {
    commit::<E>(&request, &world, &caller, &body, false)?;
    Ok(HttpResponse::NoContent().finish())
}

/// Makes or ends the links of a body: those of the entity of the address or, if it names none, of
/// what `entity_id` of each item names.
fn commit<E: Entity>(
    request: &HttpRequest,
    world: &World,
    caller: &Caller,
    body: &Bytes,
    is_linked: bool,
) -> Result<Vec<LinkChange>, Refused> {
    // A number that is too long is that of nothing, as 0 is.
    let of_address = request.match_info().get("id").map(|id| id.parse().unwrap_or_default());
    let items = Items::of_list(body, MOST_ITEMS, caller.switches.unknown_members, |members| {
        let id = of_address.unwrap_or_else(|| members.required_int("entity_id"));
        read(members, (E::KIND, id), is_linked)
    })?;
    let changes = items.drafts.iter().copied().map(Change::Link).collect();
    write::commit(world, caller, &items.request_ids, changes)?;
    Ok(items.drafts)
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
