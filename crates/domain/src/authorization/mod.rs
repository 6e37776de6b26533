//! Authorizing: what a user began, and the authorization code that came back.

pub mod attempt;
pub mod callback;
pub mod code;
pub mod progress;
