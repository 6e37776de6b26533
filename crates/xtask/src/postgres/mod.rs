//! A throw-away PostgreSQL from the machine's own binaries.

mod account;
mod binaries;
mod cluster;
mod standby;

pub use binaries::program;
pub use cluster::{Cluster, Options};
pub use standby::Standby;
