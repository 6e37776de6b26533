//! One handler an endpoint: read the request, run the use case, write the answer.

pub mod activity;
mod activity_view;
mod answer;
pub mod authorize;
mod body_fields;
pub mod callback;
pub mod connection;
mod counted;
pub mod document;
pub mod exchange_code;
pub mod health;
pub mod hook;
mod idempotency_key;
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
mod write_body;
pub mod writes;

pub(crate) use query::unknown;
