//! Who is calling.

mod caller;
pub mod jwt;

pub use caller::{Caller, RatedCaller};
