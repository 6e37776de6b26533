//! Which address answers what.

use actix_cors::Cors;
use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE, ETAG, HeaderName, IF_NONE_MATCH, RETRY_AFTER};
use actix_web::middleware::Condition;
use actix_web::web::{self, ServiceConfig};

use crate::error::ApiError;
use crate::handlers::{authorize, callback, connection, document, exchange_code, health, hook, leads, pipelines};
use crate::json_body;
use crate::metrics::http::scrape;
use crate::request_id;

/// Where amoCRM's redirect is answered.
pub const CALLBACK: &str = "/api/amo-crm/callback";

/// Adds every route of the service. Web pages at `origins` may call what the app calls.
pub fn configure(config: &mut ServiceConfig, origins: &[String]) {
    config
        .app_data(json_body::config())
        // Before the scope, and so without the permission to web pages: amoCRM and its browsers come here.
        .service(only(CALLBACK, "GET, HEAD", web::get().to(callback::receive)).route(web::head().to(callback::receive)))
        .service(only("/api/amo-crm/hooks/disconnected", "GET", web::get().to(hook::disconnected)))
        .service(
            web::scope("/api/amo-crm")
                .wrap(cors(origins))
                .service(only("/authorize", "POST", web::post().to(authorize::start)))
                .service(only("/authorize/{attempt}", "GET", web::get().to(authorize::progress)))
                .service(only("/exchange-code", "POST", web::post().to(exchange_code::claim)))
                .service(only("/status", "GET", web::get().to(connection::status)))
                .service(only("/disconnect", "POST", web::post().to(connection::disconnect)))
                .service(only("/leads", "GET", web::get().to(leads::list)))
                .service(only("/leads/{amoLeadId}", "GET", web::get().to(leads::one)))
                .service(only("/pipelines", "GET", web::get().to(pipelines::list)))
                .service(only("/pipelines/{id}/stages", "GET", web::get().to(pipelines::stages))),
        )
        .service(only("/openapi.json", "GET", web::get().to(document::openapi)))
        .service(only("/docs", "GET", web::get().to(document::page)))
        .service(only("/healthz", "GET, HEAD", web::get().to(health::alive)).route(web::head().to(health::alive)))
        .service(only("/readyz", "GET, HEAD", web::get().to(health::ready)).route(web::head().to(health::ready)))
        .default_service(web::to(|| async { Err::<(), _>(ApiError::NotFound) }));
}

/// The permission of web pages at `origins` to call, and to read what they need of the answer.
fn cors(origins: &[String]) -> Condition<Cors> {
    let cors = origins.iter().fold(Cors::default(), |cors, origin| cors.allowed_origin(origin));
    let cors = cors
        .allowed_methods(["GET", "POST"])
        .allowed_headers([AUTHORIZATION, CONTENT_TYPE, IF_NONE_MATCH, HeaderName::from_static("idempotency-key")])
        .expose_headers([request_id::HEADER, RETRY_AFTER, ETAG])
        .max_age(3600);
    Condition::new(!origins.is_empty(), cors)
}

/// Adds `/metrics`.
pub fn metrics(config: &mut ServiceConfig) {
    config.service(only("/metrics", "GET", web::get().to(scrape)));
}

/// Adds what is answered at an address of its own, for operators.
pub fn admin(config: &mut ServiceConfig) {
    config.configure(metrics).default_service(web::to(|| async { Err::<(), _>(ApiError::NotFound) }));
}

/// A resource that says which methods it has to whoever tries another.
fn only(path: &str, allowed: &'static str, route: actix_web::Route) -> actix_web::Resource {
    web::resource(path)
        .route(route)
        .default_service(web::to(move || async move { Err::<(), _>(ApiError::MethodNotAllowed(allowed)) }))
}
