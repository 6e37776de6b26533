//! Statements on `imports`.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::Transaction;
use crate::rows::failure::Failure;
use crate::rows::import::{ImportRow, ImportRows};
use crate::rows::schema::imports;

#[async_trait]
impl ImportRows for Transaction<'_> {
    async fn import_record(&mut self, token_hash: &[u8]) -> Result<Option<ImportRow>, Failure> {
        let found = imports::table.find(token_hash).select(ImportRow::as_select());
        Ok(found.get_result(self.connection).await.optional()?)
    }

    async fn insert_import(&mut self, row: &ImportRow) -> Result<(), Failure> {
        diesel::insert_into(imports::table).values(row).execute(self.connection).await?;
        Ok(())
    }
}
