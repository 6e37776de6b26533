//! `GET` and `POST /api/v4/{entity}/tags`: every kind of entities has its own tags.

use actix_web::{
    Error, HttpRequest, HttpResponse,
    web::{Bytes, Data},
};
use serde::Serialize;

use super::{
    guard::Caller,
    list::{self, Embedded, Named, SelfLink, hal},
    members::Members,
    problem::BadParameter,
    query::Query,
    write::{self, Items, MOST_ITEMS, Refused},
};
use crate::{
    store::{Change, Entity, Kind, Tag, TagChange},
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

/// What the answer to a new tag says of it.
#[derive(Serialize)]
struct Added {
    #[serde(flatten)]
    tag: Tag,
    request_id: String,
}

/// Adds tags; one whose name is known is that one.
pub(crate) async fn add<E: Entity>(world: Data<World>, caller: Caller, body: Bytes) -> Result<HttpResponse, Refused> {
    let unknown = caller.switches.unknown_members;
    let items = Items::of_list(&body, MOST_ITEMS, unknown, |members| read(members, E::KIND))?;
    let changes = items.drafts.into_iter().map(Change::Tag).collect();
    let written = write::commit(&world, &caller, &items.request_ids, changes)?;
    let account = world.account(caller.account).or(Err(Refused::NoAccount))?;
    let tables = account.store.read();
    let tags = written.iter().zip(items.request_ids).filter_map(|(written, request_id)| {
        let tag = tables.tags.get(E::KIND, written.id)?.clone();
        Some(Added { tag, request_id })
    });
    Ok(hal(&Embedded {
        _links: SelfLink::new(&caller.host, format_args!("/api/v4/{}/tags", E::KIND.plural())),
        _embedded: Named("tags", tags.collect()),
    }))
}

/// A new tag. Only those of leads have a colour.
fn read(members: &mut Members<'_>, kind: Kind) -> TagChange {
    let name = members.required_text("name");
    let color = members.text("color").filter(|_| kind == Kind::Lead).map(|color| color.to_ascii_uppercase());
    if color.as_deref().is_some_and(|color| !COLORS.contains(&color)) {
        members.not_supported("color");
    }
    TagChange { kind, name, color }
}
