//! Events, what happened: `/api/v4/events`, one of them, and their types.

mod filter;
mod read;
mod types;

use actix_web::web::{self, ServiceConfig};

/// Adds the routes of events.
pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .route("/events", web::get().to(read::list))
        .route("/events/types", web::get().to(types::list))
        .route("/events/{id:[0-9a-z]{26}}", web::get().to(read::one));
}
