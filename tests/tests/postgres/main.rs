//! What is PostgreSQL's alone; how the port behaves is for the contract suite.

mod doors;
mod locks;
mod outages;
mod schema;
mod service;
mod steps;
mod tls;
