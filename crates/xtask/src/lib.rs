//! What `cargo xtask` shares with tests that need a server of their own.

pub mod browsers;
pub mod clients;
mod packages;
pub mod postgres;
pub mod prometheus;
