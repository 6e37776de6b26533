//! OAuth 2 as amoCRM speaks it: authorization pages, token endpoint, look-ups of an account's host.

mod authorize;
mod form;
mod lookup;
mod pages;
mod refusal;
mod token;

use actix_web::{
    HttpResponse,
    web::{self, ServiceConfig},
};

use crate::endpoint::{Endpoint, get, post, resources};

/// The authorization page, the token endpoint and the look-ups.
pub(crate) fn endpoints() -> Vec<Endpoint> {
    vec![
        get("/oauth", authorize::ask),
        post("/oauth", authorize::decide),
        post("/oauth2/access_token", token::access_token),
        get("/oauth2/account/subdomain", lookup::by_access_token),
        get("/oauth2/account/current/subdomain", lookup::by_refresh_token),
        get("/v3/user", lookup::resource_owner),
    ]
}

/// Adds them.
pub(crate) fn routes(config: &mut ServiceConfig) {
    for resource in resources(endpoints(), || web::to(method_not_allowed)) {
        config.service(resource);
    }
}

async fn method_not_allowed() -> HttpResponse {
    HttpResponse::MethodNotAllowed().finish()
}
