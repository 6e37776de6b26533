//! Tasks: `/api/v4/tasks` and one of them.

mod read;
mod write;

use actix_web::web::{self, ServiceConfig};

use super::problem::method_not_allowed;

/// Adds the routes of tasks. They cannot be deleted here.
pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .service(
            web::resource("/tasks")
                .route(web::get().to(read::list))
                .route(web::post().to(write::add))
                .route(web::patch().to(write::edit))
                .default_service(web::to(method_not_allowed)),
        )
        .service(
            web::resource("/tasks/{id:[0-9]+}")
                .route(web::get().to(read::one))
                .route(web::patch().to(write::edit_one))
                .default_service(web::to(method_not_allowed)),
        );
}
