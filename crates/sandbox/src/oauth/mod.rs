//! OAuth 2 as amoCRM speaks it: authorization pages, token endpoint, look-ups of an account's host.

mod authorize;
mod form;
mod lookup;
mod pages;
mod refusal;
mod token;

use actix_web::web::{self, ServiceConfig};

/// Adds the authorization page, the token endpoint and the look-ups.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .service(web::resource("/oauth").route(web::get().to(authorize::ask)).route(web::post().to(authorize::decide)))
        .route("/oauth2/access_token", web::post().to(token::access_token))
        .route("/oauth2/account/subdomain", web::get().to(lookup::by_access_token))
        .route("/oauth2/account/current/subdomain", web::get().to(lookup::by_refresh_token))
        .route("/v3/user", web::get().to(lookup::resource_owner));
}
