//! `GET /api/v4/events` and one of them: what happened, the latest first.

use actix_web::{
    Error, HttpRequest, HttpResponse,
    web::{Data, Path},
};
use serde::Serialize;

use super::{
    guard::Caller,
    list::{self, SelfLink, hal},
};
use crate::{
    AccountId,
    store::{Event, EventValue, Permissions},
    world::World,
};

#[derive(Serialize)]
struct View<'a> {
    id: &'a str,
    r#type: &'a str,
    entity_id: u64,
    entity_type: &'static str,
    created_by: u64,
    created_at: u64,
    value_after: &'a [EventValue],
    value_before: &'a [EventValue],
    account_id: AccountId,
    _links: SelfLink,
    _embedded: Embedded,
}

#[derive(Serialize)]
struct Embedded {
    entity: Entity,
}

#[derive(Serialize)]
struct Entity {
    id: u64,
    _links: SelfLink,
}

fn view<'a>(event: &'a Event, caller: &Caller) -> View<'a> {
    let (kind, entity_id) = event.entity;
    View {
        id: &event.id,
        r#type: &event.name,
        entity_id,
        entity_type: kind.singular(),
        created_by: event.created_by,
        created_at: event.created_at,
        value_after: &event.after,
        value_before: &event.before,
        account_id: caller.account,
        _links: SelfLink::new(&caller.host, &format!("/api/v4/events/{}", event.id)),
        _embedded: Embedded { entity: Entity { id: entity_id, _links: SelfLink::of(&caller.host, kind, entity_id) } },
    }
}

/// Who may not see an entity may not see what happened to it. What is gone only those see who may
/// see everything.
fn may_see(permissions: &Permissions<'_>, event: &Event) -> bool {
    let (kind, id) = event.entity;
    permissions.are_full() || permissions.may_see(kind, id)
}

/// The events of the account that the caller may see, the latest first.
pub(crate) async fn list(request: HttpRequest, world: Data<World>, caller: Caller) -> Result<HttpResponse, Error> {
    let tables = caller.account(&world)?.store.read();
    let permissions = tables.permissions(&caller.author);
    let may_see = |event: &&Event| may_see(&permissions, event);
    let find = |_: &_| Ok(tables.events.rows().iter().rev().filter(may_see).collect());
    list::page(&request, &caller, "events", find, |event, _| view(event, &caller))
}

/// One event; 204 if there is none of this id.
pub(crate) async fn one(world: Data<World>, caller: Caller, id: Path<String>) -> Result<HttpResponse, Error> {
    let tables = caller.account(&world)?.store.read();
    let permissions = tables.permissions(&caller.author);
    let found = tables.events.rows().iter().find(|event| event.id == *id);
    let found = found.filter(|event| may_see(&permissions, event));
    Ok(found.map_or_else(|| HttpResponse::NoContent().finish(), |event| hal(&view(event, &caller))))
}
