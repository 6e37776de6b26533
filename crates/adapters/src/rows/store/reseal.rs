//! What `keys rotate` asks of a store: all tokens sealed under the first key, while others serve.

use amo_connect_domain::ports::StoreError;
use async_trait::async_trait;

use super::Store;
use crate::backend::Reseal;
use crate::rows::database::Database;
use crate::rows::database::Durability::Erased;
use crate::rows::reseal::{Cursor, Resealed};

#[async_trait]
impl<D: Database> Reseal for Store<D> {
    async fn sealed(&self) -> Result<u64, StoreError> {
        self.database.read(|session| Box::pin(session.sealed())).await
    }

    async fn reseal(&self, cursor: Cursor, limit: u32) -> Result<Resealed, StoreError> {
        self.database.transact(Erased.bulk(), move |session| Box::pin(session.reseal(cursor, limit.into()))).await
    }
}
