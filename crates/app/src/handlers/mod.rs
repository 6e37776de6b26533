//! One handler an endpoint: read the request, run the use case, write the answer.

mod answer;
pub mod authorize;
pub mod callback;
pub mod connection;
pub mod document;
pub mod exchange_code;
pub mod health;
pub mod hook;
mod lead_query;
mod lead_view;
pub mod leads;
pub mod pipelines;
mod query;
mod reading;
pub(crate) mod schemas;

pub(crate) use query::unknown;
