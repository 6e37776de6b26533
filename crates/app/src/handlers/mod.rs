//! One handler an endpoint: read the request, run the use case, write the answer.

pub mod activity;
mod activity_view;
mod answer;
pub mod authorize;
pub mod callback;
pub mod connection;
mod counted;
pub mod document;
pub mod exchange_code;
pub mod health;
pub mod hook;
mod lead_parts;
mod lead_query;
mod lead_view;
pub mod leads;
mod page_query;
pub mod people;
pub mod pipelines;
mod query;
mod reading;
pub(crate) mod schemas;
mod task_query;

pub(crate) use query::unknown;
