//! Statements on `attempts`.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::Transaction;
use crate::rows::attempt::{AttemptRow, AttemptRows, OPEN};
use crate::rows::failure::Failure;
use crate::rows::prepared::Prepared;
use crate::rows::schema::attempts;

#[async_trait]
impl AttemptRows for Transaction<'_> {
    async fn attempt(&mut self, id: &[u8]) -> Result<Option<AttemptRow>, Failure> {
        let found = attempts::table.find(id).select(AttemptRow::as_select());
        Ok(found.get_result(self.connection).await.optional()?)
    }

    async fn attempt_by_state(&mut self, state_hash: &[u8]) -> Result<Option<AttemptRow>, Failure> {
        let found = attempts::table.filter(attempts::state_hash.eq(state_hash)).select(AttemptRow::as_select());
        Ok(found.get_result(self.connection).await.optional()?)
    }

    async fn open_attempts(&mut self, user_id: &[u8]) -> Result<Vec<AttemptRow>, Failure> {
        let open = attempts::user_id.eq(user_id).and(attempts::state.eq(OPEN));
        let found = attempts::table.filter(open).order((attempts::opened_at.desc(), attempts::id));
        Ok(found.select(AttemptRow::as_select()).load(self.connection).await?)
    }

    async fn attempts_of(&mut self, user_id: &[u8], limit: i64) -> Result<Vec<AttemptRow>, Failure> {
        let found = attempts::table.filter(attempts::user_id.eq(user_id));
        let found = found.order((attempts::opened_at.desc(), attempts::id)).limit(limit);
        Ok(found.select(AttemptRow::as_select()).load(self.connection).await?)
    }

    async fn insert_attempt(&mut self, row: &AttemptRow) -> Result<(), Failure> {
        diesel::insert_into(attempts::table).values(row).execute(self.connection).await?;
        Ok(())
    }

    async fn update_attempt(&mut self, row: &AttemptRow) -> Result<(), Failure> {
        Prepared(diesel::update(row).set(row)).execute(self.connection).await?;
        Ok(())
    }

    async fn forget_attempts(&mut self, micros: i64, limit: i64) -> Result<usize, Failure> {
        let old = attempts::table.filter(attempts::opened_at.lt(micros)).limit(limit);
        let old: Vec<Vec<u8>> = locked!(old.select(attempts::id)).load(self.connection).await?;
        let old = attempts::table.filter(attempts::id.eq_any(old));
        Ok(diesel::delete(old).execute(self.connection).await?)
    }

    async fn forget_attempts_of(&mut self, user_id: &[u8], kept: usize, limit: i64) -> Result<(), Failure> {
        let kept = i64::try_from(kept).unwrap_or(i64::MAX);
        let over = attempts::table.filter(attempts::user_id.eq(user_id)).filter(attempts::state.ne(OPEN));
        let over = over.order((attempts::opened_at.desc(), attempts::id)).offset(kept).limit(limit);
        let over: Vec<Vec<u8>> = over.select(attempts::id).load(self.connection).await?;
        if !over.is_empty() {
            diesel::delete(attempts::table.filter(attempts::id.eq_any(over))).execute(self.connection).await?;
        }
        Ok(())
    }
}
