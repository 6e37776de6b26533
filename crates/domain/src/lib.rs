//! What a connection to amoCRM is, and the conversations it needs with the outside.
//!
//! Nothing here does I/O or knows a runtime: time, tasks and randomness come through
//! [`ports::Runtime`], rows through [`ports::TokenStore`], reservations of calls through
//! [`ports::RateLimitStore`], amoCRM through [`ports::AmoClient`].
//! Every decision about a row is a pure function of this crate, so that each store only has
//! to load, call it, and write, atomically.

pub mod authorization;
pub mod client;
pub mod clock;
mod codes;
pub mod connection;
pub mod crm;
pub mod host;
pub mod host_look_up;
pub mod idempotency;
pub mod ids;
pub mod key_ring;
pub mod lease;
pub mod ports;
pub mod rate_limit;
pub mod refresh;
pub mod token;
pub mod usecase;
