//! What every SQL store shares: the tables, the rows, and what the port's methods make of them.
//!
//! A database adds how it connects, begins a transaction, locks and tells the time
//! ([`Database`], [`Dialect`]); the rest is here, once. `statements/` is included by each database.

pub(crate) mod attempt;
pub(crate) mod audit;
pub(crate) mod client;
mod columns;
pub(crate) mod connection;
mod database;
pub(crate) mod exchange;
pub(crate) mod failure;
mod grant;
mod grouped;
pub(crate) mod health;
pub(crate) mod host_look_up;
pub(crate) mod import;
pub(crate) mod key_ring;
pub(crate) mod lease;
pub(crate) mod place;
mod pool;
pub(crate) mod prepared;
pub(crate) mod rate_limit;
pub(crate) mod reseal;
pub(crate) mod revocation_check;
pub(crate) mod schema;
mod session;
mod shares;
mod spawn;
pub(crate) mod standing;
mod store;
pub(crate) mod summary;
mod transaction;
pub(crate) mod write;

pub(crate) use database::{Database, Durability, Precedence, Work, Write};
pub use failure::DatabaseError;
pub(crate) use failure::Failure;
pub(crate) use grouped::Found;
pub(crate) use pool::{Pool, checkout, kind, pool};
pub use reseal::{Cursor, Resealed};
pub(crate) use session::Session;
pub(crate) use spawn::{outcome_of, run_on};
pub use store::Store;
pub(crate) use transaction::Dialect;
