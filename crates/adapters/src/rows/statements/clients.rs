//! Statements on `clients`.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::Transaction;
use crate::rows::client::{ClientRow, ClientRows};
use crate::rows::failure::Failure;
use crate::rows::prepared::Prepared;
use crate::rows::schema::clients;

#[async_trait]
impl ClientRows for Transaction<'_> {
    async fn client(&mut self, client: &[u8]) -> Result<Option<ClientRow>, Failure> {
        let found = clients::table.find(client).select(ClientRow::as_select());
        Ok(found.get_result(self.connection).await.optional()?)
    }

    async fn put_client(&mut self, row: &ClientRow) -> Result<(), Failure> {
        let upsert = diesel::insert_into(clients::table).values(row).on_conflict(clients::client).do_update().set(row);
        Prepared(upsert).execute(self.connection).await?;
        Ok(())
    }
}
