//! The port for the keys of stored tokens.

use amo_connect_domain::key_ring::{InstanceId, KeyRing, SealedRecords};
use amo_connect_domain::ports::{KeyRegistry, StoreError};
use async_trait::async_trait;

use super::Store;
use crate::rows::database::Database;
use crate::rows::database::Durability::Relaxed;

#[async_trait]
impl<D: Database> KeyRegistry for Store<D> {
    async fn publish_keys(&self, instance: InstanceId, ring: &KeyRing) -> Result<(), StoreError> {
        let ring = ring.clone();
        self.database.transact(Relaxed, move |session| Box::pin(session.publish_keys(instance, ring))).await
    }

    async fn withdraw_keys(&self, instance: InstanceId) -> Result<(), StoreError> {
        self.database.transact(Relaxed, move |session| Box::pin(session.withdraw_keys(instance))).await
    }

    async fn published_keys(&self) -> Result<Vec<(InstanceId, KeyRing)>, StoreError> {
        self.database.read(|session| Box::pin(session.published_keys())).await
    }

    async fn sealed_records(&self) -> Result<Vec<SealedRecords>, StoreError> {
        self.database.read(|session| Box::pin(session.sealed_records())).await
    }
}
