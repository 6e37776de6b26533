//! [`MemoryTokenStore`] and [`MemoryRateLimitStore`]: the ports in memory, for tests of everything else.

mod harness;
mod idempotency_store;
mod key_registry;
mod maintenance;
mod rate_limits;
mod rows;
mod store;
mod token_store;

pub use harness::MemoryHarness;
pub use key_registry::MemoryKeyRegistry;
pub use rate_limits::{MemoryRateLimitStore, MemoryRateLimitStoreHarness};
pub use store::MemoryTokenStore;
