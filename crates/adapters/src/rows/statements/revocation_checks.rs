//! Statements on `looks`.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::Transaction;
use crate::rows::failure::Failure;
use crate::rows::prepared::Prepared;
use crate::rows::revocation_check::{RevocationCheckRow, RevocationCheckRows};
use crate::rows::schema::looks;

#[async_trait]
impl RevocationCheckRows for Transaction<'_> {
    async fn look(&mut self, account_id: i64) -> Result<Option<RevocationCheckRow>, Failure> {
        let found = looks::table.find(account_id).select(RevocationCheckRow::as_select());
        Ok(found.get_result(self.connection).await.optional()?)
    }

    async fn due_looks(&mut self, store_now: i64, limit: i64) -> Result<Vec<i64>, Failure> {
        let due = looks::not_before.le(store_now).and(looks::wanted.or(looks::under_way));
        let found = looks::table.filter(due).order(looks::not_before).limit(limit);
        Ok(found.select(looks::account_id).load(self.connection).await?)
    }

    async fn overlong_looks(&mut self, not_before: i64, limit: i64) -> Result<Vec<RevocationCheckRow>, Failure> {
        let found = looks::table.filter(looks::not_before.gt(not_before)).limit(limit);
        Ok(locked!(found.select(RevocationCheckRow::as_select())).load(self.connection).await?)
    }

    async fn put_look(&mut self, row: &RevocationCheckRow) -> Result<(), Failure> {
        let upsert = diesel::insert_into(looks::table).values(row).on_conflict(looks::account_id).do_update().set(row);
        Prepared(upsert).execute(self.connection).await?;
        Ok(())
    }

    async fn forget_looks(&mut self, store_now: i64, limit: i64) -> Result<usize, Failure> {
        let over = looks::not_before.le(store_now).and(looks::wanted.eq(false)).and(looks::under_way.eq(false));
        let over = looks::table.filter(over).limit(limit);
        let over: Vec<i64> = locked!(over.select(looks::account_id)).load(self.connection).await?;
        let over = looks::table.filter(looks::account_id.eq_any(over));
        Ok(diesel::delete(over).execute(self.connection).await?)
    }
}
