//! `GET` of a list of entities and of one: leads, contacts and companies.

use actix_web::{Error, HttpRequest, HttpResponse, web::Data};
use serde::{Serialize, ser::SerializeMap as _, ser::Serializer};

use super::{
    filter::{self, Filtered},
    guard::Caller,
    list::{self, Addressed, SelfLink},
    query::{Query, With},
};
use crate::{
    EmptyCustomFields, Switches,
    hosts::Host,
    store::{Action, Card, Fields, Kind, Permissions, Tables},
    world::World,
};

/// Entities that can be read.
pub(crate) trait Readable: Filtered {
    /// An entity as amoCRM writes it.
    type View<'t>: Serialize;

    /// The members of a deleted one, in groups; most of them are null.
    const DELETED_MEMBERS: &'static [&'static [&'static str]];

    fn view<'t>(&'t self, tables: &'t Tables, caller: &'t Caller, with: &With<'_>) -> Self::View<'t>;

    /// The entity with this id, if it is shown.
    fn find<'t>(tables: &'t Tables, id: u64, _switches: &Switches) -> Option<&'t Self> {
        Self::table(tables).live(id)
    }
}

/// The entities of the account, or those asked for.
pub(crate) async fn list<E: Readable>(
    request: HttpRequest,
    world: Data<World>,
    caller: Caller,
) -> Result<HttpResponse, Error> {
    let now = world.now();
    let tables = caller.account(&world)?.store.read();
    let permissions = tables.permissions(&caller.author);
    let find = |query: &_, most| filter::entities::<E>(query, &tables, &permissions, &caller.switches, now, most);
    let name = E::KIND.plural();
    if Query::of(&request).with().has("only_deleted") {
        return list::page(&request, &caller, name, find, |entity, _| Deleted {
            card: entity.card(),
            kind: E::KIND,
            members: E::DELETED_MEMBERS,
            caller: &caller,
        });
    }
    list::page(&request, &caller, name, find, |entity, with| Readable::view(entity, &tables, &caller, with))
}

impl<E: Readable> Addressed for E {
    fn find<'t>(tables: &'t Tables, key: &str, switches: &Switches) -> Option<&'t Self> {
        <E as Readable>::find(tables, key.parse().ok()?, switches)
    }

    fn is_seen(&self, permissions: &Permissions<'_>) -> bool {
        permissions.may(Action::View, self)
    }

    fn view<'t>(&'t self, tables: &'t Tables, caller: &'t Caller, with: &With<'_>) -> impl Serialize {
        Readable::view(self, tables, caller, with)
    }
}

/// The member `custom_fields_values`.
pub(crate) struct FieldsView<'t>(pub(crate) &'t Fields, pub(crate) EmptyCustomFields);

impl Serialize for FieldsView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match (self.0.json(), self.1) {
            (None, EmptyCustomFields::List) => [(); 0].serialize(serializer),
            (json, _) => json.serialize(serializer),
        }
    }
}

/// An entity that another one is linked with.
#[derive(Serialize)]
pub(crate) struct Linked {
    id: u64,
    _links: SelfLink,
}

/// What `card` is linked with, without what is deleted.
pub(crate) fn linked(card: &Card, kind: Kind, tables: &Tables, host: &Host) -> Vec<Linked> {
    live_links(card, kind, tables).map(|id| Linked { id, _links: SelfLink::of(host, kind, id) }).collect()
}

/// The ids of the entities of `kind` that `card` is linked with and that are not deleted.
pub(crate) fn live_links(card: &Card, kind: Kind, tables: &Tables) -> impl Iterator<Item = u64> {
    let is_live = move |id: &u64| tables.card((kind, *id)).is_some_and(|card| !card.is_deleted);
    card.links.of(kind).iter().copied().filter(is_live)
}

/// An entity in the bin: all members are null except those that say what it is and when it was
/// deleted.
struct Deleted<'a> {
    card: &'a Card,
    kind: Kind,
    members: &'static [&'static [&'static str]],
    caller: &'a Caller,
}

impl Serialize for Deleted<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for &name in self.members.iter().copied().flatten() {
            match name {
                "id" => map.serialize_entry(name, &self.card.id)?,
                "updated_by" => map.serialize_entry(name, &self.card.updated_by)?,
                "updated_at" => map.serialize_entry(name, &self.card.updated_at)?,
                "is_deleted" => map.serialize_entry(name, &true)?,
                "account_id" => map.serialize_entry(name, &self.caller.account)?,
                "_links" => map.serialize_entry(name, &SelfLink::of(&self.caller.host, self.kind, self.card.id))?,
                _ => map.serialize_entry(name, &())?,
            }
        }
        map.end()
    }
}
