//! The port for whether the store works, and for its clock.

use std::sync::Arc;

use amo_connect_domain::ports::{StoreError, StoreHealth};
use async_trait::async_trait;
use jiff::Timestamp;

use super::Store;
use crate::rows::database::Database;
use crate::rows::database::Durability::Relaxed;

#[async_trait]
impl<D: Database> StoreHealth for Store<D> {
    async fn ready(&self) -> Result<Option<Timestamp>, StoreError> {
        let known = Arc::clone(&self.known);
        self.database.read(move |session| Box::pin(async move { session.ready(&known).await })).await
    }

    async fn beat(&self) -> Result<(), StoreError> {
        // One that waits for a synchronous standby may be seen by others and yet fail here.
        self.database.transact(Relaxed, |session| Box::pin(session.beat())).await
    }

    async fn clock(&self) -> Result<Timestamp, StoreError> {
        self.database.read(|session| Box::pin(session.clock())).await
    }
}
