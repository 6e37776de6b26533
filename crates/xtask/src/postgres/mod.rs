//! A throw-away PostgreSQL from the machine's own binaries.

mod account;
mod binaries;
mod cluster;

pub use cluster::{Cluster, Options};
