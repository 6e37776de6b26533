//! `GET` and `POST /api/v4/{entity}/tags`: every kind of entities has its own tags. Those of leads can be
//! changed: `PATCH /api/v4/leads/tags`.

use actix_web::{
    Error, HttpRequest, HttpResponse,
    web::{Bytes, Data, Path},
};
use serde::Serialize;

use super::{
    drafts,
    guard::Caller,
    list::{self, Named, SelfLink, Whole, hal},
    members::Members,
    problem::{BadParameter, no_entity},
    query::Query,
    write::{self, Items, MOST_ITEMS, Refused},
};
use crate::{
    store::{Change, Entity, Kind, Nullable, Tag, TagChange, Written},
    world::World,
};

/// The tags of one kind of entities, or those asked for.
pub(crate) async fn list<E: Entity>(
    request: HttpRequest,
    world: Data<World>,
    caller: Caller,
) -> Result<HttpResponse, Error> {
    let tables = caller.account(&world)?.store.read();
    let find = |query: &_, _| wanted(query, tables.tags.all(E::KIND));
    list::page(&request, &caller, "tags", find, |tag, _| tag)
}

fn wanted<'t>(query: &Query, tags: &'t [Tag]) -> Result<Vec<&'t Tag>, BadParameter> {
    let ids = query.numbers("id")?;
    let names = query.values(&["filter", "name"]);
    let text = query.text("query").map(str::to_lowercase);
    let is_wanted = |tag: &&Tag| {
        ids.as_ref().is_none_or(|ids| ids.matches(Some(tag.id)))
            && (names.is_empty() || names.contains(&tag.name.as_str()))
            && text.as_ref().is_none_or(|text| tag.name.to_lowercase().contains(text))
    };
    Ok(tags.iter().filter(is_wanted).collect())
}

/// The colours that a tag can have.
const COLORS: [&str; 23] = [
    "EBEBEB", "D0D0D0", "F2DDF7", "D1A4DC", "FF8F92", "FFC8C8", "C7DB8C", "DDEBB5", "8699DA", "AABDFF", "FFCE5A",
    "FFE193", "90CDB0", "C6F4DE", "A9A5D7", "D8D5FF", "86C0FC", "832161", "6A0F49", "0C7C59", "10599D", "9D2B32",
    "247BA0",
];

/// What the answer to a new or a changed tag says of it.
#[derive(Serialize)]
struct View {
    #[serde(flatten)]
    tag: Tag,
    request_id: String,
}

/// Adds tags; one whose name is known is that one.
pub(crate) async fn add<E: Entity>(world: Data<World>, caller: Caller, body: Bytes) -> Result<HttpResponse, Refused> {
    let unknown = caller.switches.unknown_members;
    let items = Items::of_list(&body, MOST_ITEMS, unknown, |members| read(members, E::KIND))?;
    let views = commit(&world, &caller, E::KIND, items)?;
    Ok(answer(&caller, E::KIND, views))
}

/// Changes tags of leads, each named by its id.
pub(crate) async fn edit(world: Data<World>, caller: Caller, body: Bytes) -> Result<HttpResponse, Refused> {
    let items = Items::of_list(&body, MOST_ITEMS, caller.switches.unknown_members, |members| {
        let id = drafts::id(members);
        read_edit(members, id)
    })?;
    let views = commit(&world, &caller, Kind::Lead, items)?;
    Ok(answer(&caller, Kind::Lead, views))
}

/// Changes the tag of the address.
pub(crate) async fn edit_one(
    world: Data<World>,
    caller: Caller,
    id: Path<String>,
    body: Bytes,
) -> Result<HttpResponse, Refused> {
    let id = id.parse().or(Err(Refused::NotFound))?;
    let items = Items::of_object(&body, caller.switches.unknown_members, |members| {
        members.ignore(&["id"]);
        read_edit(members, id)
    })?;
    Ok(commit(&world, &caller, Kind::Lead, items)?.first().map_or_else(no_entity, hal))
}

/// Makes the changes, and gives the tags as they are then.
fn commit(world: &World, caller: &Caller, kind: Kind, items: Items<TagChange>) -> Result<Vec<View>, Refused> {
    let changes = items.drafts.into_iter().map(Change::Tag).collect();
    let written = write::commit(world, caller, &items.request_ids, changes)?;
    let account = world.account(caller.account).or(Err(Refused::NoAccount))?;
    let tables = account.store.read();
    let view = |(written, request_id): (Written, String)| {
        let tag = tables.tags.get(kind, written.id)?.clone();
        Some(View { tag, request_id })
    };
    Ok(written.into_iter().zip(items.request_ids).filter_map(view).collect())
}

fn answer(caller: &Caller, kind: Kind, views: Vec<View>) -> HttpResponse {
    hal(&Whole {
        _total_items: views.len(),
        _links: SelfLink::new(&caller.host, format_args!("/api/v4/{}/tags", kind.plural())),
        _embedded: Named("tags", views),
    })
}

/// A new tag. Only those of leads have a colour.
fn read(members: &mut Members<'_>, kind: Kind) -> TagChange {
    let name = members.required_text("name");
    let color = if kind == Kind::Lead {
        color(members)
    } else {
        members.ignore(&["color"]);
        Nullable::Absent
    };
    let color = if let Nullable::Is(color) = color { Some(color) } else { None };
    TagChange::Add { kind, name, color }
}

/// What is to change in the tag with this id.
fn read_edit(members: &mut Members<'_>, id: u64) -> TagChange {
    TagChange::Edit { id, name: members.text("name"), color: color(members) }
}

/// A colour, which `null` takes away.
fn color(members: &mut Members<'_>) -> Nullable<String> {
    let color = match members.nullable_text("color") {
        Nullable::Is(color) => color.to_ascii_uppercase(),
        other => return other,
    };
    if !COLORS.contains(&color.as_str()) {
        members.not_supported("color");
    }
    Nullable::Is(color)
}
