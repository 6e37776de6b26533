//! The authorization page: who are you, do you allow it, and back with a code.

use std::iter;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web::{Bytes, Data},
};
use url::Url;

use super::{form::Form, pages};
use crate::{AccountId, DenyRedirect, Integration, UserId, journal::Seen, world::World};

/// The domain of the accounts of Kommo, which names itself another platform.
const KOMMO: &str = "kommo.com";

/// `GET /oauth`: the login page, or with `user` the consent page.
///
/// Whatever else clients send (`mode`, `response_type`, `redirect_uri`, `scope`…) is tolerated:
/// amoCRM takes what it needs from the integration's settings.
pub(crate) async fn ask(request: HttpRequest, world: Data<World>) -> HttpResponse {
    let form = Form::of_query(&request);
    let Some(integration) = integration(&world, &form) else { return unknown_integration() };
    Seen::of(&request).note(|known| known.client_id = Some(integration.client_id.clone()));
    world.state().stats.pages += 1;
    match form.get("user") {
        None => pages::login(&world.accounts, integration, &form),
        Some(user) => match find_user(&world, user, &request) {
            Some(person) => pages::consent(integration, &form, &person),
            None => unknown_user(),
        },
    }
}

/// `POST /oauth`: `decision=allow` or `deny`, of `user`, and back to the redirect URI.
pub(crate) async fn decide(request: HttpRequest, world: Data<World>, body: Bytes) -> HttpResponse {
    let form = Form::of_body(&request, &body);
    let Some(integration) = integration(&world, &form) else { return unknown_integration() };
    Seen::of(&request).note(|known| known.client_id = Some(integration.client_id.clone()));
    let Some(person) = form.get("user").and_then(|user| find_user(&world, user, &request)) else {
        return unknown_user();
    };
    let (account, user) = (person.account.id, person.user.id);
    match form.get("decision") {
        Some("allow") => allow(&world, integration, &form, account, user),
        Some("deny") => deny(&world, integration, &form, account),
        _ => pages::error(StatusCode::BAD_REQUEST, "decision", "The decision is neither allow nor deny."),
    }
}

fn allow(world: &World, integration: &Integration, form: &Form, account: AccountId, user: UserId) -> HttpResponse {
    let Ok(issued) = world.issue_code(account, Some(user), &integration.client_id) else {
        return unknown_user();
    };
    let extras = {
        let mut state = world.state();
        state.stats.allowed += 1;
        let platform = if state.hosts.base_domain() == KOMMO { "2" } else { "1" };
        state.switches.redirect_extras.then_some([("platform", platform), ("client_id", &*integration.client_id)])
    };
    let state = form.get("state").map(|state| ("state", state));
    let parameters = iter::once(("code", &*issued.code)).chain(state).chain([("referer", &*issued.referer)]);
    back(integration, parameters.chain(extras.into_iter().flatten()))
}

fn deny(world: &World, integration: &Integration, form: &Form, account: AccountId) -> HttpResponse {
    let (how, host) = {
        let mut state = world.state();
        state.stats.denied += 1;
        (state.switches.deny_redirect, state.hosts.of(account))
    };
    let error = iter::once(("error", "access_denied"));
    let state = form.get("state").map(|state| ("state", state));
    match how {
        DenyRedirect::Stay => pages::denied(),
        DenyRedirect::Bare => back(integration, error.chain(state)),
        DenyRedirect::Full => {
            let description = ("error_description", "The user denied the request");
            let rest = [("client_id", integration.client_id.as_str()), ("referer", host.bare())];
            back(integration, error.chain([description]).chain(state).chain(rest))
        }
    }
}

/// Sends the browser to the integration's redirect URI.
fn back<'a>(integration: &Integration, parameters: impl Iterator<Item = (&'a str, &'a str)>) -> HttpResponse {
    let Ok(mut url) = Url::parse(&integration.redirect_uri) else {
        return pages::error(
            StatusCode::INTERNAL_SERVER_ERROR,
            "redirect_uri",
            "The redirect URI of the integration is not a URL.",
        );
    };
    url.query_pairs_mut().extend_pairs(parameters);
    HttpResponse::Found()
        .insert_header((header::LOCATION, url.as_str()))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .finish()
}

fn integration<'w>(world: &'w World, form: &Form) -> Option<&'w Integration> {
    form.get("client_id").and_then(|client_id| world.integration(client_id).ok())
}

/// The person with this number, who is then known to be the user of `request`.
fn find_user<'w>(world: &'w World, user: &str, request: &HttpRequest) -> Option<pages::Person<'w>> {
    let id = UserId::from(user.parse::<u64>().ok()?);
    let person = world.accounts.iter().find_map(|account| {
        let user = account.store.read().user(id).filter(|user| user.is_active).cloned()?;
        Some(pages::Person { account, user })
    })?;
    let (account, user) = (person.account.id, person.user.id);
    Seen::of(request).note(|known| (known.account, known.user) = (Some(account), Some(user)));
    Some(person)
}

fn unknown_integration() -> HttpResponse {
    pages::error(
        StatusCode::BAD_REQUEST,
        "client_id",
        "No integration has this client_id. The sandbox's own is “sandbox”.",
    )
}

fn unknown_user() -> HttpResponse {
    pages::error(StatusCode::BAD_REQUEST, "user", "No account has this user.")
}
