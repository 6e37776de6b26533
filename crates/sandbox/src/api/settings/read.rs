//! Listing settings and reading one of them.

use actix_web::{Error, HttpRequest, HttpResponse, http::StatusCode, web::Data};
use serde_json::{Value, json};

use super::{Caller, Query, Resource, Shown, With, problem};
use crate::{
    api::list::{self, Named, SelfLink, Whole, hal},
    store::Tables,
    world::World,
};

/// The rows that the caller may know of; `None` if they are not for the caller.
pub(super) fn known<'t, R: Resource>(tables: &'t Tables, place: R::Place, caller: &Caller) -> Option<Vec<&'t R>> {
    let may = R::IS_PUBLIC || tables.permissions(&caller.author).are_full();
    may.then(|| R::table(tables, place).iter().filter(|row| row.is_known_to(&caller.author)).collect())
}

/// All that the caller may know of.
pub(super) async fn list<R: Resource>(
    request: HttpRequest,
    world: Data<World>,
    caller: Caller,
) -> Result<HttpResponse, Error> {
    let Some(place) = R::place(&request) else { return Ok(problem::not_found(request).await) };
    let tables = caller.account(&world)?.store.read();
    let Some(rows) = known::<R>(&tables, place, &caller) else { return Ok(problem::forbidden()) };
    let show = |row, with: &With<'_>| view::<R>(row, &Shown { tables: &tables, caller: &caller, with }, place);
    if R::IS_PAGED {
        let find = |query: &Query| R::select(query, rows);
        return list::page_with_total(&request, &caller, R::NAME, find, show);
    }
    let query = Query::of(&request);
    let found = R::select(&query, rows)?;
    if found.is_empty() {
        return Ok(HttpResponse::NoContent().finish());
    }
    Ok(hal(&Whole {
        _total_items: found.len(),
        _links: SelfLink::new(&caller.host, R::path(place)),
        _embedded: Named(R::NAME, found.into_iter().map(|row| show(row, &query.with())).collect()),
    }))
}

/// One of them, by what requests call it.
pub(super) async fn one<R: Resource>(
    request: HttpRequest,
    world: Data<World>,
    caller: Caller,
) -> Result<HttpResponse, Error> {
    let (Some(place), Some(key)) = (R::place(&request), request.match_info().get("key")) else {
        return Ok(problem::not_found(request.clone()).await);
    };
    let tables = caller.account(&world)?.store.read();
    let Some(rows) = known::<R>(&tables, place, &caller) else { return Ok(problem::forbidden()) };
    let query = Query::of(&request);
    let shown = Shown { tables: &tables, caller: &caller, with: &query.with() };
    let found = rows.into_iter().find(|row| row.key() == key);
    Ok(match found {
        Some(row) => hal(&view(row, &shown, place)),
        None if R::MISSING == StatusCode::NO_CONTENT => HttpResponse::NoContent().finish(),
        None => problem::no_entity(),
    })
}

/// A row as amoCRM writes it.
pub(super) fn view<R: Resource>(row: &R, shown: &Shown<'_>, place: R::Place) -> Value {
    let mut view = row.view(shown, place);
    view["_links"] = json!(SelfLink::new(&shown.caller.host, format_args!("{}/{}", R::path(place), row.key())));
    view
}
