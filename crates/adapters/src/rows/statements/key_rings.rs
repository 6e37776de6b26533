//! Statements on the keys of instances, and on those of sealed tokens.

use async_trait::async_trait;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Binary;
use diesel_async::RunQueryDsl;

use super::{KEY_HEADER, Transaction};
use crate::rows::failure::Failure;
use crate::rows::key_ring::{KeyRingRow, KeyRingRows, KeyUse, SealedTable};
use crate::rows::prepared::Prepared;
use crate::rows::reseal::SealedRow;
use crate::rows::schema::{connections, exchanges, key_rings};

/// Goes from one key to the next by the index, and counts the rows of each by it.
fn keys_in_use(table: &str) -> String {
    let first = |condition: &str| {
        format!("(SELECT {KEY_HEADER} FROM {table} WHERE tokens IS NOT NULL {condition} ORDER BY {KEY_HEADER} LIMIT 1)")
    };
    format!(
        "WITH RECURSIVE used (header) AS (
             SELECT {}
             UNION ALL SELECT {} FROM used WHERE used.header IS NOT NULL
         )
         SELECT header, (SELECT count(*) FROM {table} WHERE tokens IS NOT NULL AND {KEY_HEADER} = used.header) AS records
         FROM used WHERE header IS NOT NULL",
        first(""),
        first(&format!("AND {KEY_HEADER} > used.header")),
    )
}

#[async_trait]
impl KeyRingRows for Transaction<'_> {
    async fn put_key_ring(&mut self, row: &KeyRingRow) -> Result<(), Failure> {
        let insert = diesel::insert_into(key_rings::table).values(row);
        Prepared(insert.on_conflict(key_rings::instance).do_update().set(row)).execute(self.connection).await?;
        Ok(())
    }

    async fn delete_key_ring(&mut self, instance: &[u8]) -> Result<(), Failure> {
        diesel::delete(key_rings::table.find(instance)).execute(self.connection).await?;
        Ok(())
    }

    async fn forget_key_rings(&mut self, micros: i64) -> Result<(), Failure> {
        let old = key_rings::table.filter(key_rings::published_at.lt(micros));
        diesel::delete(old).execute(self.connection).await?;
        Ok(())
    }

    async fn key_rings(&mut self) -> Result<Vec<KeyRingRow>, Failure> {
        let rows = key_rings::table.order(key_rings::instance).select(KeyRingRow::as_select());
        Ok(rows.load(self.connection).await?)
    }

    async fn keys_in_use(&mut self, table: SealedTable) -> Result<Vec<KeyUse>, Failure> {
        let table = match table {
            SealedTable::Connections => "connections",
            SealedTable::Exchanges => "exchanges",
        };
        Ok(diesel::sql_query(keys_in_use(table)).load(self.connection).await?)
    }

    async fn sealed_under(&mut self, table: SealedTable, header: &[u8], limit: i64) -> Result<Vec<SealedRow>, Failure> {
        match table {
            SealedTable::Connections => {
                let found = connections::table.filter(connections::tokens.is_not_null());
                let found = found.filter(sql::<Binary>(KEY_HEADER).eq(header)).limit(limit);
                let row = (connections::user_id, connections::tokens.assume_not_null());
                Ok(found.select(row).load(self.connection).await?)
            }
            SealedTable::Exchanges => {
                let found = exchanges::table.filter(exchanges::tokens.is_not_null());
                let found = found.filter(sql::<Binary>(KEY_HEADER).eq(header)).limit(limit);
                let row = (exchanges::code_hash, exchanges::tokens.assume_not_null());
                Ok(found.select(row).load(self.connection).await?)
            }
        }
    }
}
