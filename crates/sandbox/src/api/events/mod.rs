//! Events, what happened: `/api/v4/events`, one of them, and their types.

mod filter;
mod read;
mod types;

use super::list;
use crate::{
    endpoint::{Endpoint, get},
    store::Event,
};

/// What is answered for events.
pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        get("/events", read::list),
        get("/events/types", types::list),
        get("/events/{id:[0-9a-z]{26}}", list::one::<Event>),
    ]
}
