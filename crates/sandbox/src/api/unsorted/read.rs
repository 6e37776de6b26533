//! The list of unsorted leads, and one of them.

use actix_web::{
    Error, HttpRequest, HttpResponse,
    web::{Data, Path},
};

use super::view;
use crate::{
    api::{
        filter::{self, Field, one_of},
        guard::Caller,
        list::{self, hal},
        problem,
        query::Query,
    },
    store::{Action, Tables, Unsorted},
    world::World,
};

const ORDERS: [Field<Unsorted>; 2] =
    [one_of("created_at", |row| Some(row.created_at)), one_of("updated_at", |row| Some(row.updated_at))];

/// Those that wait and that the caller may see.
pub(super) fn seen<'t>(tables: &'t Tables, caller: &Caller) -> impl Iterator<Item = &'t Unsorted> {
    let permissions = tables.permissions(&caller.author);
    tables
        .unsorted
        .iter()
        .filter(move |row| row.waiting_lead(tables).is_some_and(|lead| permissions.may(Action::View, lead)))
}

/// The unsorted leads of the account.
pub(super) async fn list(request: HttpRequest, world: Data<World>, caller: Caller) -> Result<HttpResponse, Error> {
    let tables = caller.account(&world)?.store.read();
    let find = |query: &Query, _| {
        let pipelines = query.numbers("pipeline_id")?;
        let (uids, categories) = (query.values(&["filter", "uid"]), query.values(&["filter", "category"]));
        let is_wanted = |row: &&Unsorted| {
            (uids.is_empty() || uids.contains(&row.uid().as_str()))
                && (categories.is_empty() || categories.contains(&row.category.name()))
                && pipelines.as_ref().is_none_or(|wanted| wanted.matches(Some(row.pipeline_id)))
        };
        let mut rows: Vec<_> = seen(&tables, &caller).filter(is_wanted).collect();
        filter::order(query, &mut rows, &ORDERS, &["created_at", "updated_at"])?;
        Ok(rows)
    };
    list::page(&request, &caller, "unsorted", find, |row, _| view::whole(row, &caller))
}

/// One unsorted lead; 404 if there is none, or nobody need decide about it any longer.
pub(super) async fn one(world: Data<World>, caller: Caller, uid: Path<String>) -> Result<HttpResponse, Error> {
    let tables = caller.account(&world)?.store.read();
    let permissions = tables.permissions(&caller.author);
    let row = tables.unsorted.by_uid(&uid);
    let may = |row: &&Unsorted| row.waiting_lead(&tables).is_some_and(|lead| permissions.may(Action::View, lead));
    Ok(row.filter(may).map_or_else(problem::no_entity, |row| hal(&view::whole(row, &caller))))
}
