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
    store::{Tables, User},
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
    let own = if user.is_admin { "A" } else { "M" };
    let every = json!({"view": own, "edit": own, "add": own, "delete": own, "export": own});
    View {
        id: user.id,
        name: &user.name,
        email: &user.email,
        lang: user.lang,
        rights: json!({
            "leads": every,
            "contacts": every,
            "companies": every,
            "tasks": {"edit": own, "delete": own},
            "mail_access": user.is_admin,
            "catalog_access": user.is_admin,
            "status_rights": [],
            "is_admin": user.is_admin,
            "is_free": false,
            "is_active": user.is_active,
            "group_id": null,
            "role_id": null,
        }),
        _links: SelfLink::new(host, &format!("/api/v4/users/{}", user.id)),
    }
}

fn may_see_users(tables: &Tables, caller: &Caller) -> bool {
    tables.user(caller.author.user).is_some_and(|user| user.is_admin)
}

fn forbidden() -> HttpResponse {
    problem(StatusCode::FORBIDDEN, "Forbidden", "Only administrators see the users")
}

/// The users of the account.
pub(crate) async fn list(request: HttpRequest, world: Data<World>, caller: Caller) -> Result<HttpResponse, Error> {
    let tables = caller.account(&world)?.store.read();
    if !may_see_users(&tables, &caller) {
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
    if !may_see_users(&tables, &caller) {
        return Ok(forbidden());
    }
    Ok(list::one(&request, &id, |id| tables.user(UserId::from(id)), |user, _| view(user, &caller.host)))
}
