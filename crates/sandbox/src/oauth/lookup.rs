//! Looking up where an account lives, by a token: on every host, for every account.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use serde::Serialize;
use serde_json::json;

use crate::{
    AccountId, Failure, api, cut,
    faults::Part,
    grants::{Holder, digest},
    journal::Seen,
    world::World,
};

#[derive(Serialize)]
struct Place<'a> {
    id: AccountId,
    subdomain: &'a str,
    domain: &'a str,
    top_level_domain: &'a str,
}

/// `GET /oauth2/account/subdomain` with an access token.
pub(crate) async fn by_access_token(request: HttpRequest, world: Data<World>) -> HttpResponse {
    let token = api::bearer(&request).map_or(Token::Missing, |token| {
        let state = world.state();
        state.book.holder_of_access(token, state.now()).cloned().into()
    });
    look_up(&request, &world, token).await
}

/// `GET /oauth2/account/current/subdomain` with `X-Refresh-Token`, which is not spent.
pub(crate) async fn by_refresh_token(request: HttpRequest, world: Data<World>) -> HttpResponse {
    let token = request.headers().get("x-refresh-token").and_then(|token| token.to_str().ok());
    let token = token.map_or(Token::Missing, |token| {
        let state = world.state();
        state.book.holder_of_refresh(&digest(token), state.now()).cloned().into()
    });
    look_up(&request, &world, token).await
}

/// What a request for a look-up brought.
enum Token {
    Missing,
    Bad,
    Of(Holder),
}

impl From<Option<Holder>> for Token {
    fn from(holder: Option<Holder>) -> Self {
        holder.map_or(Self::Bad, Self::Of)
    }
}

async fn look_up(request: &HttpRequest, world: &World, token: Token) -> HttpResponse {
    let account = match &token {
        Token::Of(holder) => Some(holder.account),
        Token::Missing | Token::Bad => None,
    };
    let (failure, wait, switches) = {
        let mut state = world.state();
        state.stats.lookups += 1;
        let failure = state.next_failure(account, Part::Lookup);
        let seen = Seen::of(request);
        seen.note(|known| known.fault = failure);
        if let Token::Of(holder) = &token {
            seen.note(|known| known.let_in(holder));
        }
        (failure, state.latency(account, Part::Lookup), state.switches.clone())
    };
    if !wait.is_zero() {
        tokio::time::sleep(wait).await;
    }
    if let Some(failure) = failure.filter(|failure: &Failure| failure.comes_first()) {
        return cut::instead(failure, request.path(), switches.too_many);
    }
    let response = match token {
        Token::Missing => denied(),
        Token::Bad => api::unauthorized(switches.unauthorized),
        Token::Of(holder) => place(world, &holder),
    };
    match failure {
        Some(failure) => cut::spoilt(failure, response),
        None => response,
    }
}

fn place(world: &World, holder: &Holder) -> HttpResponse {
    let Ok(account) = world.account(holder.account) else {
        return api::unauthorized(crate::Unauthorized::Problem);
    };
    let host = world.state().hosts.of(account.id);
    HttpResponse::Ok().json(Place {
        id: account.id,
        subdomain: host.subdomain().unwrap_or(&account.subdomain),
        domain: host.bare(),
        top_level_domain: host.top_level_domain().unwrap_or("ru"),
    })
}

fn denied() -> HttpResponse {
    api::problem_of_type(
        StatusCode::FORBIDDEN,
        "https://developers.amocrm.ru/v3/errors/AccessDenied",
        "Access denied",
        "You need an authorization header",
    )
}

/// `GET /v3/user`: the official PHP client's question who the owner of the token is.
pub(crate) async fn resource_owner(request: HttpRequest, world: Data<World>) -> HttpResponse {
    let holder = api::bearer(&request).and_then(|token| {
        let state = world.state();
        state.book.holder_of_access(token, state.now()).cloned()
    });
    let user = holder.and_then(|holder| {
        Seen::of(&request).note(|known| known.let_in(&holder));
        let account = world.account(holder.account).ok()?;
        account.store.read().user(holder.user).cloned()
    });
    match user {
        Some(user) => HttpResponse::Ok().json(json!({"id": user.id, "name": user.name, "email": user.email})),
        None => api::unauthorized(world.state().switches.unauthorized),
    }
}
