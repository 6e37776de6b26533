//! [`MemoryTokenStore`]: the port in memory, for tests of everything else.

mod harness;
mod rows;
mod store;

pub use harness::MemoryHarness;
pub use store::MemoryTokenStore;
