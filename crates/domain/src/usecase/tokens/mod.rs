//! Access tokens that can be used, and the refresh that renews them.

pub(super) mod access_token;
pub(super) mod pending_saves;
pub(super) mod refresh_token;
mod save_pair;
pub(super) mod saved_pairs;
