//! Adding, changing and deleting settings.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Bytes, Data, Path},
};
use serde::Deserialize;
use serde_json::json;

use super::{
    Caller, Members, Query, Resource, Shown,
    read::{known, view},
};
use crate::{
    UnknownMembers,
    api::{
        HAL,
        list::SelfLink,
        problem::UnfoundItem,
        write::{self, Items, MOST_ITEMS, Refused},
    },
    store::{Change, Operation, Tables},
    world::World,
};

/// The id of the row that a request calls so; 0, which nothing has, if it is not there.
fn id_of<R: Resource>(tables: &Tables, place: R::Place, key: &str) -> u64 {
    R::table(tables, place).iter().find(|row| row.key() == key).map_or(0, R::id)
}

/// Adds some.
pub(super) async fn add<R: Resource>(
    request: HttpRequest,
    world: Data<World>,
    caller: Caller,
    body: Bytes,
) -> Result<HttpResponse, Refused> {
    let place = R::place(&request).ok_or(Refused::NotFound)?;
    let unknown = caller.switches.unknown_members;
    let items = if R::MAY_BE_BARE {
        Items::of_one_or_list(&body, R::MOST_ITEMS, unknown, R::read)?
    } else {
        Items::of_list(&body, R::MOST_ITEMS, unknown, R::read)?
    };
    let account = world.account(caller.account).or(Err(Refused::NoAccount))?;
    let here = known::<R>(&account.store.read(), place, &caller).map_or(0, |rows| rows.len());
    if here.saturating_add(items.drafts.len()) > R::MOST {
        return Err(Refused::TooManyItems(R::MOST));
    }
    let operations = items.drafts.into_iter().map(|draft| Operation::Add(Box::new(draft)));
    commit::<R>(&world, &caller, place, &items.request_ids, operations, R::ADDED)
}

/// Changes some, each named by its id.
pub(super) async fn edit<R: Resource>(
    request: HttpRequest,
    world: Data<World>,
    caller: Caller,
    body: Bytes,
) -> Result<HttpResponse, Refused> {
    let place = R::place(&request).ok_or(Refused::NotFound)?;
    let items = Items::of_list(&body, R::MOST_ITEMS, caller.switches.unknown_members, |members| {
        (key(members), R::read(members))
    })?;
    let keys = ids::<R>(&world, &caller, place, items.drafts.iter().map(|(key, _)| key.as_str()))?;
    let drafts = items.drafts.into_iter().zip(keys);
    let operations = drafts.map(|((_, draft), id)| Operation::Edit { id, draft: Box::new(draft) });
    commit::<R>(&world, &caller, place, &items.request_ids, operations, R::CHANGED)
}

/// Changes the one of the address.
pub(super) async fn edit_one<R: Resource>(
    request: HttpRequest,
    world: Data<World>,
    caller: Caller,
    path: Path<OneKey>,
    body: Bytes,
) -> Result<HttpResponse, Refused> {
    let place = R::place(&request).ok_or(Refused::NotFound)?;
    let mut items = Items::of_object(&body, caller.switches.unknown_members, |members| {
        members.ignore(&["id"]);
        R::read(members)
    })?;
    let id = ids::<R>(&world, &caller, place, [path.key.as_str()])?.first().copied().unwrap_or_default();
    let draft = items.drafts.pop().ok_or(Refused::Empty)?;
    let change = Change::Settings(R::change(place, Operation::Edit { id, draft: Box::new(draft) }));
    write::commit(&world, &caller, &items.request_ids, vec![change])?;
    let account = world.account(caller.account).or(Err(Refused::NoAccount))?;
    let tables = account.store.read();
    let query = Query::of(&request);
    let shown = Shown { tables: &tables, caller: &caller, with: &query.with() };
    let row = R::table(&tables, place).get(id).ok_or(Refused::NotFound)?;
    let mut view = view(row, &shown, place);
    if let Some(request_id) = items.request_ids.first().filter(|_| R::IS_ECHOED) {
        view["request_id"] = json!(request_id);
    }
    Ok(HttpResponse::build(R::CHANGED).content_type(HAL).json(view))
}

