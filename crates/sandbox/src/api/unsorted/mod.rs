//! `/api/v4/leads/unsorted`: leads that nobody has accepted yet.

mod decide;
mod read;
mod summary;
mod view;
mod write;

use actix_web::web::{self, ServiceConfig};

/// Adds the addresses.
pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .route("/leads/unsorted", web::get().to(read::list))
        .route("/leads/unsorted/summary", web::get().to(summary::summary))
        .route("/leads/unsorted/forms", web::post().to(write::forms))
        .route("/leads/unsorted/sip", web::post().to(write::sip))
        .route("/leads/unsorted/{uid:[0-9a-zA-Z_-]+}", web::get().to(read::one))
        .route("/leads/unsorted/{uid:[0-9a-zA-Z_-]+}/accept", web::post().to(decide::accept))
        .route("/leads/unsorted/{uid:[0-9a-zA-Z_-]+}/decline", web::delete().to(decide::decline))
        .route("/leads/unsorted/{uid:[0-9a-zA-Z_-]+}/link", web::post().to(decide::link));
}
