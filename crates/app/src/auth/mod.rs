//! Who is calling.

mod caller;
mod claims;
pub mod jwt;
pub mod key_set;
pub mod keys;

pub use caller::Caller;
