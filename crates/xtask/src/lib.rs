//! What `cargo xtask` shares with tests that need a server of their own.

pub mod benchmarks;
pub mod browsers;
pub mod clients;
mod debian;
pub mod mutants;
mod packages;
pub mod postgres;
pub mod prometheus;
pub mod snippets;
pub mod soak;
pub mod third_party;
pub mod valgrind;
