//! What is SQLite's own; how the port behaves is for the contract suite.

mod damage;
mod files;
pub(super) mod fixtures;
mod handles;
mod reseal;
mod round_trip;
mod schema;
mod secrets;
