//! What entities are linked with: `GET /api/v4/{entity}/{id}/links` and `GET /api/v4/{entity}/links`.

use actix_web::{
    Error, HttpRequest, HttpResponse,
    web::{Data, Path},
};
use serde::Serialize;

use super::{
    entity_read::live_links,
    guard::Caller,
    list::{Named, SelfLink, Whole, hal},
    problem::{self, BadParameter},
    query::{Numbers, Query},
};
use crate::{
    store::{Action, Entity, Kind, Tables},
    world::World,
};

/// A link as amoCRM writes it.
#[derive(Serialize)]
pub(crate) struct View {
    /// Whose link it is, where the address does not say so.
    #[serde(skip_serializing_if = "Option::is_none")]
    entity_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entity_type: Option<&'static str>,
    to_entity_id: u64,
    to_entity_type: &'static str,
    metadata: Option<Metadata>,
}

#[derive(Serialize)]
struct Metadata {
    main_contact: bool,
}

impl View {
    /// The link `from` an entity `to` another one. That of a lead to a contact says which is the
    /// main one.
    pub(crate) fn new(from: (Kind, u64), to: (Kind, u64), names_both: bool, tables: &Tables) -> Self {
        let is_main = || {
            let card = tables.card(from)?;
            Some(live_links(card, Kind::Contact, tables).next() == Some(to.1))
        };
        let metadata = if (from.0, to.0) == (Kind::Lead, Kind::Contact) { is_main() } else { None };
        Self {
            entity_id: names_both.then_some(from.1),
            entity_type: names_both.then_some(from.0.plural()),
            to_entity_id: to.1,
            to_entity_type: to.0.plural(),
            metadata: metadata.map(|main_contact| Metadata { main_contact }),
        }
    }
}

/// Which links a request asks for.
struct Wanted<'q> {
    ids: Option<Numbers>,
    kinds: Vec<&'q str>,
    /// There are no catalogs, so nothing is linked with what is in one.
    is_of_catalog: bool,
}

impl<'q> Wanted<'q> {
    fn of(query: &'q Query) -> Result<Self, BadParameter> {
        Ok(Self {
            ids: query.numbers("to_entity_id")?,
            kinds: query.values(&["filter", "to_entity_type"]),
            is_of_catalog: query.numbers("to_catalog_id")?.is_some(),
        })
    }

    fn has(&self, (kind, id): (Kind, u64)) -> bool {
        !self.is_of_catalog
            && (self.kinds.is_empty() || self.kinds.contains(&kind.plural()))
            && self.ids.as_ref().is_none_or(|ids| ids.matches(Some(id)))
    }

    /// The links of an entity.
    fn links(&self, from: (Kind, u64), names_both: bool, tables: &Tables) -> Vec<View> {
        let Some(card) = tables.card(from) else { return Vec::new() };
        let all = Kind::ALL.into_iter().flat_map(|kind| live_links(card, kind, tables).map(move |id| (kind, id)));
        all.filter(|&to| self.has(to)).map(|to| View::new(from, to, names_both, tables)).collect()
    }
}

/// The links of one entity; 204 if it has none, or is not there.
pub(crate) async fn of_one<E: Entity>(
    request: HttpRequest,
    world: Data<World>,
    caller: Caller,
    id: Path<u64>,
) -> Result<HttpResponse, Error> {
    let query = Query::of(&request);
    let wanted = Wanted::of(&query)?;
    let tables = caller.account(&world)?.store.read();
    let entity = (E::KIND, *id);
    let links = match tables.permissions(&caller.author).may_with(Action::View, entity) {
        Some(false) if caller.switches.read_outside_rights == 403 => return Ok(problem::forbidden()),
        Some(true) => wanted.links(entity, false, &tables),
        _ => Vec::new(),
    };
    Ok(whole(&request, &caller, links))
}

/// The links of several entities, which `filter[entity_id]` must name.
pub(crate) async fn of_several<E: Entity>(
    request: HttpRequest,
    world: Data<World>,
    caller: Caller,
) -> Result<HttpResponse, Error> {
    let query = Query::of(&request);
    let wanted = Wanted::of(&query)?;
    let Some(Numbers::OneOf(ids)) = query.numbers("entity_id")? else {
        return Err(BadParameter::missing("filter.entity_id").into());
    };
    let tables = caller.account(&world)?.store.read();
    let permissions = tables.permissions(&caller.author);
    let seen = ids.into_iter().filter(|&id| permissions.may_see(E::KIND, id));
    let links = seen.flat_map(|id| wanted.links((E::KIND, id), true, &tables)).collect();
    Ok(whole(&request, &caller, links))
}

fn whole(request: &HttpRequest, caller: &Caller, links: Vec<View>) -> HttpResponse {
    if links.is_empty() {
        return HttpResponse::NoContent().finish();
    }
    hal(&Whole {
        _total_items: links.len(),
        _links: SelfLink::new(&caller.host, request.uri()),
        _embedded: Named("links", links),
    })
}
