//! Which address answers what.

use std::future::{Ready, ready};

use actix_web::HttpRequest;
use actix_web::middleware::{Condition, from_fn};
use actix_web::web::{self, Data, ServiceConfig};

use crate::cors;
use crate::error::ApiError;
use crate::handlers::{
    activity, authorize, callback, connection, document, exchange_code, health, hook, leads, people, pipelines, writes,
};
use crate::json_body;
use crate::metrics::http::scrape;
use crate::state::AppState;

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
                .wrap(Condition::new(!origins.is_empty(), cors::permission(origins)))
                .wrap(Condition::new(!origins.is_empty(), from_fn(cors::count_preflight)))
                .service(only("/authorize", "POST", web::post().to(authorize::start)))
                .service(only("/authorize/{attempt}", "GET", web::get().to(authorize::progress)))
                .service(only("/exchange-code", "POST", web::post().to(exchange_code::claim)))
                .service(only("/status", "GET", web::get().to(connection::status)))
                .service(only("/disconnect", "POST", web::post().to(connection::disconnect)))
                .service(
                    only("/leads", "GET, POST", web::get().to(leads::list)).route(web::post().to(writes::create_lead)),
                )
                .service(
                    only("/leads/{amoLeadId}", "GET, PATCH", web::get().to(leads::one))
                        .route(web::patch().to(writes::change_lead)),
                )
                .service(
                    only("/leads/{id}/notes", "GET, POST", web::get().to(activity::notes))
                        .route(web::post().to(writes::create_note)),
                )
                .service(
                    only("/leads/{id}/tasks", "GET, POST", web::get().to(activity::tasks_of_lead))
                        .route(web::post().to(writes::create_task)),
                )
                .service(only("/leads/{id}/events", "GET", web::get().to(activity::events)))
                .service(only("/tasks", "GET", web::get().to(activity::tasks)))
                .service(only("/tasks/{id}", "PATCH", web::patch().to(writes::change_task)))
                .service(only("/me", "GET", web::get().to(people::me)))
                .service(only("/users", "GET", web::get().to(people::users)))
                .service(only("/pipelines", "GET", web::get().to(pipelines::list)))
                .service(only("/pipelines/{id}/stages", "GET", web::get().to(pipelines::stages))),
        )
        .service(only("/openapi.json", "GET", web::get().to(document::openapi)))
        .service(only("/docs", "GET", web::get().to(document::page)))
        .service(only("/healthz", "GET, HEAD", web::get().to(health::alive)).route(web::head().to(health::alive)))
        .service(only("/readyz", "GET, HEAD", web::get().to(health::ready)).route(web::head().to(health::ready)))
        .default_service(web::to(|request: HttpRequest| refuse(&request, ApiError::NotFound)));
}

/// Adds `/metrics`.
pub fn metrics(config: &mut ServiceConfig) {
    config.service(only("/metrics", "GET", web::get().to(scrape)));
}

/// Adds what is answered at an address of its own, for operators.
pub fn admin(config: &mut ServiceConfig) {
    config.configure(metrics).default_service(web::to(|request: HttpRequest| refuse(&request, ApiError::NotFound)));
}

/// A resource that says which methods it has to whoever tries another.
fn only(path: &str, allowed: &'static str, route: actix_web::Route) -> actix_web::Resource {
    web::resource(path)
        .route(route)
        .default_service(web::to(move |request: HttpRequest| refuse(&request, ApiError::MethodNotAllowed(allowed))))
}

/// A request that nothing serves. It counts against the rate of its address, as every other does.
fn refuse(request: &HttpRequest, refusal: ApiError) -> Ready<Result<(), ApiError>> {
    let limited = request.app_data::<Data<AppState>>().and_then(|state| state.limits.check_address(request).err());
    ready(Err(limited.unwrap_or(refusal)))
}
