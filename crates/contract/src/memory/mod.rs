//! [`MemoryTokenStore`] and [`MemoryTurnBook`]: the ports in memory, for tests of everything else.

mod harness;
mod rows;
mod store;
mod turns;
mod upkeep;

pub use harness::MemoryHarness;
pub use store::MemoryTokenStore;
pub use turns::{MemoryTurnBook, MemoryTurnBookHarness};
