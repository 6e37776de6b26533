//! The port to the store's own state: its clock, and whether it works.

use std::fmt::Debug;

use async_trait::async_trait;
use jiff::Timestamp;

use super::StoreError;

/// Whether the store works, and what time it is there.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait StoreHealth: Debug + Send + Sync + 'static {
    /// Whether the store can be read and written, and its schema is one that this build can serve.
    async fn ready(&self) -> Result<(), StoreError>;

    /// The store's clock, by which leases are judged.
    async fn clock(&self) -> Result<Timestamp, StoreError>;
}
