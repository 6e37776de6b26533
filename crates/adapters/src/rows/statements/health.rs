//! Statements on what tells whether the database works: its migrations, and a row that is written.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::Transaction;
use crate::rows::failure::Failure;
use crate::rows::health::HealthRows;
use crate::rows::prepared::Prepared;
use crate::rows::schema::{heartbeat, schema_compatibility, schema_migrations};

#[async_trait]
impl HealthRows for Transaction<'_> {
    async fn migrations(&mut self) -> Result<Vec<String>, Failure> {
        Ok(schema_migrations::table.select(schema_migrations::version).load(self.connection).await?)
    }

    async fn oldest_migration(&mut self) -> Result<Option<String>, Failure> {
        let oldest = schema_compatibility::table.find(1).select(schema_compatibility::oldest_migration);
        Ok(oldest.get_result(self.connection).await.optional()?)
    }

    async fn heartbeat(&mut self) -> Result<Option<i64>, Failure> {
        Ok(heartbeat::table.select(heartbeat::beat_at).get_result(self.connection).await.optional()?)
    }

    async fn beat(&mut self, micros: i64) -> Result<(), Failure> {
        let upsert = diesel::insert_into(heartbeat::table)
            .values((heartbeat::id.eq(1), heartbeat::beat_at.eq(micros)))
            .on_conflict(heartbeat::id)
            .do_update()
            .set(heartbeat::beat_at.eq(micros));
        Prepared(upsert).execute(self.connection).await?;
        Ok(())
    }
}
