//! Notes: `/api/v4/{leads|contacts|companies}/notes` and `/api/v4/{…}/{id}/notes`.

mod address;
mod read;
mod view;
mod write;

use actix_web::web::{self, ServiceConfig};

use super::problem::method_not_allowed;
pub(crate) use view::{View, view};

/// Adds the routes of notes.
pub(super) fn routes(config: &mut ServiceConfig) {
    for of in ["/{kind:leads|contacts|companies}/notes", "/{kind:leads|contacts|companies}/{entity:[0-9]+}/notes"] {
        config
            .service(
                web::resource(of)
                    .route(web::get().to(read::list))
                    .route(web::post().to(write::add))
                    .route(web::patch().to(write::edit))
                    .default_service(web::to(method_not_allowed)),
            )
            .service(
                web::resource(format!("{of}/{{note:[0-9]+}}"))
                    .route(web::get().to(read::one))
                    .route(web::patch().to(write::edit_one))
                    .route(web::delete().to(write::delete))
                    .default_service(web::to(method_not_allowed)),
            )
            .service(
                web::resource(format!("{of}/{{note:[0-9]+}}/{{what:pin|unpin}}"))
                    .route(web::post().to(write::pin))
                    .default_service(web::to(method_not_allowed)),
            );
    }
}
