//! `GET /api/v4/users` and one of them, for administrators alone.

use actix_web::{
    Error, HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Data, Path},
};
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    guard::Caller,
    list::{self, Named, PageLinks, SelfLink, hal},
    problem::problem,
    query::Query,
};
use crate::{
    UserId,
    store::{Letter, Rights, User},
    world::World,
};

#[derive(Serialize)]
struct View<'a> {
    id: UserId,
    name: &'a str,
    email: &'a str,
    lang: &'a str,
    rights: Value,
    _links: SelfLink,
}

#[derive(Serialize)]
struct List<'a> {
    _total_items: usize,
    _page: usize,
    _page_count: usize,
    _links: PageLinks,
    _embedded: Named<View<'a>>,
}

fn view<'a>(user: &'a User, host: &str) -> View<'a> {
    let everything = Rights::all(Letter::A);
    let rights = if user.is_admin { &everything } else { &user.rights };
    View {
        id: user.id,
        name: &user.name,
        email: &user.email,
        lang: user.lang,
        rights: json!({
            "leads": rights.leads,
            "contacts": rights.contacts,
            "companies": rights.companies,
            "tasks": rights.tasks,
            "mail_access": rights.mail_access,
            "catalog_access": rights.catalog_access,
            "status_rights": rights.status_rights,
            "is_admin": user.is_admin,
            "is_free": false,
            "is_active": user.is_active,
            "group_id": (user.group_id != 0).then_some(user.group_id),
            "role_id": null,
        }),
        _links: SelfLink::new(host, &format!("/api/v4/users/{}", user.id)),
    }
}

fn forbidden() -> HttpResponse {
    problem(StatusCode::FORBIDDEN, "Forbidden", "Only administrators see the users")
}

/// The users of the account.
pub(crate) async fn list(request: HttpRequest, world: Data<World>, caller: Caller) -> Result<HttpResponse, Error> {
    let tables = caller.account(&world)?.store.read();
    if !tables.permissions(&caller.author).are_full() {
        return Ok(forbidden());
    }
    let query = Query::of(&request);
    let page = query.page(caller.switches.page_limit)?;
    let Some((here, links)) = list::shown(&request, &caller, &query, page, &tables.users) else {
        return Ok(HttpResponse::NoContent().finish());
    };
    Ok(hal(&List {
        _total_items: tables.users.len(),
        _page: page.number,
        _page_count: tables.users.len().div_ceil(page.limit),
        _links: links,
        _embedded: Named("users", here.iter().map(|user| view(user, &caller.host)).collect()),
    }))
}

/// One user; 204 if there is none of this number.
pub(crate) async fn one(
    request: HttpRequest,
    world: Data<World>,
    caller: Caller,
    id: Path<String>,
) -> Result<HttpResponse, Error> {
    let tables = caller.account(&world)?.store.read();
    if !tables.permissions(&caller.author).are_full() {
        return Ok(forbidden());
    }
    Ok(list::one(&request, &id, |id| tables.user(UserId::from(id)), |user, _| view(user, &caller.host)))
}
