//! Statements on `host_look_ups`.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::Transaction;
use crate::rows::failure::Failure;
use crate::rows::host_look_up::{HostLookUpRow, HostLookUpRows};
use crate::rows::prepared::Prepared;
use crate::rows::schema::host_look_ups;

#[async_trait]
impl HostLookUpRows for Transaction<'_> {
    async fn host_look_up(&mut self, subject: &str) -> Result<Option<HostLookUpRow>, Failure> {
        let found = host_look_ups::table.find(subject).select(HostLookUpRow::as_select());
        Ok(found.get_result(self.connection).await.optional()?)
    }

    async fn put_host_look_up(&mut self, row: &HostLookUpRow) -> Result<(), Failure> {
        let upsert = diesel::insert_into(host_look_ups::table)
            .values(row)
            .on_conflict(host_look_ups::subject)
            .do_update()
            .set(row);
        Prepared(upsert).execute(self.connection).await?;
        Ok(())
    }

    async fn forget_host_look_ups(&mut self, store_now: i64, moved: i64, limit: i64) -> Result<usize, Failure> {
        let over = host_look_ups::found_host.is_null().or(host_look_ups::not_before.le(moved));
        let over = over.and(host_look_ups::not_before.le(store_now));
        let old = host_look_ups::table.filter(over).limit(limit).select(host_look_ups::subject);
        let old: Vec<String> = locked!(old).load(self.connection).await?;
        let old = host_look_ups::table.filter(host_look_ups::subject.eq_any(old));
        Ok(diesel::delete(old).execute(self.connection).await?)
    }
}
