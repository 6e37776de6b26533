//! Access tokens that can be used, and the refresh that renews them.

pub(super) mod access_token;
mod refresh_refusal;
pub(super) mod refresh_token;
mod save_pair;
pub(super) mod saved_pairs;
pub(super) mod tokens_in_flight;
