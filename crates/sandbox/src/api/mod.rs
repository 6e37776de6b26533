//! API v4 as amoCRM answers it.

mod account;
mod contacts;
mod drafts;
mod events;
mod filter;
mod guard;
mod leads;
mod leads_write;
mod list;
mod members;
mod pipelines;
mod problem;
mod query;
mod users;
mod webhooks;
mod write;

use actix_web::{
    middleware::from_fn,
    web::{self, ServiceConfig},
};

pub(crate) use drafts::{id, lead};
pub(crate) use guard::bearer;
use problem::method_not_allowed;
pub(crate) use problem::{attempt, moved, not_found, problem, problem_of_type, unauthorized};
pub(crate) use webhooks::Subscription;
pub(crate) use write::{Items, Refused, refused};

/// Adds the API.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(
        web::scope("/api/v4")
            .wrap(from_fn(guard::guard))
            .route("/account", web::get().to(account::account))
            .service(
                web::resource("/leads")
                    .route(web::get().to(leads::list))
                    .route(web::post().to(leads_write::add))
                    .route(web::patch().to(leads_write::edit))
                    .default_service(web::to(method_not_allowed)),
            )
            .route("/leads/pipelines", web::get().to(pipelines::list))
            .route("/leads/pipelines/{id:[0-9]+}", web::get().to(pipelines::one))
            .route("/leads/pipelines/{id:[0-9]+}/statuses", web::get().to(pipelines::stages))
            .route("/leads/pipelines/{id:[0-9]+}/statuses/{stage:[0-9]+}", web::get().to(pipelines::one_stage))
            .service(
                web::resource("/leads/{id:[0-9]+}")
                    .route(web::get().to(leads::one))
                    .route(web::patch().to(leads_write::edit_one))
                    .default_service(web::to(method_not_allowed)),
            )
            .route("/contacts", web::get().to(contacts::list))
            .route("/contacts/{id:[0-9]+}", web::get().to(contacts::one))
            .route("/events", web::get().to(events::list))
            .route("/events/{id:[0-9a-z]{26}}", web::get().to(events::one))
            .route("/users", web::get().to(users::list))
            .route("/users/{id:[0-9]+}", web::get().to(users::one))
            .service(
                web::resource("/webhooks")
                    .route(web::get().to(webhooks::list))
                    .route(web::post().to(webhooks::subscribe))
                    .route(web::delete().to(webhooks::unsubscribe))
                    .default_service(web::to(not_found)),
            )
            .default_service(web::to(not_found)),
    );
}

/// The media type of amoCRM's good answers.
const HAL: &str = "application/hal+json";
