//! API v4 as amoCRM answers it to who only reads.

mod account;
mod contacts;
mod filter;
mod guard;
mod leads;
mod list;
mod pipelines;
mod problem;
mod query;
mod users;
mod webhooks;

use actix_web::{
    middleware::from_fn,
    web::{self, ServiceConfig},
};

pub(crate) use guard::bearer;
pub(crate) use problem::{attempt, moved, not_found, problem, problem_of_type, unauthorized};
pub(crate) use webhooks::Subscription;

/// Adds the API.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(
        web::scope("/api/v4")
            .wrap(from_fn(guard::guard))
            .route("/account", web::get().to(account::account))
            .route("/leads", web::get().to(leads::list))
            .route("/leads/pipelines", web::get().to(pipelines::list))
            .route("/leads/pipelines/{id:[0-9]+}", web::get().to(pipelines::one))
            .route("/leads/pipelines/{id:[0-9]+}/statuses", web::get().to(pipelines::stages))
            .route("/leads/pipelines/{id:[0-9]+}/statuses/{stage:[0-9]+}", web::get().to(pipelines::one_stage))
            .route("/leads/{id:[0-9]+}", web::get().to(leads::one))
            .route("/contacts", web::get().to(contacts::list))
            .route("/contacts/{id:[0-9]+}", web::get().to(contacts::one))
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
