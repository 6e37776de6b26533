//! Who is calling.

mod caller;
mod claims;
pub mod jwks;
pub mod jwt;
pub mod keys;

pub use caller::Caller;
