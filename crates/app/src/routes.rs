//! Which address answers what.

use actix_web::error::JsonPayloadError;
use actix_web::web::{self, JsonConfig, ServiceConfig};

use crate::error::ApiError;
use crate::handlers::{authorize, callback, connection, exchange_code, health, hook, leads, pipelines};
use crate::metrics::http::scrape;

/// Where amoCRM's redirect is answered.
pub const CALLBACK: &str = "/api/amo-crm/callback";

/// The largest body that is read.
const LARGEST_BODY: usize = 16 * 1024;

/// Adds every route of the service.
pub fn configure(config: &mut ServiceConfig) {
    config
        .app_data(JsonConfig::default().limit(LARGEST_BODY).error_handler(|error, _| refusal(&error).into()))
        .service(
            web::scope("/api/amo-crm")
                .service(only("/authorize", "POST", web::post().to(authorize::start)))
                .service(only("/authorize/{attempt}", "GET", web::get().to(authorize::progress)))
                .service(
                    only("/callback", "GET, HEAD", web::get().to(callback::receive))
                        .route(web::head().to(callback::receive)),
                )
                .service(only("/exchange-code", "POST", web::post().to(exchange_code::claim)))
                .service(only("/status", "GET", web::get().to(connection::status)))
                .service(only("/disconnect", "POST", web::post().to(connection::disconnect)))
                .service(only("/hooks/disconnected", "GET", web::get().to(hook::disconnected)))
                .service(only("/leads", "GET", web::get().to(leads::list)))
                .service(only("/leads/{amoLeadId}", "GET", web::get().to(leads::one)))
                .service(only("/pipelines", "GET", web::get().to(pipelines::list)))
                .service(only("/pipelines/{id}/stages", "GET", web::get().to(pipelines::stages))),
        )
        .service(only("/healthz", "GET, HEAD", web::get().to(health::alive)).route(web::head().to(health::alive)))
        .service(only("/readyz", "GET, HEAD", web::get().to(health::ready)).route(web::head().to(health::ready)))
        .default_service(web::to(|| async { Err::<(), _>(ApiError::NotFound) }));
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

fn refusal(error: &JsonPayloadError) -> ApiError {
    match error {
        JsonPayloadError::Overflow { .. } | JsonPayloadError::OverflowKnownLength { .. } => ApiError::PayloadTooLarge,
        JsonPayloadError::ContentType => ApiError::UnsupportedMediaType,
        _ => ApiError::InvalidJson,
    }
}
