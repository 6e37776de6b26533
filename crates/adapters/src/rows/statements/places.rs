//! Statements on `code_places`.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::Transaction;
use crate::rows::failure::Failure;
use crate::rows::place::{LeasedPlace, PlaceRow, PlaceRows};
use crate::rows::prepared::Prepared;
use crate::rows::schema::{code_places, connections, exchanges};

#[async_trait]
impl PlaceRows for Transaction<'_> {
    async fn places(&mut self) -> Result<Vec<LeasedPlace>, Failure> {
        let leased = code_places::table.left_join(exchanges::table.on(exchanges::code_hash.eq(code_places::code_hash)));
        // Of a code that is not in flight the lease is NULL.
        let columns = (PlaceRow::as_select(), exchanges::lease_owner.nullable(), exchanges::lease_until.nullable());
        Ok(leased.select(columns).load(self.connection).await?)
    }

    async fn put_place(&mut self, row: &PlaceRow) -> Result<(), Failure> {
        let upsert = diesel::insert_into(code_places::table)
            .values(row)
            .on_conflict(code_places::code_hash)
            .do_update()
            .set(row);
        Prepared(upsert).execute(self.connection).await?;
        Ok(())
    }

    async fn forget_places(&mut self, given_by: i64, given_after: i64, limit: i64) -> Result<usize, Failure> {
        let over = code_places::given_at.le(given_by).or(code_places::given_at.gt(given_after));
        let old = code_places::table.filter(over).limit(limit).select(code_places::code_hash);
        let old: Vec<Vec<u8>> = locked!(old).load(self.connection).await?;
        let old = code_places::table.filter(code_places::code_hash.eq_any(old));
        Ok(diesel::delete(old).execute(self.connection).await?)
    }

    async fn has_connection_at(&mut self, host: &str) -> Result<bool, Failure> {
        let living = connections::table.filter(connections::host.eq(host)).filter(connections::tokens.is_not_null());
        Ok(diesel::select(diesel::dsl::exists(living)).get_result(self.connection).await?)
    }
}