/// Deletes some, each named by its id.
pub(super) async fn delete<R: Resource>(
    request: HttpRequest,
    world: Data<World>,
    caller: Caller,
    body: Bytes,
) -> Result<HttpResponse, Refused> {
    let place = R::place(&request).ok_or(Refused::NotFound)?;
    // Members that say more than the id are no mistake: the official SDK sends whole settings.
    let items = Items::of_list(&body, MOST_ITEMS, UnknownMembers::Ignored, key)?;
    let unfound = unfound::<R>(&world, &caller, place, &items)?;
    if !unfound.is_empty() {
        return Err(Refused::Unfound(unfound));
    }
    let ids = ids::<R>(&world, &caller, place, items.drafts.iter().map(String::as_str))?;
    let change = |id| Change::Settings(R::change(place, Operation::Delete { id }));
    write::commit(&world, &caller, &items.request_ids, ids.into_iter().map(change).collect())?;
    Ok(HttpResponse::NoContent().finish())
}

/// Deletes the one of the address.
pub(super) async fn delete_one<R: Resource>(
    request: HttpRequest,
    world: Data<World>,
    caller: Caller,
    path: Path<OneKey>,
) -> Result<HttpResponse, Refused> {
    let place = R::place(&request).ok_or(Refused::NotFound)?;
    let items = Items { request_ids: vec!["0".to_owned()], drafts: vec![path.into_inner().key] };
    if !unfound::<R>(&world, &caller, place, &items)?.is_empty() {
        return Err(Refused::NotFound);
    }
    let ids = ids::<R>(&world, &caller, place, items.drafts.iter().map(String::as_str))?;
    let change = |id| Change::Settings(R::change(place, Operation::Delete { id }));
    write::commit(&world, &caller, &items.request_ids, ids.into_iter().map(change).collect())?;
    Ok(HttpResponse::NoContent().finish())
}

/// Those of what is to be deleted that the caller cannot know of, where amoCRM says which.
fn unfound<R: Resource>(
    world: &World,
    caller: &Caller,
    place: R::Place,
    items: &Items<String>,
) -> Result<Vec<UnfoundItem>, Refused> {
    let Some(what) = R::UNFOUND else { return Ok(Vec::new()) };
    let account = world.account(caller.account).or(Err(Refused::NoAccount))?;
    let tables = account.store.read();
    if !tables.permissions(&caller.author).are_full() {
        return Err(Refused::Forbidden);
    }
    let known: Vec<_> = known::<R>(&tables, place, caller).into_iter().flatten().map(R::key).collect();
    let unfound = items.request_ids.iter().zip(&items.drafts).filter(|(_, key)| !known.contains(key));
    Ok(unfound.map(|(request_id, key)| UnfoundItem::new(request_id, what, key)).collect())
}

/// The key at the end of a path.
#[derive(Deserialize)]
pub(super) struct OneKey {
    key: String,
}

/// The member that says which one a request is about.
fn key(members: &mut Members<'_>) -> String {
    if !members.has("id") {
        members.missing("id");
    }
    members.text_or_number("id").unwrap_or_default()
}

fn ids<'k, R: Resource>(
    world: &World,
    caller: &Caller,
    place: R::Place,
    keys: impl IntoIterator<Item = &'k str>,
) -> Result<Vec<u64>, Refused> {
    let account = world.account(caller.account).or(Err(Refused::NoAccount))?;
    let tables = account.store.read();
    Ok(keys.into_iter().map(|key| id_of::<R>(&tables, place, key)).collect())
}

/// Makes the changes, and answers with what is there then.
fn commit<R: Resource>(
    world: &World,
    caller: &Caller,
    place: R::Place,
    request_ids: &[String],
    operations: impl Iterator<Item = Operation<R::Draft>>,
    status: StatusCode,
) -> Result<HttpResponse, Refused> {
    let changes = operations.map(|operation| Change::Settings(R::change(place, operation))).collect();
    let written = write::commit(world, caller, request_ids, changes)?;
    let account = world.account(caller.account).or(Err(Refused::NoAccount))?;
    let tables = account.store.read();
    let query = Query::default();
    let shown = Shown { tables: &tables, caller, with: &query.with() };
    let views = written.iter().zip(request_ids).filter_map(|(written, request_id)| {
        let mut view = view(R::table(&tables, place).get(written.id)?, &shown, place);
        view["request_id"] = json!(request_id);
        Some(view)
    });
    let views: Vec<_> = views.collect();
    let body = json!({
        "_total_items": views.len(),
        "_links": SelfLink::new(&caller.host, R::path(place)),
        "_embedded": {(R::NAME): views},
    });
    Ok(HttpResponse::build(status).content_type(HAL).json(body))
}
