//! `/api/v4/leads/unsorted`: leads that nobody has accepted yet.

mod decide;
pub(super) mod metadata;
mod read;
mod summary;
mod view;
mod write;

use crate::endpoint::{Endpoint, delete, get, post};

/// What is answered for unsorted leads.
pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        get("/leads/unsorted", read::list),
        get("/leads/unsorted/summary", summary::summary),
        post("/leads/unsorted/forms", write::forms),
        post("/leads/unsorted/sip", write::sip),
        get("/leads/unsorted/{uid:[0-9a-zA-Z_-]+}", read::one),
        post("/leads/unsorted/{uid:[0-9a-zA-Z_-]+}/accept", decide::accept),
        delete("/leads/unsorted/{uid:[0-9a-zA-Z_-]+}/decline", decide::decline),
        post("/leads/unsorted/{uid:[0-9a-zA-Z_-]+}/link", decide::link),
    ]
}
