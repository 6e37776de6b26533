//! amo-connect: connects a mobile app's users to their amoCRM accounts and keeps them connected.
//!
//! This crate is the outside of it: HTTP, pages, commands. What it does is in
//! `amo-connect-domain`, what it does it with in `amo-connect-adapters`.

pub mod auth;
pub mod budgets;
pub mod caller_limits;
pub mod cli;
pub mod client_address;
pub mod concurrency_limit;
pub mod config;
pub mod cors;
pub mod deep_link;
pub mod docs;
pub mod error;
pub mod handlers;
pub mod json_body;
pub mod key_guard;
pub mod long_answers;
pub mod metrics;
pub mod openapi;
pub mod otlp;
pub mod pages;
pub mod phone;
pub mod problem;
pub mod readiness;
pub mod request_id;
pub mod routes;
pub mod server;
pub mod state;
mod stores;
pub mod telemetry;
pub mod wiring;
