//! The domain's ports on real things: tokens in SQLite or PostgreSQL, amoCRM over HTTP.

pub mod amo;
pub mod backend;
pub mod cipher;
pub mod http;
pub mod migrate;
pub mod postgres;
mod rows;
pub mod runtime;
pub mod sqlite;
pub mod transfer;

pub use rows::{Cursor, DatabaseError, Resealed, Store};
