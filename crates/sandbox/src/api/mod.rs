//! API v4 as amoCRM answers it.

mod account;
mod cards;
mod complex;
mod drafts;
mod entity_read;
mod entity_write;
mod events;
mod filter;
mod guard;
mod leads;
mod links;
mod links_write;
mod list;
mod members;
mod notes;
mod pipelines;
mod problem;
mod query;
mod settings;
mod tags;
mod tasks;
mod unsorted;
mod unused;
mod webhooks;
mod write;

use actix_web::{
    middleware::from_fn,
    web::{self, ServiceConfig},
};

use crate::store::{CompanyDraft, ContactDraft, Entity as _, LeadDraft};
pub(crate) use drafts::{ReadDraft, entity, id, note, task};
use entity_read::Readable;
pub(crate) use guard::bearer;
use problem::method_not_allowed;
pub(crate) use problem::{attempt, moved, not_found, problem, problem_of_type, unauthorized};
pub(crate) use write::{Items, Refused, refused};

/// Adds the API.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(
        web::scope("/api/v4")
            .wrap(from_fn(guard::guard))
            .route("/account", web::get().to(account::account))
            .configure(entity_routes::<LeadDraft>)
            .configure(entity_routes::<ContactDraft>)
            .configure(entity_routes::<CompanyDraft>)
            .route("/leads/complex", web::post().to(complex::add))
            .route("/leads/pipelines", web::get().to(pipelines::list))
            .route("/leads/pipelines/{id:[0-9]+}", web::get().to(pipelines::one))
            .route("/leads/pipelines/{id:[0-9]+}/statuses", web::get().to(pipelines::stages))
            .route("/leads/pipelines/{id:[0-9]+}/statuses/{stage:[0-9]+}", web::get().to(pipelines::one_stage))
            .configure(notes::routes)
            .configure(tasks::routes)
            .configure(events::routes)
            .configure(unsorted::routes)
            .configure(settings::routes)
            .configure(unused::routes)
            .service(
                web::resource("/webhooks")
                    .route(web::get().to(webhooks::list))
                    .route(web::post().to(webhooks::subscribe))
                    .route(web::delete().to(webhooks::unsubscribe))
                    .default_service(web::to(method_not_allowed)),
            )
            .default_service(web::to(not_found)),
    );
}

/// The routes of one kind of entities.
fn entity_routes<D: ReadDraft>(config: &mut ServiceConfig)
where
    D::Entity: Readable,
{
    let name = D::Entity::KIND.plural();
    config
        .service(
            web::resource(format!("/{name}"))
                .route(web::get().to(entity_read::list::<D::Entity>))
                .route(web::post().to(entity_write::add::<D>))
                .route(web::patch().to(entity_write::edit::<D>))
                .default_service(web::to(method_not_allowed)),
        )
        .service(
            web::resource(format!("/{name}/{{id:[0-9]+}}"))
                .route(web::get().to(entity_read::one::<D::Entity>))
                .route(web::patch().to(entity_write::edit_one::<D>))
                .default_service(web::to(method_not_allowed)),
        )
        .route(&format!("/{name}/{{id:[0-9]+}}/links"), web::get().to(links::of_one::<D::Entity>))
        .route(&format!("/{name}/{{id:[0-9]+}}/link"), web::post().to(links_write::link_one::<D::Entity>))
        .route(&format!("/{name}/{{id:[0-9]+}}/unlink"), web::post().to(links_write::unlink_one::<D::Entity>))
        .route(&format!("/{name}/links"), web::get().to(links::of_several::<D::Entity>))
        .route(&format!("/{name}/link"), web::post().to(links_write::link_several::<D::Entity>))
        .route(&format!("/{name}/unlink"), web::post().to(links_write::unlink_several::<D::Entity>))
        .service(
            web::resource(format!("/{name}/tags"))
                .route(web::get().to(tags::list::<D::Entity>))
                .route(web::post().to(tags::add::<D::Entity>))
                .default_service(web::to(method_not_allowed)),
        );
}

/// The media type of amoCRM's good answers.
const HAL: &str = "application/hal+json";
