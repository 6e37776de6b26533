//! The conversations with the outside. Each contract is written here, once.

mod amo_client;
mod runtime;
mod token_store;
mod turns;

pub use amo_client::{AmoClient, AmoError, Located};
pub use runtime::Runtime;
pub use token_store::{Claim, RefreshRequest, Served, StoreError, TokenStore};
pub use turns::TurnBook;
#[cfg(feature = "mock")]
pub use {amo_client::MockAmoClient, runtime::MockRuntime, token_store::MockTokenStore, turns::MockTurnBook};
