//! Authorizing: what a user began, and the authorization code that came back.

pub mod attempt;
pub mod budget;
pub mod callback;
pub mod code;
pub mod places;
pub mod progress;
