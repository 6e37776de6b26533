//! The port to the keys of stored tokens: who has which, and which are in use.

use std::fmt::Debug;

use async_trait::async_trait;

use super::StoreError;
use crate::key_ring::{InstanceId, KeyRing, SealedRecords};

/// Keeps which keys the running instances have, and counts stored tokens by their keys.
///
/// What [`TokenStore`](super::TokenStore) says of atomicity and of the store's clock holds here too.
#[async_trait]
pub trait KeyRegistry: Debug + Send + Sync + 'static {
    /// Publishes the keys of `instance`, at the time of the store's clock. MUST replace what it published
    /// before.
    async fn publish_keys(&self, instance: InstanceId, ring: &KeyRing) -> Result<(), StoreError>;

    /// Takes back what `instance` has published. MUST leave what others have published.
    async fn withdraw_keys(&self, instance: InstanceId) -> Result<(), StoreError>;

    /// What instances have published, in the order of their ids. MUST return every ring that
    /// [is current](crate::key_ring::is_current) by the store's clock, and no other.
    async fn published_keys(&self) -> Result<Vec<(InstanceId, KeyRing)>, StoreError>;

    /// How many records have sealed tokens, by their keys and in the order of these. MUST count every
    /// record, whoever sealed it, by what stands in the place of its tokens. MUST say that a key is not
    /// opened which this handle does not have, or has under the name of another key.
    async fn sealed_records(&self) -> Result<Vec<SealedRecords>, StoreError>;
}
