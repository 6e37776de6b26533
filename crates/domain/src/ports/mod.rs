//! The conversations with the outside. Each contract is written here, once.

mod amo_client;
mod rate_limit_store;
mod runtime;
mod token_store;

pub use amo_client::{AmoClient, AmoError, Located};
pub use rate_limit_store::RateLimitStore;
pub use runtime::Runtime;
pub use token_store::{Claim, RefreshRequest, Served, StoreError, TokenStore};
#[cfg(feature = "mock")]
pub use {
    amo_client::MockAmoClient, rate_limit_store::MockRateLimitStore, runtime::MockRuntime, token_store::MockTokenStore,
};
