//! What `keys rotate` asks of a store: all tokens sealed under the first key, while others serve.

use amo_connect_domain::ports::StoreError;

use super::Store;
use crate::rows::database::Database;
use crate::rows::database::Durability::Erased;
use crate::rows::reseal::{Cursor, Resealed};

#[expect(private_bounds, reason = "databases are ours alone; their stores are everybody's")]
impl<D: Database> Store<D> {
    /// How many rows have sealed tokens.
    pub async fn sealed(&self) -> Result<u64, StoreError> {
        self.database.read(|session| Box::pin(session.sealed())).await
    }

    /// Seals the tokens of up to `limit` rows behind `cursor` anew, under the first key. It can
    /// be stopped after any batch and begun again from the start: what is done is passed over.
    pub async fn reseal(&self, cursor: Cursor, limit: u32) -> Result<Resealed, StoreError> {
        self.database.transact(Erased, move |session| Box::pin(session.reseal(cursor, limit.into()))).await
    }
}
