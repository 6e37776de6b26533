//! `GET /api/v4/users` and one of them, for administrators alone.

use actix_web::{
    Error, HttpResponse,
    http::StatusCode,
    web::{Data, Path},
};
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    guard::Caller,
    list::{Named, SelfLink, hal},
    problem::problem,
};
use crate::{
    UserId,
    data::{Account, User},
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
    _links: SelfLink,
    _embedded: Named<View<'a>>,
}

fn view<'a>(user: &'a User, host: &str) -> View<'a> {
    let own = if user.is_admin { "A" } else { "M" };
    let every = json!({"view": own, "edit": own, "add": own, "delete": own, "export": own});
    View {
        id: user.id,
        name: user.name,
        email: user.email,
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
            "is_active": true,
            "group_id": null,
            "role_id": null,
        }),
        _links: SelfLink::new(host, &format!("/api/v4/users/{}", user.id)),
    }
}

fn may_see_users(account: &Account, caller: &Caller) -> bool {
    account.user(caller.user).is_some_and(|user| user.is_admin)
}

fn forbidden() -> HttpResponse {
    problem(StatusCode::FORBIDDEN, "Forbidden", "Only administrators see the users")
}

/// All users of the account.
pub(crate) async fn list(world: Data<World>, caller: Caller) -> Result<HttpResponse, Error> {
    let account = caller.account(&world)?;
    if !may_see_users(account, &caller) {
        return Ok(forbidden());
    }
    let users: Vec<_> = account.users.iter().map(|user| view(user, &caller.host)).collect();
    Ok(hal(&List {
        _total_items: users.len(),
        _page: 1,
        _page_count: 1,
        _links: SelfLink::new(&caller.host, "/api/v4/users"),
        _embedded: Named("users", users),
    }))
}

/// One user; 204 if there is none of this number.
pub(crate) async fn one(world: Data<World>, caller: Caller, id: Path<String>) -> Result<HttpResponse, Error> {
    let account = caller.account(&world)?;
    if !may_see_users(account, &caller) {
        return Ok(forbidden());
    }
    let user = id.parse::<u64>().ok().and_then(|id| account.user(UserId::from(id)));
    Ok(user.map_or_else(|| HttpResponse::NoContent().finish(), |user| hal(&view(user, &caller.host))))
}
