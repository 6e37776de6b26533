//! Lists of notes and one of them. Who may see an entity sees its notes.

use actix_web::{Error, HttpRequest, HttpResponse, web::Data};

use super::{address::Address, view::view};
use crate::{
    Switches,
    api::{
        filter::{self, Field},
        guard::Caller,
        list,
        problem::BadParameter,
        query::{Numbers, Query},
    },
    store::{Action, Note, Permissions, Tables},
    world::World,
};

const FIELDS: [Field<Note>; 2] =
    [filter::one_of("id", |note| Some(note.id)), filter::one_of("updated_at", |note| Some(note.updated_at))];

/// The notes of an entity, or of all entities of a kind.
pub(super) async fn list(
    request: HttpRequest,
    world: Data<World>,
    caller: Caller,
    address: Address,
) -> Result<HttpResponse, Error> {
    let tables = caller.account(&world)?.store.read();
    let permissions = tables.permissions(&caller.author);
    if let Some(entity) = address.entity
        && permissions.may_with(Action::View, (address.kind, entity)) == Some(false)
    {
        return Ok(list::unseen(&caller));
    }
    let find = |query: &Query, _| find(query, address, &tables, &permissions, &caller.switches);
    list::page(&request, &caller, "notes", find, |note, with| view(note, &tables, &caller, with.has("is_pinned")))
}

fn find<'t>(
    query: &Query,
    address: Address,
    tables: &'t Tables,
    permissions: &Permissions<'_>,
    switches: &Switches,
) -> Result<Vec<&'t Note>, BadParameter> {
    let kind = address.kind;
    let types = query.listed("note_type");
    let conditions = filter::conditions(query, FIELDS.get(..1).unwrap_or_default())?;
    let updated_at = query.times("updated_at")?;
    let entities = match (address.entity, query.numbers("entity_id")?) {
        (Some(entity), _) => Some(vec![entity]),
        (None, Some(Numbers::OneOf(entities))) => Some(entities),
        (None, _) => None,
    };
    let is_wanted = |note: &&Note| {
        !note.is_deleted
            && note.entity.0 == kind
            && conditions.iter().all(|condition| condition.holds(note))
            && updated_at.as_ref().is_none_or(|times| times.matches(Some(note.updated_at)))
            && (types.is_empty() || types.contains(&note.kind.name))
            && permissions.may_see(kind, note.entity.1)
    };
    let mut found: Vec<_> = match entities {
        Some(mut entities) => {
            entities.sort_unstable();
            entities.dedup();
            let mut found: Vec<_> =
                entities.into_iter().flat_map(|id| tables.notes.of((kind, id))).filter(is_wanted).collect();
            found.sort_unstable_by_key(|note| note.id);
            found
        }
        None => tables.notes.rows().iter().filter(is_wanted).collect(),
    };
    filter::order_by_id(query, &mut found, &FIELDS, &["updated_at", "id"], switches)?;
    Ok(found)
}

/// One note; 204 if there is none of this number.
pub(super) async fn one(
    request: HttpRequest,
    world: Data<World>,
    caller: Caller,
    address: Address,
) -> Result<HttpResponse, Error> {
    let tables = caller.account(&world)?.store.read();
    let permissions = tables.permissions(&caller.author);
    let found = address.note().find(&tables);
    let may = |note: &Note| permissions.may_see(note.entity.0, note.entity.1);
    let is_pinned_shown = Query::of(&request).with().has("is_pinned");
    Ok(list::one_seen(&caller, found, may, |note| list::hal(&view(note, &tables, &caller, is_pinned_shown))))
}
