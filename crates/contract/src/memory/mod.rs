//! [`MemoryTokenStore`]: the port in memory, for tests of everything else.

mod harness;
mod rows;
mod store;
mod upkeep;

pub use harness::MemoryHarness;
pub use store::MemoryTokenStore;
