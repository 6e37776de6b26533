//! What is PostgreSQL's alone; how the port behaves is for the contract suite.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so loudly")]

mod audit;
mod authentication;
mod locks;
mod outages;
mod pooler;
mod prepared;
mod reseal;
mod schema;
mod service;
mod standby;
mod steps;
mod sweeps;
mod tls;
