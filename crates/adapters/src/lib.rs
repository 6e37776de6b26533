//! The domain's ports on real things: tokens in SQLite, amoCRM over HTTP.

pub mod amo;
pub mod cipher;
pub mod migrate;
mod rows;
pub mod runtime;
pub mod sqlite;

pub use rows::{DatabaseError, Store};
