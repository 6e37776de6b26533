//! Statements on `writes`.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::Transaction;
use crate::rows::failure::Failure;
use crate::rows::prepared::Prepared;
use crate::rows::schema::writes;
use crate::rows::write::{ClaimRow, UNDERWAY, WriteRow, WriteRows};

#[async_trait]
impl WriteRows for Transaction<'_> {
    async fn write(&mut self, key_hash: &[u8], user_id: &[u8]) -> Result<Option<WriteRow>, Failure> {
        let found = writes::table.find(key_hash).filter(writes::user_id.eq(user_id)).select(WriteRow::as_select());
        Ok(found.get_result(self.connection).await.optional()?)
    }

    async fn nth_newest_write(&mut self, user_id: &[u8], number: i64) -> Result<Option<i64>, Failure> {
        let theirs = writes::table.filter(writes::user_id.eq(user_id)).order(writes::begun_at.desc());
        let found = theirs.offset(number.saturating_sub(1)).limit(1).select(writes::begun_at);
        Ok(found.get_result(self.connection).await.optional()?)
    }

    async fn put_write(&mut self, row: &WriteRow) -> Result<(), Failure> {
        let upsert = diesel::insert_into(writes::table).values(row).on_conflict(writes::key_hash).do_update().set(row);
        Prepared(upsert).execute(self.connection).await?;
        Ok(())
    }

    async fn delete_write(&mut self, key_hash: &[u8]) -> Result<(), Failure> {
        diesel::delete(writes::table.find(key_hash)).execute(self.connection).await?;
        Ok(())
    }

    async fn made_objects(&mut self, account_id: i64, kind: &str, ids: Vec<i64>) -> Result<Vec<ClaimRow>, Failure> {
        let of_kind = writes::account_id.eq(account_id).and(writes::kind.eq(kind));
        // As it stands in the index, so that this finds it.
        let made = writes::table.filter(of_kind).filter(writes::object_is_new);
        let found = made.filter(writes::object_id.eq_any(ids));
        Ok(found.select((writes::object_id.assume_not_null(), writes::key_hash)).load(self.connection).await?)
    }

    async fn comments(&mut self, account_id: i64, ids: Vec<i64>) -> Result<Vec<ClaimRow>, Failure> {
        let found = writes::table.filter(writes::account_id.eq(account_id)).filter(writes::comment_id.eq_any(ids));
        Ok(found.select((writes::comment_id.assume_not_null(), writes::key_hash)).load(self.connection).await?)
    }

    async fn forget_writes(&mut self, before: i64, limit: i64) -> Result<usize, Failure> {
        let never_sent = writes::state.eq(UNDERWAY).and(writes::sent_at.is_null()).and(writes::object_id.is_null());
        let done = writes::table.filter(writes::done_at.lt(before)).limit(limit).select(writes::key_hash);
        let left = writes::table.filter(writes::lease_until.lt(before)).filter(never_sent);
        let left = left.limit(limit).select(writes::key_hash);
        let mut over: Vec<Vec<u8>> = locked!(done).load(self.connection).await?;
        over.extend(locked!(left).load::<Vec<u8>>(self.connection).await?);
        let over = writes::table.filter(writes::key_hash.eq_any(over));
        Ok(diesel::delete(over).execute(self.connection).await?)
    }
}
