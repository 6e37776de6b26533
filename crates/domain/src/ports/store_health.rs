//! The port to the store's own state: its clock, and whether it works.

use std::fmt::Debug;

use async_trait::async_trait;
use jiff::Timestamp;

use super::StoreError;

/// Whether the store works, and what time it is there.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait StoreHealth: Debug + Send + Sync + 'static {
    /// Whether the store can be read, and its schema is one that this build can serve. MUST write nothing:
    /// a store that cannot be written is ready. Returns the heartbeat, if there was one.
    async fn ready(&self) -> Result<Option<Timestamp>, StoreError>;

    /// Writes the heartbeat, dated by the store's clock, which only a store that can be written does. Every
    /// handle MUST see it from now on; of one that failed, none. A power cut may take it back.
    async fn beat(&self) -> Result<(), StoreError>;

    /// The store's clock, by which leases are judged.
    async fn clock(&self) -> Result<Timestamp, StoreError>;
}
