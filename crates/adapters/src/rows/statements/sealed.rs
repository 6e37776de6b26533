//! Statements on sealed tokens, in every table that has some.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::Transaction;
use crate::rows::failure::Failure;
use crate::rows::prepared::Prepared;
use crate::rows::reseal::{SealedRow, SealedRows};
use crate::rows::schema::{connections, exchanges};

#[async_trait]
impl SealedRows for Transaction<'_> {
    async fn count_sealed(&mut self) -> Result<(i64, i64), Failure> {
        let sealed = connections::table.filter(connections::tokens.is_not_null());
        let connections = sealed.count().get_result(self.connection).await?;
        let sealed = exchanges::table.filter(exchanges::tokens.is_not_null());
        Ok((connections, sealed.count().get_result(self.connection).await?))
    }

    async fn sealed_connections(&mut self, after: &[u8], limit: i64) -> Result<Vec<SealedRow>, Failure> {
        let sealed =
            connections::table.filter(connections::tokens.is_not_null()).filter(connections::user_id.gt(after));
        let found = sealed.order(connections::user_id).limit(limit);
        Ok(found.select((connections::user_id, connections::tokens.assume_not_null())).load(self.connection).await?)
    }

    async fn replace_sealed_connection(&mut self, key: &[u8], old: &[u8], new: &[u8]) -> Result<usize, Failure> {
        let unchanged = connections::table.find(key).filter(connections::tokens.eq(old));
        Ok(Prepared(diesel::update(unchanged).set(connections::tokens.eq(new))).execute(self.connection).await?)
    }

    async fn sealed_exchanges(&mut self, after: &[u8], limit: i64) -> Result<Vec<SealedRow>, Failure> {
        let sealed = exchanges::table.filter(exchanges::tokens.is_not_null()).filter(exchanges::code_hash.gt(after));
        let found = sealed.order(exchanges::code_hash).limit(limit);
        Ok(found.select((exchanges::code_hash, exchanges::tokens.assume_not_null())).load(self.connection).await?)
    }

    async fn replace_sealed_exchange(&mut self, key: &[u8], old: &[u8], new: &[u8]) -> Result<usize, Failure> {
        let unchanged = exchanges::table.find(key).filter(exchanges::tokens.eq(old));
        Ok(Prepared(diesel::update(unchanged).set(exchanges::tokens.eq(new))).execute(self.connection).await?)
    }
}
