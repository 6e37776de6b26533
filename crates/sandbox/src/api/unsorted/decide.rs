//! Accepting, declining and linking unsorted leads.

use actix_web::{
    HttpResponse,
    web::{Bytes, Data, Path},
};

use serde_json::Value;

use super::view;
use crate::{
    api::{
        drafts,
        guard::Caller,
        list::hal,
        members::Members,
        write::{self, Items, Refused},
    },
    store::{Change, Kind, Tables, UnsortedChange},
    world::World,
};

/// Accepts one: its lead goes to the first stage of its pipeline, or to another one.
pub(super) async fn accept(
    world: Data<World>,
    caller: Caller,
    uid: Path<String>,
    body: Bytes,
) -> Result<HttpResponse, Refused> {
    decide(&world, &caller, &uid, &body, |members, id| UnsortedChange::Accept {
        id,
        user_id: members.int("user_id"),
        status_id: members.int("status_id"),
    })
}

/// Declines one: its lead and its contact go to the bin.
pub(super) async fn decline(
    world: Data<World>,
    caller: Caller,
    uid: Path<String>,
    body: Bytes,
) -> Result<HttpResponse, Refused> {
    decide(&world, &caller, &uid, &body, |members, id| UnsortedChange::Decline { id, user_id: members.int("user_id") })
}

/// Puts a message to an entity that is there.
pub(super) async fn link(
    world: Data<World>,
    caller: Caller,
    uid: Path<String>,
    body: Bytes,
) -> Result<HttpResponse, Refused> {
    decide(&world, &caller, &uid, &body, |members, id| {
        let user_id = members.int("user_id");
        let to = members.object("link", target);
        if !members.has("link") {
            members.missing("link");
        }
        UnsortedChange::Link { id, user_id, to: to.unwrap_or((Kind::Lead, 0)) }
    })
}

fn target(members: &mut Members<'_>) -> (Kind, u64) {
    members.ignore(&["metadata"]);
    drafts::entity(members)
}

/// The number of an unsorted lead that nobody has decided about.
fn waiting(tables: &Tables, uid: &str) -> Option<u64> {
    tables.unsorted.by_uid(uid).filter(|row| row.waiting_lead(tables).is_some()).map(|row| row.id)
}

/// Whether the body is empty, or is what PHP writes for an empty object.
fn says_nothing(body: &Bytes) -> bool {
    let is_blank = body.iter().all(u8::is_ascii_whitespace);
    is_blank
        || match serde_json::from_slice(body) {
            Ok(Value::Array(list)) => list.is_empty(),
            Ok(Value::Object(members)) => members.is_empty(),
            Ok(Value::Null) => true,
            _ => false,
        }
}

/// Reads the body, which may be empty, and makes the change.
fn decide(
    world: &World,
    caller: &Caller,
    uid: &str,
    body: &Bytes,
    read: impl Fn(&mut Members<'_>, u64) -> UnsortedChange,
) -> Result<HttpResponse, Refused> {
    let account = world.account(caller.account).or(Err(Refused::NoAccount))?;
    let id = waiting(&account.store.read(), uid).ok_or(Refused::NotFound)?;
    let body = if says_nothing(body) { Bytes::from_static(b"{\"request_id\":\"0\"}") } else { body.clone() };
    let items = Items::of_object(&body, caller.switches.unknown_members, |members| read(members, id))?;
    let changes = items.drafts.into_iter().map(Change::Unsorted).collect();
    write::commit(world, caller, &items.request_ids, changes)?;
    let tables = account.store.read();
    let row = tables.unsorted.get(id).ok_or(Refused::NotFound)?;
    Ok(hal(&view::decided(row, caller)))
}
